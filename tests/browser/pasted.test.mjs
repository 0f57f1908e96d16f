// Rows that are pasted, columns that are chosen, and a site that is kept: what a visitor does without a file or a network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { data, run } from "./fixtures.mjs";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("pasted rows are read by their look, and are what the run learns from", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(run({ name: "pasted-run", steps: 2 }), "pasted-run");
  await page.room("Set up");
  await page.paste(data.text);
  await page.saysOfPaste(/^Read as TSV: columns sentence, label; 64 rows\.$/);
  await page.press("Use these rows");
  await page.tab.getByText("now: pasted.tsv").waitFor();
  assert.match(await page.runFile(), /train = "pasted\.tsv"/);
  assert.equal(await page.pasted.inputValue(), "");

  // A second paste is another split's, and is told apart.
  await page.paste(data.text.split("\n").slice(0, 21).join("\n"));
  await page.tab.locator(".pasted").getByLabel(/^For/).selectOption("dev");
  await page.press("Use these rows");
  await page.tab.getByText("now: dev-pasted.tsv").waitFor();
  await page.untroubled();
  await page.start();
  await page.finished();
  page.calm();
});

test("columns are chosen from those that the file has", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(run({ name: "columns-run", steps: 2 }), "columns-run");
  await page.room("Set up");
  const column = page.tab.getByLabel("Column of the sentence or the prompt");
  assert.equal(await column.evaluate((field) => field.tagName), "INPUT");
  await page.paste(`label,words,title\n${data.text.trim().split("\n").slice(1).map((row, place) => `${row.split("\t")[1]},${row.split("\t")[0]},title ${place}`).join("\n")}`);
  await page.saysOfPaste(/^Read as CSV: columns label, words, title; 64 rows\.$/);
  await page.press("Use these rows");
  await page.tab.getByText("now: pasted.csv").waitFor();
  await page.tab.waitForFunction(() => document.querySelector("#column-text")?.tagName === "SELECT");
  assert.deepEqual(await column.locator("option").allTextContents(), ["by its usual name", "label", "words", "title"]);
  await page.tab.getByText(/wanted a column of sentences \(name it in data.text\)/).first().waitFor();
  await column.selectOption("words");
  assert.match(await page.runFile(), /text = "words"/);
  await page.untroubled();
  await page.start();
  await page.finished();
  page.calm();
});

test("what cannot be read as rows says why, and is not taken", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.ready();
  await page.room("Set up");
  await page.press("Use these rows");
  await page.saysOfPaste(/the pasted rows: wanted text, found none/);
  const refused = async (text, pattern) => {
    await page.paste(text);
    await page.saysOfPaste(pattern);
    assert.ok(await page.button("Use these rows").isDisabled());
  };
  await refused("PK\u0003\u0004\u0000", /line 1: wanted text, found U\+0003, which no text has/);
  await refused("text\tlabel\na\t1\nb", /paste\.tsv:3: wanted 2 cells, as many as the header has, found 1/);
  await refused("text,label\n\"never closed,1\nb,0\n", /paste\.csv:2: wanted a closing quote, found the end of the file/);
  await refused("[{\"text\": \"a\"}]", /paste\.jsonl:1: wanted one JSON object a line/);
  await refused("text\tlabel\n", /paste\.tsv: wanted rows below the header, found none/);
  // What would be a page, or a run file, is text like any other.
  await page.paste("<img src=x onerror=alert(1)>\n</textarea><script>alert(2)</script>");
  await page.saysOfPaste(/^Read as plain text: 2 lines\.$/);
  await page.tab.getByLabel("Read as").selectOption("csv");
  await page.saysOfPaste(/^Read as CSV: column <img src=x onerror=alert…; 1 row\.$/);
  assert.doesNotMatch(await page.runFile(), /pasted/);
  page.calm();
});

test("everything is kept at the press of a button, and is there without a network", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await page.room("Keep");
  const told = page.tab.locator("section.offline p[aria-live]");
  await told.filter({ hasText: /^(\d+\.\d MB of )?\d+\.\d MB are (kept; \d+\.\d MB are )?to be fetched\.$/ }).waitFor();
  await page.press("Keep everything");
  await told.filter({ hasText: /^Everything is kept: \d+\.\d MB\./ }).waitFor();
  assert.ok(await page.button("Keep everything").isDisabled());
  await page.browser.server.close();
  await page.tab.reload();
  await told.filter({ hasText: /^Everything is kept/ }).waitFor();
  const length = await page.tab.evaluate(async () => (await (await fetch(globalThis.retort.address("assets/prose/train.txt"))).text()).length);
  assert.ok(length > 1_000_000, `${length}`);
});

test("a keeping that breaks off says so, and goes on", { timeout }, async (t) => {
  const page = await Page.open(t);
  const { server } = page.browser;
  await page.ready();
  await page.room("Keep");
  const told = page.tab.locator("section.offline p[aria-live]");
  await told.filter({ hasText: /to be fetched\.$/ }).waitFor();
  server.breaks = (name) => name.startsWith("/data/");
  await page.press("Keep everything");
  await told.filter({ hasText: /^It broke off: .* are kept \(.+\)\. Trying again goes on from there\.$/ }).waitFor();
  server.breaks = () => false;
  await page.press("Keep everything");
  await told.filter({ hasText: /^Everything is kept/ }).waitFor();
});
