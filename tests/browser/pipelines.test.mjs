// Kernels are compiled while nobody waits for them yet: on a first visit those of the demonstration, after that those of
// the visit before. RETORT_KEEP_PIPELINES=1 writes anew what the demonstration asks for.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dist, events, native, root, scratch, serve } from "./harness.mjs";
import { lay, losses, run, worst } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 600_000;
const LIST = "recorded/pipelines.json";
const source = path.join(root, "www", LIST);
const shipped = JSON.parse(fs.readFileSync(source, "utf8"));
const STEPS = 20;
/** The largest relative difference of a loss that rounding is allowed in so many steps. */
const TOLERANCE = 1e-5;

/** Counts below what `pipelines.js` puts in the methods' places. */
const COUNTING = `
self.counted = { waited: 0, ahead: 0, ready: 0, refused: 0 };
{
  const { createComputePipeline, createComputePipelineAsync } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipeline = function counted(description) {
    self.counted.waited += 1;
    return createComputePipeline.call(this, description);
  };
  GPUDevice.prototype.createComputePipelineAsync = function counted(description) {
    self.counted.ahead += 1;
    const promise = createComputePipelineAsync.call(this, description);
    promise.then(() => { self.counted.ready += 1; }, () => { self.counted.refused += 1; });
    return promise;
  };
}
`;

/** Where the list lies in the built site. */
function address() {
  const version = fs.readdirSync(dist).find((name) => name.startsWith("v-"));
  return fs.readFileSync(path.join(dist, version, "files.js"), "utf8").match(`"${LIST}":"([^"]+)"`)[1];
}

/** A page that counts, with this list in the place of its own; a service worker would keep what is changed here. */
async function opened(t, list) {
  const server = await serve();
  server.change = (name, bytes) => {
    if (name.endsWith("/pipelines.js")) return `${COUNTING}${bytes}`;
    return list && name.endsWith(address()) ? JSON.stringify(list) : bytes;
  };
  return Page.open(t, { server, serviceWorkers: "block", query: "?device=webgpu" });
}

const counted = (page) => page.tab.workers()[0].evaluate(() => self.counted);

/** Waits until so many were asked for ahead, and each is there or refused; the counts. */
async function settled(page, many) {
  await page.ready();
  for (;;) {
    const counts = await counted(page);
    if (counts.ahead >= many && counts.ready + counts.refused === counts.ahead) return counts;
    await page.tab.waitForTimeout(100);
  }
}

/** Takes the demonstration over its first evaluation; how many kernels were waited for. */
async function begun(page) {
  await page.press("Start");
  await page.says(/^Training: step (3[3-9]|[4-9]\d|\d{3})/, timeout);
  return (await counted(page)).waited;
}

/** A run of the small task of the tests; the counts. */
async function trained(page) {
  await page.lay({ steps: STEPS });
  await page.start();
  await page.finished(timeout);
  return counted(page);
}

/** The list that is kept for the next visit, once it has so many. */
async function kept(page, many) {
  for (;;) {
    const list = await page.tab.evaluate(async (url) => {
      const found = await (await caches.open("retort-pipelines")).match(url);
      return found ? found.json() : [];
    }, page.browser.address + address());
    if (list.length >= many) return list;
    await page.tab.waitForTimeout(200);
  }
}

test("on a first visit, what the demonstration needs is ready when Start is pressed", { timeout }, async (t) => {
  const writing = process.env.RETORT_KEEP_PIPELINES === "1";
  const page = await opened(t, writing ? [] : undefined);
  const { refused } = await settled(page, writing ? 0 : shipped.length);
  const waited = await begun(page);
  if (writing) {
    const list = await kept(page, waited);
    fs.writeFileSync(source, `[\n${list.map((one) => JSON.stringify(one)).join(",\n")}\n]\n`);
    t.diagnostic(`${LIST} was written: ${list.length} kernels`);
  } else {
    const renew = "RETORT_KEEP_PIPELINES=1 writes the list anew";
    assert.deepEqual({ refused, waited }, { refused: 0, waited: 0 }, renew);
  }
  page.calm();
});

test("on the next visit, what the last one asked for", { timeout }, async (t) => {
  const page = await opened(t, []);
  assert.equal((await settled(page, 0)).ahead, 0);
  const { waited } = await trained(page);
  assert.ok(waited > 20, `the first visit waited for ${waited}`);
  await kept(page, waited);
  await page.go("?device=webgpu");
  assert.deepEqual(await settled(page, waited), { waited: 0, ahead: waited, ready: waited, refused: 0 });
  assert.equal((await trained(page)).waited, 0);
  page.calm();
});

test("what this adapter refuses is left out, and the losses are the native ones", { timeout }, async (t) => {
  const group = [{ binding: 0, visibility: 4, buffer: { type: "uniform" } }];
  const code = "@group(0) @binding(0) var<storage, read_write> a: array<u32>; @compute @workgroup_size(1) fn main() { a[0] = 1u; }";
  const wrong = [["main", {}, "auto", "no kernel"], ["main", {}, [group], code], ["other", {}, "auto", code]];
  const page = await opened(t, [["main", {}, 5, code], ...wrong, ...shipped]);
  const { refused } = await settled(page, wrong.length + shipped.length);
  assert.equal(refused, wrong.length);
  const { waited } = await trained(page);
  const metrics = events(await page.download("metrics.jsonl"));
  const folder = scratch(t);
  lay(folder, run({ steps: STEPS }));
  const { code: exit, stdout, stderr } = await native(folder, "distil", "run.toml", "--device", "cpu", "--json", "--out", path.join(folder, "out"));
  assert.equal(exit, 0, stderr);
  const { difference, step } = worst(losses(events(stdout)), losses(metrics));
  t.diagnostic(`${waited} kernels were waited for; worst relative difference ${difference.toExponential(1)}, at step ${step}`);
  assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
  page.calm();
});
