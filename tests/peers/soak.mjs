// Ten thousand steps on every device, and what memory they leave behind:
//
//   node soak.mjs FIXTURES [--size tiny] [--contenders retort-cpu,retort-webgpu] [--steps 10000]
//
// One after the other. Prints a line after every fiftieth of the steps, and fails where memory still grows in
// the second half of them.

import fs from "node:fs";
import { parseArgs } from "node:util";
import { open } from "../browser/harness.mjs";
import { peers, retort } from "./contenders.mjs";
import { serve } from "./server.mjs";

const parts = 50;
/** What a flat curve may rise by from the middle to the end: pages come and go. */
const slack = { share: 0.02, bytes: 4 << 20 };

const { values, positionals: [fixtures] } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "tiny" },
    contenders: { type: "string", default: "retort-cpu,retort-vulkan,retort-wasm,retort-webgpu" },
    steps: { type: "string", default: "10000" },
  },
});

/** Resident bytes of all of this process's descendants, browsers with their graphics among them; on Linux. */
function descendants() {
  const parents = new Map();
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
      parents.set(pid, stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    } catch { /* it has ended */ }
  }
  const mine = (pid) => pid === String(process.pid) || (parents.has(pid) && mine(parents.get(pid)));
  let bytes = 0;
  for (const pid of [...parents.keys()].filter((pid) => pid !== String(process.pid) && mine(pid))) {
    try {
      const [kib] = fs.readFileSync(`/proc/${pid}/status`, "utf8").match(/(?<=VmRSS:\s+)\d+/) ?? [0];
      bytes += Number(kib) * 1024;
    } catch { /* it has ended */ }
  }
  return bytes;
}

async function soaked(contender) {
  const running = await contender.open(values.size);
  const each = Math.ceil(Number(values.steps) / parts);
  const curve = [];
  for (let part = 1; part <= parts; part++) {
    const { ms, memory, losses } = await running.run(each);
    if (!losses.every(Number.isFinite)) throw new Error(`${contender.name}: a loss is no number`);
    const mean = ms.reduce((sum, one) => sum + one) / ms.length;
    curve.push({ contender: contender.name, step: part * each, ms: mean, processes: descendants(), ...memory });
    console.log(JSON.stringify(curve.at(-1)));
  }
  await running.close();
  const [middle, last] = [curve[parts / 2], curve.at(-1)];
  // Not of the processes: a browser that only waits grows by itself.
  for (const kind of ["program", "most", "alive"]) {
    if (last[kind] > middle[kind] * (1 + slack.share) + slack.bytes) {
      console.error(`${contender.name}: ${kind} grew from ${middle[kind]} to ${last[kind]} bytes`);
      process.exitCode = 1;
    }
  }
}

const server = await serve(fixtures, {});
try {
  for (const name of values.contenders.split(",")) {
    const browser = await open();
    browser.tab.setDefaultTimeout(0);
    browser.context.setDefaultTimeout(0);
    try {
      const all = [...peers(browser.context, server.address), retort("retort-cpu", "cpu"), retort("retort-vulkan", "vulkan")];
      const contender = all.find((one) => one.name === name);
      if (!contender) throw new Error(`--contenders: ${name} is none of ${all.map(({ name }) => name)}`);
      await soaked(contender);
    } finally {
      await browser.close();
    }
  }
} finally {
  await server.close();
}
