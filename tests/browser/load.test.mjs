// How long a first visit takes: until something can be seen, until the page answers, until the worker can compute.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

test("a first visit shows its heading before any module is there", { timeout: 120_000 }, async (t) => {
  const page = await Page.open(t, { start: false });
  // Whoever loads a page first pays for starting the browser.
  await page.tab.goto("about:blank");
  const begun = Date.now();
  await page.go("");
  await page.button("Start").waitFor();
  const shown = Date.now() - begun;
  await page.ready();
  const ready = Date.now() - begun;
  const paints = await page.tab.evaluate(() => Object.fromEntries(performance.getEntriesByType("paint").map((paint) => [paint.name, Math.round(paint.startTime)])));
  const paint = paints["first-contentful-paint"];
  t.diagnostic(`cold, from this machine: first contentful paint ${paint} ms, interactive ${shown} ms, trainer ready ${ready} ms`);
  assert.ok(paint > 0 && paint <= shown && shown <= ready, JSON.stringify({ paint, shown, ready }));
});
