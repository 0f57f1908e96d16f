// The teacher while some of it goes at random: points over a slider, draws at a button, and a run that stays as it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("a slider thins the teacher, draws are added, and the run goes on as it was", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 4 });
  await page.room("Look inside");
  const { sparsity } = page;
  const slider = sparsity.getByLabel(/% go\s*$/);
  assert.ok(await slider.isDisabled(), "no run is open");
  await page.button("One step").click();
  await page.says(/^Paused at step 1 /);
  const told = sparsity.locator("p[aria-live]").first();

  await slider.fill("5");
  await told.filter({ hasText: /^Without 5 % of its weights the teacher is right on \d+\.\d % of dev.*\(1 draw\)\. Whole it has/ }).waitFor();
  await slider.press("ArrowRight");
  await told.filter({ hasText: /^Without 6 % / }).waitFor();
  assert.deepEqual((await page.points("How often it is right")).map((row) => [row[1], row[3]]), [["0", "weights"], ["5", "weights"], ["6", "weights"]]);
  await page.press("5 more draws");
  await told.filter({ hasText: /\(6 draws\)/ }).waitFor();
  assert.match(await told.textContent(), /right on \d+\.\d \[-?\d+\.\d, \d+\.\d\] % of dev/);
  assert.equal((await page.points("How sure it is")).length, 8);

  // Most of the layers' weights gone, the teacher is less sure than whole.
  await slider.fill("90");
  await told.filter({ hasText: /^Without 90 % / }).waitFor();
  const [, thin, whole] = (await told.textContent()).match(/probabilities is ([\d.]+) .* and ([\d.]+)\.$/).map(Number);
  assert.ok(thin < whole, `${thin} ${whole}`);

  await sparsity.getByLabel("heads and neurons").check();
  await slider.fill("40");
  await told.filter({ hasText: /^Without 40 % of its heads and neurons .* Whole it has/ }).waitFor();
  assert.match(await page.status.textContent(), /^Paused at step 1 /);
  await page.press("Continue");
  await page.finished();
  page.calm();
});
