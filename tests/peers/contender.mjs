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

const contender = prepared();
const first = contender.then(timed);

window.contender = {
  ready: first.then(({ ms, loss }) => ({ firstMs: ms, firstLoss: loss })),
  async run(steps) {
    await first;
    const taken = [];
    for (let step = 0; step < steps; step++) taken.push(await timed(await contender));
    return { ms: taken.map(({ ms }) => ms), losses: taken.map(({ loss }) => loss) };
  },
  gpu: async () => (await contender).gpu?.() ?? { ...gpu },
};
