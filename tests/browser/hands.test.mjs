// Who multiplies on the CPU device: one hand on any host, several where the page is isolated from others, with relaxed
// vector instructions where the browser has them. The losses are the native ones every time.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { events, native, scratch, serve } from "./harness.mjs";
import { lay, losses, run, worst } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 600_000;
/** The largest relative difference of a loss that rounding is allowed in twenty steps. */
const TOLERANCE = 1e-5;

/** A page whose files are changed on their way. */
async function opened(t, { isolated, change, query = "?device=cpu" }) {
  const server = await serve(undefined, { isolated });
  if (change) server.change = change;
  return Page.open(t, { query, server });
}

/** Puts a line before a script of this name. */
const before = (script, line) => (name, bytes) => (name.endsWith(`/${script}`) ? `${line}\n${bytes}` : bytes);

/** Twenty steps on a page, compared with the native ones; what computed them. */
async function trained(t, page, steps = 20) {
  await page.lay({ steps });
  await page.start();
  await page.finished(500_000);
  const metrics = events(await page.download("metrics.jsonl"));
  const folder = scratch(t);
  lay(folder, run({ steps }));
  const out = path.join(folder, "out");
  const { code, stdout, stderr } = await native(folder, "distil", "run.toml", "--device", "cpu", "--json", "--out", out);
  assert.equal(code, 0, stderr);
  const { difference, step } = worst(losses(events(stdout)), losses(metrics));
  const { name } = metrics.find((event) => event.event === "started").adapter;
  t.diagnostic(`${name}: worst relative difference ${difference.toExponential(1)}, at step ${step}`);
  assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
  return name;
}

const threads = (page) => page.tab.evaluate(() => Math.min(navigator.hardwareConcurrency, 8));

test("an isolated page computes with a thread for every core", { timeout }, async (t) => {
  const page = await opened(t, { isolated: true });
  const many = await threads(page);
  assert.ok(many > 1, "this machine has one core");
  assert.equal(await trained(t, page), `the processor, in WebAssembly, ${many} threads, relaxed SIMD`);
  page.calm();
});

test("a page on any host computes alone", { timeout }, async (t) => {
  const page = await opened(t, { isolated: false });
  assert.equal(await trained(t, page), "the processor, in WebAssembly, 1 thread, relaxed SIMD");
  page.calm();
});

test("without relaxed SIMD the same is computed", { timeout }, async (t) => {
  const page = await opened(t, { isolated: false, change: before("hands.js", "WebAssembly.validate = () => false;") });
  assert.equal(await trained(t, page), "the processor, in WebAssembly, 1 thread");
});

test("without the modules for it the large one multiplies", { timeout }, async (t) => {
  const change = (name, bytes) => (/\/retort-hand(-relaxed)?\.wasm$/.test(name) ? "" : bytes);
  const page = await opened(t, { isolated: true, change });
  assert.equal(await trained(t, page), "the processor, in WebAssembly, 1 thread");
});

test("a hand that never answers is done without", { timeout }, async (t) => {
  const change = before("hand_worker.js", "const store = Atomics.store; let left = 3; Atomics.store = (...words) => { while (left < 1); left -= 1; store(...words); };");
  const page = await opened(t, { isolated: true, change });
  await trained(t, page);
});

test("every conformance case passes with several threads", { timeout }, async (t) => {
  const page = await opened(t, { isolated: true, query: "?device=cpu#/selftest" });
  await page.press("Run the self-test");
  await page.tab.getByText(/^\s*\d+ of \d+ cases pass\.$/).waitFor({ timeout: 500_000 });
  const rows = await page.tab.getByRole("region", { name: "Cases" }).getByRole("row").allTextContents();
  assert.ok(rows.length > 1, "no case was computed");
  assert.deepEqual(rows.slice(1).filter((row) => !row.includes("passes")), []);
  page.calm();
});
