// STARK goes through its stages in a tab, and tells what the terminal tells.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { events, native, scratch } from "./harness.mjs";
import { lay, run } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const stages = `
[stark]
levels = [25.0, 50.0]
lambdas = [0.5]
auto = true
batch = 8
`;
const file = run({ name: "browser-stark", steps: 6 }).replace("\n[[phases]]", `${stages}\n[[phases]]`);

test("STARK runs to its end, over a reload, as it does natively", { timeout: 900_000 }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(file, "browser-stark");
  await page.bringData();
  assert.equal(await page.tab.getByLabel("Procedure").inputValue(), "stark");
  assert.equal(await page.tab.getByLabel("Sparsities").inputValue(), "25, 50");
  await page.start();
  await page.tab.getByText("Scores: what the teacher’s units matter").waitFor();
  const list = page.tab.locator("ol.stages li");
  await page.tab.waitForFunction(() => document.querySelectorAll("ol.stages li.done").length >= 2, null, { timeout: 300_000 });
  await page.button("Pause").click();
  await page.says(/^(Paused at|Ready to train)/);
  await page.tab.reload();
  await page.ready();
  await page.tab.getByText(/stage \d of 7, /).waitFor();
  await page.button("Go on with it").click();
  await page.says(/^(Paused at|Ready to train)/);
  await page.tab.getByRole("button", { name: /^(Continue|Start)$/ }).click();
  await page.says(/^Finished: 6 students/, 600_000);
  assert.deepEqual(await list.evaluateAll((items) => items.map((item) => item.className)), ["done", "done", "done"]);
  const table = page.tab.getByRole("region", { name: "Students of sparse teachers" });
  const names = await table.locator("tbody th").allTextContents();
  assert.deepEqual(names, ["trial", "auto-0.5", "lambda-0.5", "random", "lambda-0.5", "random"]);
  await page.tab.getByText(/^lambda-0.5: /).waitFor();

  const here = JSON.parse(await page.download("report.json"));
  assert.equal(events(await page.download("metrics.jsonl")).at(-1).event, "done");
  await page.room("Look inside");
  assert.ok(await page.button("Score the units").isDisabled(), "there is no teacher to look at any more");
  const folder = scratch(t);
  lay(folder, file);
  const out = path.join(folder, "out");
  const { code, stdout, stderr } = await native(folder, "stark", "run.toml", "--device", "cpu", "--json", "--out", out);
  assert.equal(code, 0, stderr);
  const there = events(stdout).find((told) => told.told === "done").report;
  assert.deepEqual(here.arms.map((arm) => [arm.name, arm.best]), there.arms.map((arm) => [arm.name, arm.best]));
  const levels = (report) => [report.trial, ...report.arms.flatMap((arm) => arm.levels)];
  for (const [place, level] of levels(there).entries()) {
    const other = levels(here)[place];
    assert.equal(other.init_hash, level.init_hash);
    assert.equal(other.parameters, level.parameters);
    const [one, two] = [level, other].map((level) => level.student[1].loss);
    assert.ok(Math.abs(one - two) <= 1e-3 * Math.abs(one), `${level.arm} ${level.percent}: ${one} natively, ${two} here`);
  }
  page.calm();
});

test("the procedure is chosen in the settings, and stands in the address", { timeout: 120_000 }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu#/setup" });
  await page.ready();
  await page.tab.getByLabel("Procedure").selectOption("stark");
  await page.tab.getByLabel("Sparsities").fill("30, 20");
  await page.tab.getByLabel("Sparsities").press("Tab");
  await page.tab.getByText(/rising per cent/).waitFor();
  await page.tab.getByLabel("Sparsities").fill("20, 30");
  await page.tab.getByLabel("Sparsities").press("Tab");
  await page.tab.getByLabel("Single weights too").check();
  const text = await page.runFile();
  assert.match(text, /levels = \[\s*20\.0,\s*30\.0,?\s*\]/);
  assert.match(text, /unstructured = true/);
  await page.tab.reload();
  await page.ready();
  assert.equal(await page.runFile(), text);
  await page.tab.getByLabel("Procedure").selectOption("");
  assert.ok(!(await page.runFile()).includes("[stark]"));
  page.calm();
});
