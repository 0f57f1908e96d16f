// One peer in a tab: `?peer=jax|tfjs&device=webgpu|wasm&size=small`.

import { load } from "./lesson.mjs";

const gpu = { dispatches: 0, submits: 0, pipelines: 0 };

/** Counts the calls of a method from here on. */
function count(prototype, method, key) {
  const original = prototype[method];
  prototype[method] = function (...args) {
    gpu[key] += 1;
    return original.apply(this, args);
  };
}

if (globalThis.GPUDevice) {
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches");
  count(GPUComputePassEncoder.prototype, "dispatchWorkgroupsIndirect", "dispatches");
  count(GPUQueue.prototype, "submit", "submits");
  count(GPUDevice.prototype, "createComputePipeline", "pipelines");
  count(GPUDevice.prototype, "createComputePipelineAsync", "pipelines");
}

const query = new URLSearchParams(location.search);
const [peer, device, size] = ["peer", "device", "size"].map((key) => query.get(key));

async function prepared() {
  const [lesson, { prepare }] = await Promise.all([
    load(new URL(`fixtures/${size}`, location.href).href),
    import(`./${peer}.mjs`),
  ]);
  return prepare(device, lesson);
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
  gpu: () => ({ ...gpu }),
};
