// A language model in miniature: it trains, and continues a prompt beside its teacher.

import assert from "node:assert/strict";
import { test } from "node:test";
import { readable } from "./colours.mjs";
import { events } from "./harness.mjs";
import { proseRun } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 600_000;

test("a language model trains and continues a prompt, token by token", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(proseRun(), "browser-prose");
  const box = page.tab.getByLabel("A prompt", { exact: true });
  await box.fill("It was the");
  await page.tab.getByLabel("Tokens to add").fill("5");
  await page.tab.keyboard.press("Tab");
  await page.start();
  await page.finished(500_000);

  // Perplexity instead of accuracy, in chart and table.
  assert.equal(await page.figure.getByRole("heading", { name: /Accuracy/ }).count(), 0);
  const drawn = (await page.numbers("Perplexity on dev")).at(-1);
  assert.ok(drawn.student > drawn.teacher && drawn.teacher > 1, JSON.stringify(drawn));
  const head = await page.tab.getByRole("region", { name: "Results, as a table" }).getByRole("columnheader").allTextContents();
  assert.ok(head.includes("Test perplexity") && head.includes("ROUGE-L") && !head.includes("F1"), `${head}`);
  const told = events(await page.download("metrics.jsonl")).filter((event) => event.event === "eval" && event.split === "dev");
  const last = told.filter((event) => event.who === "student").at(-1);
  // Four digits are shown.
  assert.ok(Math.abs(Math.exp(last.loss) / drawn.student - 1) < 1e-3, `${last.loss} and ${drawn.student}`);
  await page.room("Run");

  // Both texts go on from the prompt; what is shown of a token is in the table as well.
  for (const who of ["teacher", "student"]) {
    const text = page.tab.getByRole("group", { name: `${who}’s text` });
    await text.waitFor();
    const prompt = await text.locator(".token.prompt").allTextContents();
    assert.equal(prompt.join(""), "It was the");
    const tokens = text.locator(".token:not(.prompt)");
    assert.equal(await tokens.count(), 5);
    const rows = await page.tab.getByRole("region", { name: `${who}’s tokens`, includeHidden: true }).locator("tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.cells].slice(1).map((cell) => Number(cell.textContent))));
    assert.equal(rows.length, prompt.length + 5);
    for (const [unc, , tkd, dkd, kl] of rows.slice(1)) {
      assert.ok(Math.abs(tkd + unc * dkd - kl) < 0.01, `TKD ${tkd} + UNC ${unc} · DKD ${dkd} is not KL ${kl}`);
    }
    const steps = [0.3, 0.6, 0.8, 0.95];
    const classes = await text.locator(".token").evaluateAll((spans) => spans.map((span) => span.className));
    classes.slice(1).forEach((name, place) => {
      const level = steps.filter((step) => rows[place + 1][0] >= step).length;
      const near = steps.some((step) => Math.abs(rows[place + 1][0] - step) < 0.001);
      assert.ok(near || name.includes(`level-${level}`), `${name} for UNC ${rows[place + 1][0]}`);
    });
  }

  await readable(page.tab, ".token, .levels span, .readout, .answer h3, .verdict");

  // By the keyboard alone: another measure, and the value of a token.
  const choice = page.tab.getByRole("radiogroup", { name: "Tokens are marked by" });
  await choice.getByLabel("UNC").focus();
  await page.tab.keyboard.press("ArrowRight");
  assert.ok(await choice.getByLabel("TKD").isChecked());
  const text = page.tab.getByRole("group", { name: "student’s text" });
  await text.focus();
  await page.tab.keyboard.press("End");
  await page.tab.locator(".answer.student .readout", { hasText: /UNC [01]\.\d+.*DKD/ }).waitFor();

  // A prompt that does not fit is said, and the page lives on.
  await box.fill("word ".repeat(200));
  await page.alert.waitFor();
  assert.match(await page.trouble(), /the prompt: wanted 1 to \d+ tokens/);
  await box.fill("He said");
  await page.tab.locator(".answer.teacher .token", { hasText: "He" }).first().waitFor();
  assert.equal(await page.trouble(), "");
  page.calm();
});
