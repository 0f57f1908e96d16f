// One configuration, several seeds: one run after the other, over a pause and a reload, with a verdict at the end.

import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 600_000;

test("seeds run one after the other, over a reload, and tell a verdict", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(run({ name: "many", steps: 200 }).replace("seed = 3", "seed = 3\ncontrol = true"), "many");
  await page.bringData();
  await page.room("Compare");
  const { seeds } = page;
  await seeds.getByLabel("Seeds", { exact: true }).fill("2");
  await seeds.getByLabel("Seeds", { exact: true }).press("Tab");
  await page.press("Run with seeds 1 to 2");
  await seeds.getByText(/^seed 1: step \d+ of 200$/).waitFor();
  await seeds.getByText("seed 2: to come").waitFor();
  await seeds.getByText("seed 1: over").waitFor({ timeout: 300_000 });
  // In the middle of the second one the tab goes away.
  await seeds.getByText(/^seed 2: step ([1-9]\d?|1[0-4]\d) of 200$/).waitFor({ timeout: 60_000 });
  await page.button("Pause").click();
  await page.says(/^(Paused at|Ready to train)/);
  await page.tab.reload();
  await page.ready();
  await seeds.getByLabel("Seeds", { exact: true }).fill("2");
  await seeds.getByLabel("Seeds", { exact: true }).press("Tab");
  await seeds.getByText("1 of 2 seeds are over.").waitFor();
  // The page has lost the file, the kept runs have not.
  await page.press("Go on with seeds 1 to 2");
  await seeds.getByText("2 of 2 seeds are over.").waitFor({ timeout: 300_000 });
  assert.ok(await page.button("Run with seeds 1 to 2").isDisabled(), "nothing is left to do");

  const choices = page.tab.getByRole("region", { name: "Runs to choose from" });
  await choices.getByLabel("many, seed 1").waitFor();
  assert.ok(await choices.getByLabel("many, seed 1").isChecked());
  assert.ok(await choices.getByLabel("many, seed 2").isChecked());
  assert.equal(await choices.getByRole("checkbox").count(), 2, "each seed is one run");
  const table = page.tab.getByRole("region", { name: "Means over the seeds" });
  const cells = (await table.locator("tbody tr").first().locator("th, td").allTextContents());
  assert.deepEqual(cells.slice(0, 2), ["many", "2"]);
  const numbers = (text) => [...text.replaceAll("−", "-").matchAll(/[+-]?\d+\.\d+/g)].map(([number]) => Number(number));
  const [student, control, gain] = cells.slice(2, 5).map(numbers);
  for (const [mean, low, high] of [student, control, gain]) assert.ok(low <= mean && mean <= high, `${cells}`);
  // To the digits that are shown: 0.05 each of two means.
  assert.ok(Math.abs(student[0] - control[0] - gain[0]) < 0.11, `${cells}`);
  const verdict = gain[1] > 0 ? "beats" : gain[2] < 0 ? "does not beat" : "cannot be told";
  assert.equal(cells[5], verdict);
  page.calm();
});

test("a series is stopped, and another number of seeds is another series", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 400 });
  await page.room("Compare");
  const { seeds } = page;
  await page.press("Run with seeds 1 to 3");
  await seeds.getByText(/^seed 1: step [1-9]/).waitFor();
  assert.ok(await page.button("Run with seeds 1 to 3").isDisabled());
  await page.button("Stop").click();
  await page.ready();
  await seeds.getByText(/^seed 1: step [1-9]\d* of 400$/).waitFor();
  assert.ok(await page.button("Run with seeds 1 to 3").isEnabled());
  const count = seeds.getByLabel("Seeds", { exact: true });
  await count.fill("99");
  await count.press("Tab");
  await page.button("Run with seeds 1 to 20").waitFor();
  await page.room("Set up");
  await page.tab.getByLabel("Procedure").selectOption("stark");
  await page.room("Compare");
  await seeds.getByText("STARK is a procedure of many runs").waitFor();
  assert.ok(await page.button("Run with seeds 1 to 20").isDisabled());
  page.calm();
});
