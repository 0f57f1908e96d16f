// What axe finds on every page, in both themes: nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import axe from "axe-core";
import { Page } from "./page.mjs";

const timeout = 300_000;
const rooms = ["", "#/setup", "#/look", "#/compare", "#/keep", "#/selftest"];
const companions = ["sparse-teachers.html", "homotopic.html", "survey.html", "autoregressive.html"];

/** Rules of WCAG 2.2 A and AA, and axe's own good practice. */
const rules = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };

async function faults(tab) {
  await tab.evaluate(axe.source);
  const { violations } = await tab.evaluate((rules) => window.axe.run(document, rules), rules);
  return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`);
}

for (const colorScheme of ["light", "dark"]) {
  test(`the laboratory can be used by everybody, ${colorScheme}`, { timeout }, async (t) => {
    const page = await Page.open(t, { colorScheme, reducedMotion: "reduce" });
    await page.ready();
    for (const room of rooms) {
      await page.go(room);
      await page.tab.waitForFunction(() => document.querySelectorAll("#lab h2, #lab h1").length > 0);
      assert.deepEqual(await faults(page.tab), [], room || "#/");
    }
  });

  test(`the companions can be used by everybody, ${colorScheme}`, { timeout }, async (t) => {
    const page = await Page.open(t, { colorScheme, reducedMotion: "reduce" });
    for (const companion of companions) {
      await page.visit(companion);
      const figures = await page.tab.locator("figure.live").all();
      for (const figure of figures) {
        await figure.scrollIntoViewIfNeeded();
        await figure.locator("svg.draw, table").first().waitFor();
      }
      assert.deepEqual(await faults(page.tab), [], companion);
    }
  });
}
