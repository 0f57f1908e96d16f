// The companions' live figures: every one comes alive, turns, tells what is recorded or what a reader ran, and stands alone in
// a frame.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { open, root } from "./harness.mjs";

const timeout = 240_000;
const companions = ["sparse-teachers", "homotopic", "survey", "autoregressive"];
const recorded = (name) => fs.readFileSync(path.join(root, "www/recorded", name), "utf8");

/** Opens a companion; what went wrong without being caught fails the test at its end. */
async function companion(test, address, options = {}) {
  const browser = await open({ gpu: false, reducedMotion: "reduce", ...options });
  test.after(() => browser.close());
  const { tab } = browser;
  tab.setDefaultTimeout(30_000);
  await tab.goto(browser.address + address);
  return {
    ...browser,
    /** A figure, alive. */
    async figure(id) {
      const figure = tab.locator(`figure#${id}`);
      await figure.scrollIntoViewIfNeeded();
      await tab.locator(`figure#${id}.alive .drawing svg.draw`).first().waitFor();
      return figure;
    },
    calm: () => assert.deepEqual(browser.problems, []),
  };
}

/** What is drawn and told in a figure. */
const seen = (figure) =>
  figure.evaluate((figure) => [...figure.querySelectorAll(".canvas svg, .told")].map((part) => part.innerHTML).join("\n"));

/** Another value for a knob. */
async function turn(knob) {
  const range = knob.locator("input[type=range]");
  if (await range.count()) {
    return range.evaluate((range) => {
      range.value = range.value === range.max ? range.min : range.max;
      range.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  const list = knob.locator("select");
  if (await list.count()) return list.selectOption({ index: (await list.evaluate((one) => one.selectedIndex)) === 0 ? 1 : 0 });
  const box = knob.locator("input[type=checkbox]");
  if (await box.count()) return box.click();
  return knob.locator(".word:not(:disabled)[aria-checked=false]").first().click();
}

for (const slug of companions) {
  test(`every figure of ${slug} comes alive and turns`, { timeout }, async (t) => {
    const page = await companion(t, `${slug}.html`);
    const ids = await page.tab.locator("[data-figure]").evaluateAll((all) => all.map((one) => one.id));
    const article = fs.readFileSync(path.join(root, `www/companions/${slug}.md`), "utf8");
    assert.deepEqual(ids, [...article.matchAll(/```figure\nid = "([^"]+)"/g)].map((found) => found[1]));
    for (const id of ids) {
      const figure = await page.figure(id);
      const knobs = figure.locator(".knob");
      for (let place = 0; place < (await knobs.count()); place += 1) {
        const before = await seen(figure);
        await turn(knobs.nth(place));
        // A column that the chosen recipe does not have changes nothing of it.
        const may = id === "recipes" && place > 0;
        if (may) continue;
        await page.tab.waitForFunction(
          ({ id, before }) => {
            const parts = document.querySelectorAll(`figure#${id} .canvas svg, figure#${id} .told`);
            return [...parts].map((part) => part.innerHTML).join("\n") !== before;
          },
          { id, before },
        );
      }
      assert.equal(await figure.locator(".trouble").count(), 0, `${id}: ${await figure.locator(".told").innerText()}`);
      assert.ok(!(await seen(figure)).includes("NaN"), id);
    }
    page.calm();
  });
}

test("numbers on the page are those that are recorded", { timeout }, async (t) => {
  const page = await companion(t, "autoregressive.html?tokens.word=12");
  const figure = await page.figure("tokens");
  const tokens = JSON.parse(recorded("prose.json")).continuations[0].prompt;
  const { text, seen: { uncertainty, tkd, dkd } } = tokens[12];
  const told = await figure.locator(".told").innerText();
  assert.ok(told.includes(`“${text.trim()}”`) && told.includes(`UNC is ${uncertainty.toFixed(3)}`), told);
  assert.ok(told.includes(`${tkd.toFixed(4)} + ${uncertainty.toFixed(3)} · ${dkd.toFixed(4)}`), told);

  await page.tab.goto(`${page.address}homotopic.html?step.step=0`);
  const step = await page.figure("step");
  const [first] = JSON.parse(recorded("apart.json"));
  const words = await step.locator(".told").innerText();
  const loss = Number(/The loss is ([\d.]+); the terms of distance are 0 of it/.exec(words)?.[1]);
  assert.ok(Math.abs(loss - first.total) < 1e-3, `${words} ${first.total}`);
  page.calm();
});

test("an address keeps what was turned", { timeout }, async (t) => {
  const page = await companion(t, "sparse-teachers.html");
  const figure = await page.figure("plane");
  await turn(figure.locator(".knob").first());
  await page.tab.waitForURL(/plane\.lambda=1/);
  const told = await figure.locator(".equation").innerText();
  await page.tab.reload();
  const again = await page.figure("plane");
  assert.equal(await again.locator(".equation").innerText(), told);
  assert.ok(told.includes("1.00 ·"), told);
  page.calm();
});

test("words and time can be turned with keys", { timeout }, async (t) => {
  const page = await companion(t, "autoregressive.html");
  const figure = await page.figure("tokens");
  const chosen = figure.locator(".word[aria-checked=true]");
  const before = await chosen.getAttribute("aria-label");
  await chosen.focus();
  await page.tab.keyboard.press("ArrowLeft");
  await page.tab.waitForFunction(
    (before) => document.querySelector("#tokens .word[aria-checked=true]").getAttribute("aria-label") !== before,
    before,
  );
  const step = await page.figure("step");
  await step.getByRole("button", { name: "Back: Part of the step" }).press("Enter");
  await step.getByText("2 of 3").waitFor();
  const next = step.getByRole("button", { name: "Next: Part of the step" });
  assert.equal(await next.textContent(), "Next");
  await next.press("Enter");
  await step.getByText("3 of 3").waitFor();
  // Who prefers no motion is offered none.
  assert.equal(await step.getByRole("button", { name: /^Play/ }).count(), 0);
  page.calm();
});

test("a figure stands alone in a frame and tells its height", { timeout }, async (t) => {
  const page = await companion(t, "survey.html");
  const figure = await page.figure("temperature");
  await figure.getByText("Embed", { exact: true }).click();
  await figure.getByLabel("without the caption").check();
  const code = await figure.locator(".embed code").innerText();
  const address = /src="([^"]+)"/.exec(code)[1].replaceAll("&amp;", "&");
  assert.equal(new URL(address).search, "?figure=temperature&hide=caption");
  // On a page whose policy does not forbid frames: the browser shows this file as one.
  await page.tab.goto(`${page.address}sw.js`);
  const height = await page.tab.evaluate((code) => new Promise((resolve, reject) => {
    addEventListener("message", ({ data }) => { if (data.retort?.height > 200) resolve(data.retort); });
    document.body.insertAdjacentHTML("afterbegin", code);
    setTimeout(() => reject(new Error("no figure told its height")), 30_000);
  }), code);
  assert.equal(height.figure, "temperature");
  await page.tab.goto(address);
  const alone = await page.figure("temperature");
  assert.equal(await page.tab.locator("header, footer, article, nav").count(), 0);
  assert.equal(await page.tab.locator("[data-figure]").count(), 1);
  assert.ok(await alone.locator(".knobs").isVisible());
  assert.ok(!(await alone.locator("figcaption").isVisible()));
  assert.equal(await alone.locator(".embed").count(), 0);

  await page.tab.goto(`${page.address}survey.html?figure=warmth&hide=title`);
  await page.tab.getByText("There is no figure “warmth” on this page. There are: temperature,").waitFor();
  await page.tab.getByText("“title” cannot be hidden.").waitFor();
  page.calm();
});

test("a figure's files can be saved", { timeout }, async (t) => {
  const page = await companion(t, "sparse-teachers.html");
  const figure = await page.figure("pilot");
  const drawing = figure.locator(".drawing").first();
  await drawing.getByText("The numbers").click();
  const start = { CSV: "weights at zero, %", SVG: "<svg", PNG: "\u0089PNG" };
  for (const [ending, wanted] of Object.entries(start)) {
    const [download] = await Promise.all([
      page.tab.waitForEvent("download"),
      drawing.getByRole("button", { name: new RegExp(ending) }).click(),
    ]);
    assert.equal(download.suggestedFilename(), `sparse-teachers-pilot-1.${ending.toLowerCase()}`);
    const bytes = fs.readFileSync(await download.path());
    assert.ok(bytes.toString("latin1").includes(wanted), ending);
  }
  page.calm();
});

test("a reader's own run takes the place of what is recorded", { timeout: 2 * timeout }, async (t) => {
  const page = await companion(t, "autoregressive.html?device=cpu");
  const figure = await page.figure("tokens");
  const before = await seen(figure);
  await figure.getByRole("button", { name: "Run it here" }).click();
  const status = figure.locator("p[role=status]");
  await status.filter({ hasText: /step [1-9]/ }).waitFor({ timeout });
  await figure.getByLabel("A text").fill("It was a cold morning");
  await figure.getByRole("button", { name: "Read it word by word" }).click();
  // The vocabulary is small: some words are several of its pieces.
  await page.tab.waitForFunction(() => {
    const words = [...document.querySelectorAll("#tokens .word")].map((word) => word.textContent.trim());
    return words.join("").startsWith("Itwasacoldmorning");
  }, null, { timeout });
  assert.notEqual(await seen(figure), before);
  await figure.getByRole("button", { name: "Pause" }).click();
  await status.filter({ hasText: "Paused" }).waitFor({ timeout });
  await figure.getByLabel("recorded").check();
  await figure.locator(".word").filter({ hasText: "Pequod" }).waitFor();
  page.calm();
});

test("a reader's own models answer a sentence of the reader's", { timeout: 2 * timeout }, async (t) => {
  const page = await companion(t, "survey.html?device=cpu&temperature.of=1");
  const figure = await page.figure("temperature");
  const sentence = "the plot is thin , but the jokes are good";
  const told = figure.locator(".told");
  const before = await told.innerText();
  await figure.getByRole("button", { name: "Run it here" }).click();
  const status = figure.locator("p[role=status]");
  await status.filter({ hasText: /step [1-9]/ }).waitFor({ timeout });
  // Nothing was asked yet: what is recorded stays.
  assert.equal(await told.innerText(), before);
  await figure.getByRole("textbox", { name: "A sentence" }).fill(sentence);
  await figure.getByRole("button", { name: "Ask the models" }).click();
  await told.filter({ hasText: `“${sentence}”` }).waitFor({ timeout });
  const after = await told.innerText();
  const [, share] = /one number says it all: ([\d.]+), at T = 1/.exec(after);
  assert.ok(Number(share) > 0 && Number(share) < 1, after);
  await figure.getByRole("button", { name: "Pause" }).click();
  await status.filter({ hasText: "Paused" }).waitFor({ timeout });
  await figure.getByLabel("recorded").check();
  await told.filter({ hasNotText: sentence }).waitFor();
  assert.equal(await told.innerText(), before);
  page.calm();
});
