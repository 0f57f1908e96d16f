// Start, pause, one step, continue, stop; by mouse and by keyboard.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 300_000;

test("a paused run stands still, one step is one step, and it goes on", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 5000 });
  await page.start();
  await page.reaches(3);
  const stood = await page.pause();
  await page.tab.waitForTimeout(500);
  assert.equal(await page.step(), stood);
  await page.button("One step").click();
  await page.reaches(stood + 1);
  assert.equal(await page.standing(), stood + 1);
  await page.button("Continue").click();
  await page.reaches(stood + 3);
  await page.button("Stop").click();
  await page.ready();
  await page.tab.getByText(/This browser keeps a run that stands at step \d+ of 5000/).waitFor();
  page.calm();
});

test("the page answers while it trains, and shows what the models make of a sentence", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 5000 });
  await page.start();
  await page.reaches(2);
  const box = page.tab.getByLabel("A sentence", { exact: true });
  await box.fill("a warm and funny film");
  assert.equal(await box.inputValue(), "a warm and funny film");
  // Were the training in the way of the typing, the run would be over by now.
  assert.match(await page.status.textContent(), /^Training: step \d+ of 5000/);
  const table = page.tab.getByRole("region", { name: "Probabilities by model" });
  await table.waitFor();
  await page.tab.getByText(/warm and funny film/).last().waitFor();
  const shares = (await table.getByRole("cell").allTextContents()).map(Number.parseFloat).filter(Number.isFinite);
  assert.equal(shares.length, 4); // two classes, teacher and student
  const sums = [shares[0] + shares[2], shares[1] + shares[3]];
  sums.forEach((sum) => assert.ok(Math.abs(sum - 100) < 0.2, `probabilities add up to ${sum} %`));
  page.calm();
});

test("the keyboard alone starts, pauses and continues a run", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 5000 });
  const press = async (name) => {
    for (let presses = 0; presses < 60; presses += 1) {
      const focused = await page.tab.evaluate(() => document.activeElement?.textContent?.trim());
      if (focused === name) {
        const ring = await page.tab.evaluate(() => {
          const style = getComputedStyle(document.activeElement);
          return style.outlineStyle !== "none" || style.boxShadow !== "none";
        });
        assert.ok(ring, `${name} does not show that it has the focus`);
        return page.tab.keyboard.press("Enter");
      }
      await page.tab.keyboard.press("Tab");
    }
    return assert.fail(`the Tab key does not reach ${name}`);
  };
  await page.tab.locator("body").evaluate((body) => body.ownerDocument.activeElement?.blur());
  await page.tab.keyboard.press("Tab");
  assert.equal(await page.tab.evaluate(() => document.activeElement.textContent), "Skip to the content");
  await page.tab.keyboard.press("Enter");
  await press("Start");
  await page.reaches(2);
  await press("Pause");
  const stood = await page.standing();
  await press("Continue");
  await page.reaches(stood + 1);
  page.calm();
});

test("the address holds the configuration", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?preset=tiny" });
  await page.ready();
  await page.room("Set up");
  await page.tab.getByLabel("Steps", { exact: true }).fill("7");
  await page.tab.keyboard.press("Tab");
  await page.device.selectOption("cpu");
  await page.tab.waitForFunction(() => location.search.includes("device=cpu"));
  const address = page.tab.url();
  assert.match(address, /preset=tiny/);
  assert.match(decodeURIComponent(address), /set=phases\.0\.steps=7/);
  await page.tab.goto("about:blank");
  await page.tab.goto(address);
  await page.ready();
  assert.equal(await page.tab.getByLabel("Steps", { exact: true }).inputValue(), "7");
  assert.equal(await page.device.inputValue(), "cpu");
  page.calm();
});
