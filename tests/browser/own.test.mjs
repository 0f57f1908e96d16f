// Every figure of the companions can be run by its reader, and shows what that run tells: its models, a step of it, its
// stages, and draws of its teacher's weights.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./harness.mjs";

const timeout = 300_000;
const companions = ["sparse-teachers", "homotopic", "survey", "autoregressive"];

/** Opens a companion; what went wrong without being caught fails the test at its end. */
async function companion(test, address) {
  const browser = await open({ gpu: false, reducedMotion: "reduce" });
  test.after(() => browser.close());
  const { tab } = browser;
  tab.setDefaultTimeout(timeout);
  await tab.goto(`${browser.address}${address}`);
  return {
    tab,
    calm: () => assert.deepEqual(browser.problems, []),
    /** A figure, alive. */
    async figure(id) {
      const figure = tab.locator(`figure#${id}`);
      await figure.scrollIntoViewIfNeeded();
      await tab.locator(`figure#${id}.alive .drawing svg.draw`).first().waitFor();
      return figure;
    },
    /** The same with a run of the reader's that has taken a step. */
    async run(id) {
      const figure = await this.figure(id);
      await figure.getByRole("button", { name: "Run it here" }).click();
      await figure.locator("p[role=status]").filter({ hasText: /step [1-9]/ }).waitFor();
      return figure;
    },
    /** Ends the run that is open, so that another figure may begin one. */
    async end(figure) {
      const end = figure.getByRole("button", { name: "End", exact: true });
      // It may be over by itself.
      if (await end.isVisible() && await end.isEnabled()) await end.click();
      await figure.locator("p[role=status]").filter({ hasText: /^(Ready\.|Finished)/ }).waitFor();
    },
  };
}

/** What is drawn in a figure, and what is told. */
const drawn = (figure) =>
  figure.evaluate((figure) => [...figure.querySelectorAll(".pictures .canvas svg")].map((part) => part.innerHTML).join("\n"));
const says = (figure, text) => figure.locator(".told").filter({ hasText: text }).waitFor();

for (const slug of companions) {
  test(`every figure of ${slug} can be run`, { timeout }, async (t) => {
    const page = await companion(t, `${slug}.html`);
    const ids = await page.tab.locator("[data-figure]").evaluateAll((all) => all.map((one) => one.id));
    assert.ok(ids.length > 0);
    for (const id of ids) {
      const figure = await page.figure(id);
      const button = figure.getByRole("button", { name: "Run it here" });
      assert.equal(await button.count(), 1, id);
      assert.ok(await button.isEnabled(), id);
      assert.equal(await figure.getByRole("radio", { name: "your run" }).count(), 0, `${id} offers a run that nobody began`);
    }
    page.calm();
  });
}

test("a step and a result of the survey's runs stand in its figures", { timeout: 3 * timeout }, async (t) => {
  const page = await companion(t, "survey.html?device=cpu&step.one=10");
  const step = await page.run("step");
  const before = await drawn(step);
  await step.getByRole("button", { name: "Take the next step apart" }).click();
  await says(step, /Your step is number \d+ of 48,/);
  assert.notEqual(await drawn(step), before);
  await step.locator("p.name").filter({ hasText: /^Your run, step \d+$/ }).waitFor();
  await page.end(step);

  const several = await page.figure("several");
  const recorded = await several.locator(".picture").count();
  await page.run("several");
  await says(several, /Your run, several teachers, step \d+ of 96: your teacher has [\d.]+\s% on dev so far/);
  assert.equal(await several.locator(".picture").count(), recorded + 1);
  // A run of one figure is not another's.
  const soft = await page.figure("soft");
  assert.equal(await soft.getByRole("radio", { name: "your run" }).count(), 0);
  await several.getByRole("radio", { name: "recorded" }).check();
  await several.locator(".told").filter({ hasNotText: "Your run" }).waitFor();
  assert.equal(await several.locator(".picture").count(), recorded);
  await several.getByRole("radio", { name: "your run" }).check();
  await says(several, "Your run, several teachers");
  await page.end(several);
  await says(several, "Your run, several teachers");
  page.calm();
});

test("stages and draws of sparse teachers stand in their figures", { timeout: 3 * timeout }, async (t) => {
  const page = await companion(t, "sparse-teachers.html?device=cpu&pilot.sparsity=3");
  const stages = await page.run("stages");
  await says(stages, "Your students take 48 steps each;");
  const before = await stages.locator(".picture").count();
  assert.equal(before, 1);
  // The other figure of the procedure hears it too.
  const arms = await page.figure("arms");
  await arms.getByRole("radio", { name: "your run" }).check();
  await says(arms, /Your trial is on its way|yours: whole/);
  // Trial, scores and rewind.
  await page.tab.waitForFunction(() => document.querySelectorAll("#stages .picture").length === 3);
  await says(stages, "Both students begin from the same weights");
  await says(arms, /yours: whole, without 0\s%: the teacher has [\d.]+\s% on dev/);
  await page.end(stages);

  const pilot = await page.run("pilot");
  await pilot.getByRole("button", { name: "Set weights to zero at random" }).click();
  await says(pilot, /Without 3\s% your run’s teacher is right on [\d.]+\s% .*: 1 draw,/);
  page.calm();
});

test("a run of language models stands in its row", { timeout: 2 * timeout }, async (t) => {
  const page = await companion(t, "autoregressive.html?device=cpu&bigger.teacher=0");
  const bigger = await page.figure("bigger");
  const before = await drawn(bigger);
  await page.run("bigger");
  await says(bigger, /Your run, the small teacher by KL, step \d+ of 80: your teacher has [\d.]+ on dev so far/);
  assert.notEqual(await drawn(bigger), before);
  page.calm();
});
