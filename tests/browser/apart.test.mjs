// The step to come, taken apart in the room "Look inside", part by part, without being taken.

import assert from "node:assert/strict";
import { test } from "node:test";
import { proseRun } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("the next step is gone through forward and back, with its numbers", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 6 });
  await page.room("Look inside");
  const { apart } = page;
  assert.ok(await page.button("Take the next step apart").isDisabled(), "no run is open");
  for (let step = 1; step <= 2; step += 1) {
    await page.button("One step").click();
    await page.says(new RegExp(`^Paused at step ${step} `));
  }
  await page.press("Take the next step apart");
  await apart.getByText("Step 3 of the run.").waitFor();
  const pictures = apart.locator(".picture");
  const told = () => apart.locator(".told [aria-live]").innerText();
  const names = ["Forward: the answers", "Every term", "The slopes of the logits", "The slopes, before and after the clip", "The update"];
  assert.deepEqual(await apart.locator(".picture .name").allTextContents(), names.slice(0, 1));
  for (let part = 2; part <= names.length; part += 1) {
    await apart.getByRole("button", { name: "Next: Part of the step" }).click();
    await page.tab.waitForFunction((part) => document.querySelectorAll("section.apart .picture").length === part, part);
  }
  assert.deepEqual(await apart.locator(".picture .name").allTextContents(), names);
  const all = await told();
  // The terms as they are weighed make the loss, and a step of AdamW changes a weight by at most about the rate.
  const [, sum, total] = (await apart.locator(".equation").innerText()).match(/^L = (.+) = ([\d.]+)$/);
  const terms = sum.split(" + ").map(Number);
  assert.equal(terms.length, 2);
  assert.ok(Math.abs(terms[0] + terms[1] - Number(total)) < 2e-3 * Number(total), `${terms} ${total}`);
  const [, one, other] = all.match(/∂L\/∂s: \S+ ([+−][\d.]+), \S+ ([+−][\d.]+)\./).map((text) => Number(text.replace("−", "-")));
  assert.ok(Math.abs(one + other) < 2e-5 && one !== 0, `slopes of two logits cancel: ${one} ${other}`);
  assert.match(all, /The whole slope is [\d.]+ long/);
  assert.match(all, /AdamW has of it m̂ = .+ and v̂ = .+; at a learning rate of .+ the step makes it /);
  await apart.getByRole("button", { name: "Back: Part of the step" }).click();
  await page.tab.waitForFunction(() => document.querySelectorAll("section.apart .picture").length === 4);
  assert.doesNotMatch(await told(), /AdamW/);
  assert.ok(await pictures.first().locator("svg.draw").isVisible());

  // Another example of the same step, then one's own with either class.
  await apart.getByLabel("Its number").fill("7");
  await page.press("Take the next step apart");
  await page.tab.waitForFunction((all) => !all.startsWith(document.querySelector("section.apart .told [aria-live]").innerText.slice(0, 20)), all);
  await apart.getByLabel("One of my own").check();
  await apart.getByLabel("The text").fill("the film is warm");
  const answers = [];
  for (const label of ["0", "1"]) {
    await apart.getByLabel("Its class").selectOption({ index: Number(label) });
    await page.press("Take the next step apart");
    await apart.getByText("“the film is warm”").waitFor();
    await page.tab.waitForFunction((before) => document.querySelector("section.apart .equation").innerText !== before, answers.at(-1) ?? "");
    answers.push(await apart.locator(".equation").innerText());
  }
  assert.notEqual(answers[0], answers[1], "another class is another loss");

  // What cannot be is said, and nothing was taken.
  await apart.getByLabel("One to train on").check();
  await apart.getByLabel("Its number").fill("0");
  await page.press("Take the next step apart");
  await apart.getByRole("alert").filter({ hasText: /wanted a number from 1 on, found "0"/ }).waitFor();
  await apart.getByLabel("Its number").fill("7000");
  await page.press("Take the next step apart");
  await page.tab.locator("p.trouble").filter({ hasText: /the example: wanted one of the \d+ that are learned from/ }).waitFor();
  assert.match(await page.status.textContent(), /^Paused at step 2 /);
  page.calm();
});

test("of a language model every word's slopes can be looked at", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(proseRun({ steps: 2 }), "browser-prose");
  await page.button("One step").click();
  await page.says(/^Paused at step 1 /);
  await page.room("Look inside");
  await page.press("Take the next step apart");
  const { apart } = page;
  const word = apart.getByLabel("At the token");
  await word.waitFor();
  assert.ok((await word.locator("option").count()) > 10);
  const told = apart.locator(".told [aria-live]");
  const before = await told.innerText();
  await word.selectOption({ index: 3 });
  await page.tab.waitForFunction((before) => document.querySelector("section.apart .told [aria-live]").innerText !== before, before);
  assert.match(await told.innerText(), /Asked for is /);
  page.calm();
});
