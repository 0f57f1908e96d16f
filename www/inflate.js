// Unpacks gzip where the browser does not (RFC 1951 and 1952).

/** A code as counts of each length and symbols in order, from the symbols' lengths. */
function code(lengths) {
  const counts = new Uint16Array(16);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const starts = new Uint16Array(16);
  for (let length = 1; length < 15; length += 1) starts[length + 1] = starts[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => { if (length) symbols[starts[length]++] = symbol; });
  return { counts, symbols };
}

/** Smallest value and bits behind it, of codes for lengths and distances. */
function ladder(first, groups, each) {
  const base = [];
  const bits = [];
  let value = first;
  for (let place = 0; base.length < groups; place += 1) {
    const extra = Math.max(0, Math.floor(place / each) - 1);
    base.push(value);
    bits.push(extra);
    value += 1 << extra;
  }
  return { base, bits };
}

const LENGTHS = ladder(3, 28, 4);
LENGTHS.base.push(258);
LENGTHS.bits.push(0);
const DISTANCES = ladder(1, 30, 2);
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FIXED = {
  literals: code(Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8))),
  distances: code(new Array(30).fill(5)),
};

/** The unpacked bytes of one gzip file. */
export function gunzip(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8) throw new Error("wanted a gzip file");
  const flags = bytes[3];
  let at = 10;
  if (flags & 4) at += 2 + bytes[at] + 256 * bytes[at + 1];
  for (const flag of [8, 16]) if (flags & flag) at = bytes.indexOf(0, at) + 1;
  if (flags & 2) at += 2;
  // Its last four bytes are the length.
  const out = new Uint8Array(new DataView(buffer).getUint32(bytes.length - 4, true));
  let held = 0;
  let holds = 0;
  let end = 0;

  const take = (count) => {
    while (holds < count) {
      held |= bytes[at++] << holds;
      holds += 8;
    }
    const value = held & ((1 << count) - 1);
    held >>>= count;
    holds -= count;
    return value;
  };
  const decode = ({ counts, symbols }) => {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length < 16; length += 1) {
      value |= take(1);
      const count = counts[length];
      if (value - count < first) return symbols[index + value - first];
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    throw new Error("wanted a gzip file, found another code");
  };
  const codes = () => {
    const [literals, distances, lengths] = [take(5) + 257, take(5) + 1, take(4) + 4];
    const first = new Uint8Array(19);
    for (let place = 0; place < lengths; place += 1) first[ORDER[place]] = take(3);
    const short = code(first);
    const all = new Uint8Array(literals + distances);
    for (let place = 0; place < all.length;) {
      const symbol = decode(short);
      if (symbol < 16) {
        all[place++] = symbol;
        continue;
      }
      const [length, many] = symbol === 16 ? [all[place - 1], 3 + take(2)] : [0, symbol === 17 ? 3 + take(3) : 11 + take(7)];
      all.fill(length, place, place + many);
      place += many;
    }
    return { literals: code(all.subarray(0, literals)), distances: code(all.subarray(literals)) };
  };
  const stored = () => {
    held = 0;
    holds = 0;
    const length = bytes[at] + 256 * bytes[at + 1];
    out.set(bytes.subarray(at + 4, at + 4 + length), end);
    at += 4 + length;
    end += length;
  };

  for (let last = 0; !last;) {
    last = take(1);
    const kind = take(2);
    if (kind === 0) {
      stored();
      continue;
    }
    if (kind === 3) throw new Error("wanted a gzip file, found a block of no kind");
    const { literals, distances } = kind === 1 ? FIXED : codes();
    for (let symbol = decode(literals); symbol !== 256; symbol = decode(literals)) {
      if (symbol < 256) {
        out[end++] = symbol;
        continue;
      }
      const length = LENGTHS.base[symbol - 257] + take(LENGTHS.bits[symbol - 257]);
      const far = decode(distances);
      const back = DISTANCES.base[far] + take(DISTANCES.bits[far]);
      for (let place = 0; place < length; place += 1, end += 1) out[end] = out[end - back];
    }
  }
  return out;
}
