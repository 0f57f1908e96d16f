// The tab loses sight, or its graphics device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 900_000;

test("a hidden tab has saved its run, and says so when it is seen again", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 5000 });
  await page.start();
  await page.reaches(3);
  // A browser without a window never hides a tab: tell the page what one with a window would.
  const hide = (hidden) => page.tab.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);
  await hide(true);
  const kept = await page.step();
  await page.reaches(kept + 2);
  await hide(false);
  await page.tab.getByText(/This tab was hidden at step \d+; the run was saved there/).waitFor();
  page.calm();
});

test("a lost graphics device is said, and the run goes on from its checkpoint", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=webgpu" });
  await page.lay({ steps: 5000 });
  await page.start();
  await page.reaches(2, 600_000);
  const stood = await page.pause();
  await page.button("Continue").click();
  await page.reaches(stood + 1);
  await page.browser.killGraphics();
  await page.alert.waitFor({ timeout: 120_000 });
  assert.match(await page.trouble(), /The last checkpoint is safe/);
  await page.button("Go on with it").click();
  await page.tab.getByText(`Paused at step ${stood} of 5000`).waitFor({ timeout: 300_000 });
  await page.button("Continue").click();
  await page.reaches(stood + 1, 600_000);
  assert.equal(await page.trouble(), "");
});
