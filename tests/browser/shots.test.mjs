// Every page in both themes and two widths: kept as pictures, and compared with those of before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";
import { comparable, compare, drawnBy } from "./shots.mjs";

const timeout = 600_000;
const pages = {
  run: "index.html#/",
  setup: "index.html#/setup",
  look: "index.html#/look",
  compare: "index.html#/compare",
  keep: "index.html#/keep",
  "self-test": "index.html#/selftest",
  "sparse-teachers": "sparse-teachers.html",
  homotopic: "homotopic.html",
  survey: "survey.html",
  autoregressive: "autoregressive.html",
};
/** Pixels of a page that are looked at. */
const TALLEST = 6_000;

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    test(`every page looks as it did, ${colorScheme}, ${width} pixels wide`, { timeout }, async (t) => {
      const page = await Page.open(t, { colorScheme, reducedMotion: "reduce", viewport: { width, height: 900 }, query: "?device=cpu" });
      const drawn = await drawnBy(page.tab, page.browser.context.browser().version());
      const found = [];
      for (const [name, address] of Object.entries(pages)) {
        await page.visit(address);
        // Figures are made when they are near; the address alone does not load a page anew.
        if (address.startsWith("index")) {
          await page.tab.reload();
          await page.ready();
        }
        for (const figure of await page.tab.locator("figure[data-figure]").all()) {
          await figure.scrollIntoViewIfNeeded();
          await figure.locator("svg.draw, table").first().waitFor();
        }
        await page.tab.evaluate(() => window.scrollTo(0, 0));
        await page.tab.waitForTimeout(600);
        // Names of processors and room in the storage are this machine's.
        const mask = [page.tab.locator(".machine")];
        const height = Math.min(TALLEST, await page.tab.evaluate(() => document.documentElement.scrollHeight));
        const bytes = await page.tab.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height }, mask, animations: "disabled" });
        const fault = compare(`${name}-${colorScheme}-${width}`, bytes, drawn);
        if (fault) found.push(fault);
      }
      if (comparable(drawn)) assert.deepEqual(found, []);
      else t.diagnostic(`skipped the comparison: pictures are kept of another browser or with other fonts (here ${drawn})`);
      page.calm();
    });
  }
}
