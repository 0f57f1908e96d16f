// Recipes are chosen, and their terms switched and weighed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("the table of methods chooses a recipe", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?preset=tiny&device=cpu#/setup" });
  await page.ready();
  const rows = await page.methods.getByRole("button").allTextContents();
  assert.ok(rows.includes("tinybert") && rows.includes("atkd"), `rows ${rows}`);
  await page.methods.getByRole("button", { name: "tinybert", exact: true }).click();
  await page.tab.waitForFunction(() => decodeURIComponent(location.search).includes('recipe="tinybert"'));
  assert.equal(await page.tab.getByLabel("Recipe", { exact: true }).inputValue(), "tinybert");
  assert.equal(await page.methods.getByRole("button", { pressed: true }).textContent(), "tinybert");
  assert.match(await page.runFile(), /recipe = "tinybert"[\s\S]*method = "attention_scores"/);
  page.calm();
});

test("teachers are chosen", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?preset=tiny&device=cpu#/setup" });
  await page.ready();
  const teacher = page.tab.getByLabel("Teacher", { exact: true });
  assert.equal(await teacher.inputValue(), "builtin:rotten-tomatoes");
  await teacher.selectOption("builtin:rotten-tomatoes-deep");
  await page.tab.getByLabel("Teacher of plain text", { exact: true }).selectOption("builtin:rotten-tomatoes-words");
  const text = await page.runFile();
  assert.match(text, /model = "builtin:rotten-tomatoes-deep"\npretrained = "builtin:rotten-tomatoes-words"/);
  await page.tab.waitForFunction(() => decodeURIComponent(location.search).includes("teacher.pretrained"));
  page.calm();
});

test("a term is switched off and on, and the run file and the address follow", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?preset=tiny&device=cpu#/setup" });
  await page.ready();
  await page.tab.getByLabel("Recipe", { exact: true }).selectOption("pkd_skip");
  const pkd = page.term("pkd").getByRole("checkbox");
  await pkd.waitFor();
  const before = await page.runFile();
  const cells = () => page.methods.getByRole("row", { name: /this run/ }).textContent();
  assert.match(await cells(), /MSE/);
  // By the keyboard: the switch keeps the focus.
  await pkd.focus();
  await page.tab.keyboard.press("Space");
  await page.tab.waitForFunction(() => !document.querySelector("pre[aria-label='Run file']").textContent.includes("pkd\""));
  assert.ok(await pkd.evaluate((box) => box === document.activeElement), "the switch lost the focus");
  assert.equal(await pkd.isChecked(), false);
  assert.match(await page.runFile(), /method = "kd"/);
  assert.equal(await page.methods.locator("tr.hand s").textContent(), "MSE");

  // The address is the run, and whoever opens it can switch the term on again.
  const address = page.tab.url();
  await page.tab.goto("about:blank");
  await page.tab.goto(address);
  await page.ready();
  assert.doesNotMatch(await page.runFile(), /method = "pkd"/);
  assert.equal(await pkd.isChecked(), false);
  await pkd.click();
  await page.tab.waitForFunction(() => document.querySelector("pre[aria-label='Run file']").textContent.includes('method = "pkd"'));
  assert.equal(await page.runFile(), before);

  // A weight goes into the run file; what is none is refused.
  const weight = page.term("pkd").getByLabel("Weight");
  await weight.fill("7.5");
  await page.tab.keyboard.press("Tab");
  await page.tab.waitForFunction(() => document.querySelector("pre[aria-label='Run file']").textContent.includes("weight = 7.5"));
  await weight.fill("-1");
  await page.tab.keyboard.press("Tab");
  await page.term("pkd").getByText("wanted a number from 0 up").waitFor();
  assert.match(await page.runFile(), /weight = 7\.5/);
  page.calm();
});

test("a phase keeps its last term, and the page says so", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?preset=tiny&device=cpu#/setup" });
  await page.ready();
  const kd = page.term("kd").getByRole("checkbox");
  await kd.click();
  await page.alert.waitFor();
  assert.match(await page.trouble(), /phases\.0\.objectives: wanted at least one term/);
  assert.equal(await kd.isChecked(), true);
  assert.match(await page.runFile(), /method = "kd"/);
  page.calm();
});

test("losses are drawn as they are or as weighed in the sum", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  const switches = page.figure.getByRole("radiogroup", { name: "The terms are drawn" });
  await page.lay({ steps: 4 });
  // The recorded run's log tells no weights.
  assert.equal(await switches.count(), 0);
  await page.start();
  await page.finished();
  const [raw] = await page.numbers("Training losses");
  await switches.getByLabel("as they are").focus();
  await page.tab.keyboard.press("ArrowRight");
  assert.ok(await switches.getByLabel("weighed in the sum").isChecked());
  await page.tab.waitForFunction(() => location.search.includes("losses=weighed"));
  const [weighed] = await page.numbers("Training losses");
  const [total, kd, labels] = ["student, sum", "student, teacher", "student, labels"];
  assert.equal(weighed[total], raw[total]);
  // The run file says alpha = 0.7; figures are shown to three digits.
  assert.ok(Math.abs(weighed[kd] - 0.7 * raw[kd]) < 0.002, JSON.stringify({ raw, weighed }));
  assert.ok(Math.abs(weighed[labels] - 0.3 * raw[labels]) < 0.002, JSON.stringify({ raw, weighed }));
  assert.ok(Math.abs(weighed[kd] + weighed[labels] - weighed[total]) < 0.003, JSON.stringify(weighed));
  page.calm();
});
