//! Numbers as ggml writes them: plain, or in blocks of small integers with a scale, and back to 32 bits.
//!
//! ```text
//! Q4_0, Q5_0, Q8_0    x = d q                 d of each block, q around zero
//! Q4_1, Q5_1          x = d q + m             d and m of each block
//! Q4_K, Q5_K          x = d s q − m t         eight parts of a block with s and t of 6 bits each
//! Q6_K                x = d s q               sixteen parts with s of 8 bits
//! ```

use half::{bf16, f16};

/// A way to write numbers.
#[derive(Debug)]
pub struct Kind {
    id: u32,
    /// As ggml calls it.
    pub name: &'static str,
    /// Numbers in a block.
    pub length: usize,
    /// Bytes of a block.
    size: usize,
    read: fn(&[u8], &mut Vec<f32>),
}

/// Those that are read.
const KINDS: [Kind; 11] = [
    Kind { id: 0, name: "F32", length: 1, size: 4, read: f32_ },
    Kind { id: 1, name: "F16", length: 1, size: 2, read: |block, out| out.push(float(block)) },
    Kind { id: 30, name: "BF16", length: 1, size: 2, read: bf16_ },
    Kind { id: 2, name: "Q4_0", length: 32, size: 18, read: q4_0 },
    Kind { id: 3, name: "Q4_1", length: 32, size: 20, read: q4_1 },
    Kind { id: 6, name: "Q5_0", length: 32, size: 22, read: q5_0 },
    Kind { id: 7, name: "Q5_1", length: 32, size: 24, read: q5_1 },
    Kind { id: 8, name: "Q8_0", length: 32, size: 34, read: q8_0 },
    Kind { id: 12, name: "Q4_K", length: 256, size: 144, read: q4_k },
    Kind { id: 13, name: "Q5_K", length: 256, size: 176, read: q5_k },
    Kind { id: 14, name: "Q6_K", length: 256, size: 210, read: q6_k },
];

/// The names of those that are not.
const OTHERS: [(u32, &str); 14] = [
    (9, "Q8_1"),
    (10, "Q2_K"),
    (11, "Q3_K"),
    (15, "Q8_K"),
    (16, "IQ2_XXS"),
    (17, "IQ2_XS"),
    (18, "IQ3_XXS"),
    (19, "IQ1_S"),
    (20, "IQ4_NL"),
    (21, "IQ3_S"),
    (22, "IQ2_S"),
    (23, "IQ4_XS"),
    (28, "F64"),
    (39, "MXFP4"),
];

impl Kind {
    /// The kind of this number, if it is read.
    pub fn of(id: u32) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.id == id)
    }

    /// What a kind is called, read or not.
    pub fn name(id: u32) -> String {
        let other = OTHERS.iter().find(|(other, _)| *other == id).map(|(_, name)| *name);
        Self::of(id).map(|kind| kind.name).or(other).map_or_else(|| format!("kind {id}"), str::to_owned)
    }

    /// All that are read, in a sentence.
    pub fn names() -> String {
        KINDS.map(|kind| kind.name).join(", ")
    }

    /// Bytes of so many numbers, a multiple of the block's; `None` when they cannot be counted.
    pub fn bytes(&self, values: usize) -> Option<usize> {
        (values / self.length).checked_mul(self.size)
    }

    /// The numbers of whole blocks.
    pub fn read(&self, bytes: &[u8]) -> Vec<f32> {
        let mut values = Vec::with_capacity(bytes.len() / self.size * self.length);
        for block in bytes.chunks_exact(self.size) {
            (self.read)(block, &mut values);
        }
        values
    }
}

/// The 16-bit number at the front.
fn float(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

fn f32_(block: &[u8], out: &mut Vec<f32>) {
    out.push(f32::from_le_bytes([block[0], block[1], block[2], block[3]]));
}

fn bf16_(block: &[u8], out: &mut Vec<f32>) {
    out.push(bf16::from_le_bytes([block[0], block[1]]).to_f32());
}

/// Two numbers of 4 bits in a byte: the lower halves are the first numbers of a block.
fn halves(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte & 15).chain(bytes.iter().map(|byte| byte >> 4))
}

/// Numbers of 5 bits: halves, and their highest bits in order.
fn fifths(highest: &[u8], bytes: &[u8]) -> impl Iterator<Item = u8> {
    let highest = u32::from_le_bytes([highest[0], highest[1], highest[2], highest[3]]);
    halves(bytes).enumerate().map(move |(place, half)| half | ((highest >> place & 1) << 4) as u8)
}

fn q4_0(block: &[u8], out: &mut Vec<f32>) {
    let d = float(block);
    out.extend(halves(&block[2..]).map(|q| d * (f32::from(q) - 8.0)));
}

fn q4_1(block: &[u8], out: &mut Vec<f32>) {
    let (d, m) = (float(block), float(&block[2..]));
    out.extend(halves(&block[4..]).map(|q| d * f32::from(q) + m));
}

fn q5_0(block: &[u8], out: &mut Vec<f32>) {
    let d = float(block);
    out.extend(fifths(&block[2..], &block[6..]).map(|q| d * (f32::from(q) - 16.0)));
}

fn q5_1(block: &[u8], out: &mut Vec<f32>) {
    let (d, m) = (float(block), float(&block[2..]));
    out.extend(fifths(&block[4..], &block[8..]).map(|q| d * f32::from(q) + m));
}

fn q8_0(block: &[u8], out: &mut Vec<f32>) {
    let d = float(block);
    out.extend(block[2..].iter().map(|&q| d * f32::from(q as i8)));
}

/// Scale and minimum of the eight parts of a block, 6 bits each in 12 bytes: of the first four parts as
/// they are, and of the last four the lower bits together and the upper ones on top of the first.
fn parts(bytes: &[u8], part: usize) -> (f32, f32) {
    let (scale, least) = match part {
        0..4 => (bytes[part] & 63, bytes[part + 4] & 63),
        _ => (bytes[part + 4] & 15 | bytes[part - 4] >> 6 << 4, bytes[part + 4] >> 4 | bytes[part] >> 6 << 4),
    };
    (f32::from(scale), f32::from(least))
}

fn q4_k(block: &[u8], out: &mut Vec<f32>) {
    let (scales, lower) = block[4..].split_at(12);
    eighths(block, scales, lower, |_, _| 0, out);
}

fn q5_k(block: &[u8], out: &mut Vec<f32>) {
    let (scales, rest) = block[4..].split_at(12);
    let (highest, lower) = rest.split_at(32);
    eighths(block, scales, lower, |part, place| (highest[place] >> part & 1) << 4, out);
}

/// Eight parts of 32 numbers: 4 bits of each, and what `above` has above them.
fn eighths(block: &[u8], scales: &[u8], lower: &[u8], above: impl Fn(usize, usize) -> u8, out: &mut Vec<f32>) {
    let (d, m) = (float(block), float(&block[2..]));
    for part in 0..8 {
        let (scale, least) = parts(scales, part);
        let (scale, least) = (d * scale, m * least);
        // Two parts share 32 bytes.
        let bytes = &lower[part / 2 * 32..][..32];
        let shift = part % 2 * 4;
        out.extend(
            bytes
                .iter()
                .enumerate()
                .map(|(place, byte)| scale * f32::from(byte >> shift & 15 | above(part, place)) - least),
        );
    }
}

fn q6_k(block: &[u8], out: &mut Vec<f32>) {
    let (lower, rest) = block.split_at(128);
    let (upper, rest) = rest.split_at(64);
    let (scales, d) = rest.split_at(16);
    let d = float(d);
    // Two halves of 128 numbers, each in four parts of 32: the lower 4 bits of the first and third part
    // share 32 bytes, as do those of the second and fourth; the upper 2 bits of all four share 32 bytes.
    for (half, part) in (0..8).map(|part| (part / 4, part % 4)) {
        let lower = &lower[64 * half + 32 * (part % 2)..][..32];
        let upper = &upper[32 * half..][..32];
        out.extend((0..32).map(|place| {
            let low = lower[place] >> (part / 2 * 4) & 15;
            let high = upper[place] >> (2 * part) & 3;
            let scale = scales[8 * half + 2 * part + place / 16] as i8;
            d * f32::from(scale) * (f32::from(low | high << 4) - 32.0)
        }));
    }
}
