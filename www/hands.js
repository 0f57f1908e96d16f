// Who multiplies for the worker that trains: a small module on the memory of the large one, and where the page is isolated
// from others, more of the kind in workers of their own. A task is split into shares that write where no other does, and
// everybody does one. What does not come in time, the first does as well: the others may have no core to run on.
import { BUSY, DATA, FAILED, SLOT, WORDS, idle, lengths, relocated } from "./hand_tasks.js";
import { address } from "./place.js";

/** More do not help: the memory is one. */
const MOST = 8;
/** Of shared memory: larger products are computed alone. */
const MOST_BYTES = 1 << 30;
/** How long workers may take to start, and to do a share, in milliseconds. */
const PATIENCE = 5000;
/** A module with an instruction of relaxed SIMD, which multiplies and adds at once. */
const MADD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0,
  10, 13, 1, 11, 0, 32, 0, 32, 1, 32, 2, 253, 133, 2, 11,
];

/** Workers that are ready; those that do not start in time are left out. */
async function workers(module, shared) {
  const all = Array.from({ length: Math.min(navigator.hardwareConcurrency, MOST) - 1 }, (_, at) => {
    const worker = new Worker(new URL("hand_worker.js", import.meta.url), { type: "module" });
    return new Promise((resolve) => {
      worker.onmessage = () => resolve({ worker, slot: at * SLOT });
      worker.onerror = () => resolve(undefined);
      setTimeout(() => { resolve(undefined); }, PATIENCE);
      worker.postMessage({ module, shared, slot: at * SLOT });
    });
  });
  return (await Promise.all(all)).filter((one) => one);
}

async function start() {
  const relaxed = WebAssembly.validate(new Uint8Array(MADD));
  const code = fetch(address(relaxed ? "retort-hand-relaxed.wasm" : "retort-hand.wasm"));
  const module = await WebAssembly.compileStreaming(code);
  // Grows as tasks need it.
  const shared = self.crossOriginIsolated ? new SharedArrayBuffer(DATA, { maxByteLength: MOST_BYTES }) : undefined;
  return { relaxed, module, shared, others: shared?.growable ? await workers(module, shared) : [] };
}

class Hands {
  constructor({ relaxed, module, shared, others }, memory, from, to) {
    this.own = new WebAssembly.Instance(module, { env: { memory } }).exports;
    this.own.__stack_pointer.value = to;
    Object.assign(this, { relaxed, shared, others, memory, from, control: shared && new Int32Array(shared) });
  }

  get count() {
    return 1 + this.others.length;
  }

  /** Does tasks that lie in a row, at most as many as there are hands. */
  work(tasks, count) {
    const given = count > 1 && this.free() ? this.give(tasks, count) : undefined;
    const begun = performance.now();
    this.own.work(tasks, this.from);
    const took = performance.now() - begun;
    for (let at = 1; at < count; at += 1) {
      if (!given || !this.take(given[at - 1], this.others[at - 1], took)) this.own.work(tasks + at * 4 * WORDS, this.from);
    }
  }

  /** Whether all others are done with what they were given. One that failed or does not answer is the end of them all. */
  free() {
    const doing = this.others.map(({ slot }) => Atomics.load(this.control, slot));
    if (doing.includes(FAILED) || (doing.includes(BUSY) && performance.now() - this.given > PATIENCE)) {
      for (const { worker } of this.others) worker.terminate();
      this.others = [];
      return false;
    }
    return !doing.includes(BUSY);
  }

  /** Puts all tasks but the first into shared memory, where the others see them; nothing where there is no room. */
  give(tasks, count) {
    this.given = performance.now();
    const own = new Uint32Array(this.memory.buffer, tasks, count * WORDS);
    const given = [];
    let end = DATA;
    for (let at = 1; at < count; at += 1) {
      const task = own.subarray(at * WORDS, (at + 1) * WORDS);
      // What two have in common, such as B where rows are shared out, lies there once.
      const known = given.find(({ task: other }) => other[1] === task[1] && other[4] === task[4]);
      const { places, end: next } = relocated(task, end + 4 * WORDS, known?.places[1]);
      given.push({ task, start: end, places, known });
      end = next;
    }
    if (end > this.shared.byteLength) {
      try {
        this.shared.grow(end);
      } catch {
        return undefined;
      }
    }
    const from = new Float32Array(this.memory.buffer);
    const to = new Float32Array(this.shared);
    const words = new Uint32Array(this.shared);
    given.forEach(({ task, start, places, known }, at) => {
      const { slot } = this.others[at];
      lengths(task).forEach((length, which) => {
        if (length && !(which === 1 && known)) to.set(from.subarray(task[which] / 4, task[which] / 4 + length), places[which] / 4);
      });
      words.set(task, start / 4);
      words.set(places, start / 4);
      this.control[slot + 1] = start;
      Atomics.store(this.control, slot, BUSY);
      Atomics.notify(this.control, slot);
    });
    return given;
  }

  /** Waits for another's share, as long again as the own one took, and takes it; false where it did not come. */
  take({ task, places }, { slot }, took) {
    if (idle(this.control, slot, BUSY, took + 1) || Atomics.load(this.control, slot) === FAILED) return false;
    const result = new Float32Array(this.shared, places[2], task[5]);
    new Float32Array(this.memory.buffer, task[2], task[5]).set(result);
    return true;
  }
}

const starting = start();
// It is heard of by whoever asks for the hands.
starting.catch(() => {});
globalThis.retort.hands = async (memory, from, to) => new Hands(await starting, memory, from, to);
