// The first screen, on any screen.

import assert from "node:assert/strict";
import { test } from "node:test";
import { luminance, readable } from "./colours.mjs";
import { Page } from "./page.mjs";

const timeout = 120_000;

test("the page is alive before anything was trained", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.figure.getByText("Recorded run").waitFor();
  const value = () => page.progress.evaluate((bar) => bar.value);
  await page.tab.waitForFunction(() => document.querySelector("progress")?.value > 0);
  const first = await value();
  await page.tab.waitForFunction((first) => document.querySelector("progress").value > first, first);
  assert.ok(await page.figure.locator("svg.draw").first().isVisible());
  page.calm();
});

test("who prefers no motion sees the end of the recorded run at once", { timeout }, async (t) => {
  const page = await Page.open(t, { reducedMotion: "reduce" });
  await page.tab.waitForFunction(() => {
    const bar = document.querySelector("progress");
    return bar && bar.value > 0 && bar.value === bar.max;
  });
  page.calm();
});

for (const width of [320, 390, 1280]) {
  test(`nothing is cut off at ${width} pixels`, { timeout }, async (t) => {
    const page = await Page.open(t, { viewport: { width, height: 800 } });
    await page.ready();
    for (const place of ["", "#/setup", "#/look", "#/compare", "#/keep", "#/selftest"]) {
      await page.go(place);
      const { content, screen } = await page.tab.evaluate(() => ({
        content: document.documentElement.scrollWidth,
        screen: document.documentElement.clientWidth,
      }));
      assert.ok(content <= screen, `${place || "the page"}: ${content} pixels wide on a screen of ${screen}`);
    }
    page.calm();
  });
}

test("light and dark follow the visitor, and text can be read in both", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await readable(page.tab, "h1, h4, p, button:not(:disabled), label, .quiet, .hint, .settings, a, th, td, s");
  const brightness = {};
  for (const colorScheme of ["light", "dark"]) {
    await page.tab.emulateMedia({ colorScheme });
    const body = await page.tab.evaluate(() => {
      const colours = [document.body, document.documentElement].map((element) => getComputedStyle(element).backgroundColor);
      return colours.find((colour) => !/, 0\)$/.test(colour)) ?? "rgb(255, 255, 255)";
    });
    brightness[colorScheme] = luminance(body);
  }
  assert.ok(brightness.light > 0.5 && brightness.dark < 0.2, JSON.stringify(brightness));
  page.calm();
});
