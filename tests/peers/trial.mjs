// One step of distillation, measured side by side:
//
//   node trial.mjs FIXTURES [--sizes tiny,small] [--contenders jax-wasm,torch-2] [--rounds 5]
//                  [--steps 3] [--isolated]
//
// FIXTURES holds a folder per size. All contenders of a size are open at once and take turns, one
// at a time, so that what else the machine does meets them alike. RETORT_PYTHON is the python with
// torch, RETORT_CHROMIUM the browser. `--isolated` gives the pages threads.

import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { open } from "../browser/harness.mjs";
import { peers, retort, torch } from "./contenders.mjs";
import { serve } from "./server.mjs";

const farthest = 1e-3;

const { values, positionals: [fixtures] } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "tiny,small,base" },
    contenders: { type: "string", default: "jax-webgpu,jax-wasm,tfjs-webgpu,tfjs-wasm,torch-2,torch-1" },
    rounds: { type: "string", default: "5" },
    steps: { type: "string", default: "3" },
    isolated: { type: "boolean", default: false },
  },
});
const [rounds, steps] = [Number(values.rounds), Number(values.steps)];

const print = (line) => console.log(JSON.stringify(line));

function median(list) {
  const sorted = list.toSorted((one, other) => one - other);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The worst relative difference of the first losses from the fixture's; throws above `farthest`. */
function worst(name, losses, wanted) {
  const differences = wanted.map((loss, at) => Math.abs(losses[at] - loss) / Math.abs(loss));
  const difference = Math.max(0, ...differences);
  if (!(difference <= farthest)) throw new Error(`${name} takes another step: losses ${losses}, wanted ${wanted}`);
  return difference;
}

/** Opens a contender and compares its first losses. What cannot take part is told and left out. */
async function opened(contender, size, wanted) {
  try {
    const running = await contender.open(size);
    const later = await running.run(Math.max(0, wanted.length - 1));
    const difference = worst(contender.name, [running.first.firstLoss, ...later.losses], wanted);
    print({ size, contender: contender.name, firstMs: running.first.firstMs, worst: difference });
    return { name: contender.name, running, ms: [], spent: {} };
  } catch (error) {
    print({ size, contender: contender.name, error: error.message });
    process.exitCode = 1;
    return null;
  }
}

/** One turn: `steps` steps, and what they asked of the GPU. */
async function turn(one) {
  const before = await one.running.gpu?.();
  one.ms.push(...(await one.running.run(steps)).ms);
  const after = await one.running.gpu?.();
  for (const key in after) one.spent[key] = (one.spent[key] ?? 0) + after[key] - before[key];
}

async function measured(contenders, size) {
  const { losses = [] } = JSON.parse(fs.readFileSync(path.join(fixtures, size, "lesson.json")));
  const open = [];
  for (const contender of contenders) open.push(await opened(contender, size, losses));
  const running = open.filter((one) => one);
  for (let round = 0; round < rounds; round++) for (const one of running) await turn(one);
  for (const { name, running: { first, close }, ms, spent } of running) {
    const each = Object.entries(spent).map(([key, sum]) => [key, sum / ms.length]);
    print({
      size, contender: name, steps: ms.length, median: median(ms), min: Math.min(...ms), max: Math.max(...ms),
      firstMs: first.firstMs, ...Object.fromEntries(each),
    });
    await close();
  }
}

const server = await serve(fixtures, { isolated: values.isolated });
const browser = await open();
browser.tab.setDefaultTimeout(0);
browser.context.setDefaultTimeout(0);
try {
  const all = [
    ...peers(browser.context, server.address),
    retort("retort-cpu", "cpu"),
    retort("retort-vulkan", "vulkan"),
    ...[2, 1].map((threads) => torch(`torch-${threads}`, fixtures, { threads })),
    torch("torch-cuda", fixtures, { device: "cuda" }),
  ];
  const wanted = values.contenders.split(",");
  const unknown = wanted.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`--contenders: ${unknown} is none of ${all.map(({ name }) => name)}`);
  const chosen = wanted.map((name) => all.find((one) => one.name === name));
  for (const size of values.sizes.split(",")) await measured(chosen, size);
} finally {
  await browser.close();
  await server.close();
}
