// A hand beside the worker that trains: it waits for a task in shared memory, does it in a memory of its own, and puts the
// result where the task lay.
import { BUSY, FAILED, READY, WORDS, idle, lengths, relocated } from "./hand_tasks.js";

/** Bytes of the module's stack, of which it needs few. */
const STACK = 1 << 14;
/** Bytes by which a memory is counted. */
const PAGE = 1 << 16;
/** Pages that the memory has at first and grows by; none is taken before it is used. */
const PAGES = 1024;

self.onmessage = async ({ data: { module, shared, slot } }) => {
  const memory = new WebAssembly.Memory({ initial: PAGES });
  const own = (await WebAssembly.instantiate(module, { env: { memory } })).exports;
  own.__stack_pointer.value = STACK;
  const at = STACK + own.scratch();
  const control = new Int32Array(shared);
  const work = () => {
    const start = Atomics.load(control, slot + 1);
    const task = new Uint32Array(shared, start, WORDS);
    const theirs = new Float32Array(shared);
    const { places, end } = relocated(task, at + 4 * WORDS);
    const lacking = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (lacking > 0) memory.grow(Math.max(lacking, PAGES));
    const ours = new Float32Array(memory.buffer);
    lengths(task).forEach((length, which) => {
      ours.set(theirs.subarray(task[which] / 4, task[which] / 4 + length), places[which] / 4);
    });
    const words = new Uint32Array(memory.buffer, at, WORDS);
    words.set(task);
    words.set(places);
    own.work(at, STACK);
    theirs.set(ours.subarray(places[2] / 4, places[2] / 4 + task[5]), task[2] / 4);
  };
  postMessage("ready");
  // The message leaves before this worker stops to listen.
  setTimeout(() => {
    for (;;) {
      idle(control, slot, READY);
      try {
        work();
        Atomics.store(control, slot, READY);
      } catch {
        Atomics.store(control, slot, FAILED);
      }
      Atomics.notify(control, slot);
    }
  });
};
