// One contender in a tab: `?peer=jax|tfjs|retort&device=webgpu|wasm&size=small`.

import { gpu } from "./counting.mjs";
import { load } from "./lesson.mjs";

const query = new URLSearchParams(location.search);
const [peer, device, size] = ["peer", "device", "size"].map((key) => query.get(key));

async function prepared() {
  const [lesson, { prepare }] = await Promise.all([
    load(new URL(`fixtures/${size}`, location.href).href),
    import(`./${peer}.mjs`),
  ]);
  return prepare(device, lesson, size);
}

async function timed(contender) {
  const start = performance.now();
  const loss = await contender.step();
  return { ms: performance.now() - start, loss };
}

/** Steps of a contender that holds its own watch, or by the page's. */
async function taken(contender, steps) {
  if (contender.run) return contender.run(steps);
  const all = [];
  for (let step = 0; step < steps; step++) all.push(await timed(contender));
  return { ms: all.map(({ ms }) => ms), losses: all.map(({ loss }) => loss) };
}

/** From when the contender is prepared, whatever it still has to do then. */
async function begun(contender) {
  const start = performance.now();
  const { losses } = await taken(contender, 1);
  return { firstMs: performance.now() - start, firstLoss: losses[0] };
}

const contender = prepared();
const first = contender.then(begun);

window.contender = {
  ready: first,
  async run(steps) {
    await first;
    return taken(await contender, steps);
  },
  gpu: async () => (await contender).gpu?.() ?? { ...gpu },
};
