// What the worker that trains and the hands beside it agree on: how tasks lie in memory, and how one waits for the other.
// In shared memory every hand has a slot: what it is doing, and where its task is.

/** Words of a task: first the addresses of A, B and C, how many numbers there are of each, and whether C is added to. */
export const WORDS = 24;
/** Words of a slot. */
export const SLOT = 16;
/** Where tasks begin, behind the slots. */
export const DATA = 4096;
/** What a hand is doing. */
export const READY = 0;
export const BUSY = 1;
export const FAILED = 2;

/** How often to look before one falls asleep: waking takes longer than what happens between two products. */
const LOOKS = 2000;

/** How many numbers of A, B and C a task takes: of C none where it is only written. */
export const lengths = (task) => [task[3], task[4], task[6] ? task[5] : 0];

/** Where A, B and C lie if they lie one after the other from an address on, B perhaps elsewhere, and where that ends. */
export function relocated(task, from, b) {
  const places = [];
  let end = from;
  for (let which = 0; which < 3; which += 1) {
    if (which === 1 && b !== undefined) {
      places.push(b);
    } else {
      places.push(end);
      // Vectors at whole addresses are faster.
      end += Math.ceil(task[3 + which] / 4) * 16;
    }
  }
  return { places, end };
}

/** Waits while a word is so; true where it still is after so many milliseconds. */
export function idle(control, at, value, patience = Infinity) {
  for (let look = 0; look < LOOKS; look += 1) {
    if (Atomics.load(control, at) !== value) return false;
  }
  return Atomics.wait(control, at, value, patience) === "timed-out";
}
