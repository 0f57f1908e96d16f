// What does not fit is said in one sentence, and the page lives on.

import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("without WebGPU the page says so and trains on the CPU", { timeout }, async (t) => {
  const page = await Page.open(t, { gpu: false });
  await page.lay({ steps: 3 });
  await page.tab.getByText("This browser offers no WebGPU here").waitFor();
  await page.start();
  await page.finished();
  await page.tab.getByText(/^Computing on/).filter({ hasText: /cpu/i }).waitFor();
  page.calm();
});

test("a software adapter is not taken unasked, and the page says why", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await page.tab.getByText(/is a program that imitates one; Automatic takes the CPU/).waitFor();
  page.calm();
});

test("a row without its label is named by its line", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.ready();
  await page.bring(run());
  await page.bringData("sentence\tlabel\nthe film is good\t1\nthe film is bad\n", "short.tsv");
  await page.start();
  await page.alert.waitFor();
  assert.match(await page.trouble(), /short\.tsv:3/); // the header is line 1
  assert.ok(await page.button("Start").isEnabled());
  page.calm();
});

test("an unknown key in a run file is answered with the nearest one, and nothing changes", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.ready();
  const before = page.tab.url();
  await page.bring(run().replace("temperature", "temprature"));
  await page.alert.waitFor();
  assert.match(await page.trouble(), /run\.toml.*`temperature`.*`temprature`/);
  assert.equal(page.tab.url(), before);
  page.calm();
});

test("after a bad file a good one runs", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.ready();
  await page.bring("this is no run file");
  await page.alert.waitFor();
  await page.bring(run({ steps: 2 }));
  await page.alert.waitFor({ state: "detached" });
  await page.bringData();
  await page.start();
  await page.finished();
  assert.equal(await page.trouble(), "");
  page.calm();
});

test("when the worker dies the page says why, and the run goes on from its checkpoint", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 5000 });
  await page.start();
  await page.reaches(3);
  const stood = await page.pause();
  await page.button("Continue").click();
  await page.reaches(stood + 1);
  await page.tab.workers()[0].evaluate(() => { setTimeout(() => { throw new Error("memory allocation of 9 bytes failed"); }); });
  await page.alert.waitFor();
  assert.match(await page.trouble(), /^The device ran out of memory\..*The last checkpoint is safe/);
  await page.button("Go on with it").click();
  await page.tab.getByText(/Paused at step \d+ of 5000/).waitFor();
  // What was saved when it paused, or at an evaluation since then.
  const kept = await page.standing();
  assert.ok(kept === stood || (kept > stood && kept % 20 === 0), `stood at ${stood}, kept ${kept}`);
  assert.equal(await page.trouble(), "");
});
