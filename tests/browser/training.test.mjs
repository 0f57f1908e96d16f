// The same run file gives the same run in the browser and in the terminal.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { events, native, scratch } from "./harness.mjs";
import { lay, losses, run, worst } from "./fixtures.mjs";
import { Page } from "./page.mjs";

/** The largest relative difference of a loss that rounding is allowed. */
const TOLERANCE = 1e-3;

/** The losses of the native CPU device. */
async function there(test, text) {
  const folder = scratch(test);
  lay(folder, text);
  const out = path.join(folder, "out");
  const { code, stdout, stderr } = await native(folder, "distil", "run.toml", "--device", "cpu", "--json", "--out", out);
  assert.equal(code, 0, stderr);
  return losses(events(stdout));
}

for (const device of ["cpu", "webgpu"]) {
  test(`twenty steps on ${device} have the native losses`, { timeout: 900_000 }, async (t) => {
    const page = await Page.open(t, { query: `?device=${device}` });
    await page.lay();
    await page.start();
    await page.finished(800_000);
    const metrics = events(await page.download("metrics.jsonl"));
    const adapter = metrics.find((event) => event.event === "started").adapter;
    assert.equal(adapter.api, device);
    const wanted = await there(t, run());
    const found = losses(metrics);
    assert.deepEqual([...found.keys()], [...wanted.keys()]);
    assert.equal(found.size, 20);
    const { difference, step } = worst(wanted, found);
    t.diagnostic(`${adapter.name} (${device}): worst relative difference ${difference.toExponential(1)}, at step ${step}`);
    assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
    page.calm();
  });
}

test("a reload continues where the run stood, to the same losses", { timeout: 600_000 }, async (t) => {
  const steps = 120;
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps });
  await page.start();
  await page.reaches(30); // the evaluation at step 20 left a checkpoint
  await page.tab.reload();
  await page.ready();
  await page.tab.getByText(/This browser keeps a run that stands at step \d+ of 120/).waitFor();
  await page.button("Go on with it").click();
  const kept = await page.standing();
  assert.ok(kept >= 20 && kept < steps, `wanted a step from 20 to ${steps}, found ${kept}`);
  await page.button("Continue").click();
  await page.finished();
  const found = losses(events(await page.download("metrics.jsonl")));
  const wanted = await there(t, run({ steps }));
  assert.deepEqual([...found.keys()].sort((a, b) => a - b), [...wanted.keys()]);
  const { difference, step } = worst(wanted, found);
  t.diagnostic(`resumed at step ${kept}: worst relative difference ${difference.toExponential(1)}, at step ${step}`);
  assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
  page.calm();
});

test("a chain goes on in the hop where a reload caught it, to the native losses", { timeout: 600_000 }, async (t) => {
  const steps = 120;
  const assistants = [{ layers: 1, hidden: 48, heads: 4, intermediate: 64 }];
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps, assistants });
  await page.start();
  await page.says(/^Training: step \d+ of 120 \(hop 1 of 2, assistant-1\)/);
  await page.reaches(30); // the evaluation at step 20 left a checkpoint
  await page.tab.reload();
  await page.ready();
  await page.tab.getByText(/stands at step \d+ of 120 \(hop 1 of 2, assistant-1\)/).waitFor();
  await page.button("Go on with it").click();
  await page.standing();
  await page.button("Continue").click();
  await page.says(/\(hop 2 of 2, student\)/, 300_000);
  await page.finished();
  const rows = await page.tab.locator("table.results tbody th").allTextContents();
  assert.deepEqual(rows, ["teacher", "assistant-1", "student"]);
  // Of the last hop.
  const found = losses(events(await page.download("metrics.jsonl")));
  const wanted = await there(t, run({ steps, assistants }));
  const { difference, step } = worst(wanted, found);
  t.diagnostic(`worst relative difference ${difference.toExponential(1)}, at step ${step}`);
  assert.equal(found.size, steps);
  assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
  page.calm();
});
