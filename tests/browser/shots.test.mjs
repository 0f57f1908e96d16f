// Every page in both themes and two widths: kept as pictures, and compared with those of before.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";
import { compare, drawnBy, incomparable } from "./shots.mjs";

const timeout = 180_000;
const rooms = { run: "#/", setup: "#/setup", look: "#/look", compare: "#/compare", keep: "#/keep", "self-test": "#/selftest" };
const companions = ["sparse-teachers", "homotopic", "survey", "autoregressive"];
/** Pixels of a page that are looked at. */
const TALLEST = 6_000;

/** Figures are made when they are near. */
async function alive(tab) {
  for (const figure of await tab.locator("figure[data-figure]").all()) {
    if ((await figure.boundingBox()).y + (await tab.evaluate(() => window.scrollY)) > TALLEST) break;
    await figure.scrollIntoViewIfNeeded();
    await figure.locator(".drawing svg.draw").first().waitFor();
  }
}

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    test(`every page looks as it did, ${colorScheme}, ${width} pixels wide`, { timeout }, async (t) => {
      const options = { gpu: false, colorScheme, reducedMotion: "reduce", viewport: { width, height: 900 } };
      const page = await Page.open(t, { ...options, query: "?device=cpu" });
      const { tab } = page;
      const drawn = await drawnBy(tab, page.browser.context.browser().version());
      const found = [];
      const take = async (name) => {
        await tab.evaluate(() => document.fonts.ready.then(() => window.scrollTo(0, 0)));
        await tab.waitForTimeout(300);
        const [wide, tall] = await tab.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight]);
        assert.ok(wide <= width, `${name}: ${wide} pixels wide on a screen of ${width}`);
        // Room in the storage is this machine's.
        const mask = [tab.locator(".library > .quiet:last-child")];
        const clip = { x: 0, y: 0, width, height: Math.min(TALLEST, tall) };
        const bytes = await tab.screenshot({ fullPage: true, clip, mask, maskColor: "#808080", animations: "disabled" });
        const fault = compare(`${name}-${colorScheme}-${width}`, bytes, drawn);
        if (fault) found.push(fault);
      };
      await page.ready();
      await tab.waitForFunction(() => { const { value, max } = document.querySelector("figure progress"); return value === max && max > 1; });
      for (const [name, room] of Object.entries(rooms)) {
        await page.go(`?device=cpu${room}`);
        await page.described();
        await take(name);
      }
      for (const name of companions) {
        await page.visit(`${name}.html`);
        await alive(tab);
        await take(name);
      }
      const why = incomparable(drawn);
      if (why) t.diagnostic(`not compared: ${why}`);
      else assert.deepEqual(found, []);
      page.calm();
    });
  }
}
