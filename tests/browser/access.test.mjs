// What axe finds on every page, in both themes: nothing. Every control is reached with the keyboard and seen when it
// is, and who prefers no motion sees none.

import assert from "node:assert/strict";
import { test } from "node:test";
import axe from "axe-core";
import { Page } from "./page.mjs";

const timeout = 180_000;
const rooms = ["#/", "#/setup", "#/look", "#/compare", "#/keep", "#/selftest"];
const companions = ["sparse-teachers.html", "homotopic.html", "survey.html", "autoregressive.html"];

/** Rules of WCAG 2.2 A and AA, and axe's own good practice. */
const rules = { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };

async function faults(tab) {
  await tab.evaluate(axe.source);
  const { violations } = await tab.evaluate((rules) => window.axe.run(document, rules), rules);
  return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(" | ")}`);
}

/** Another room, entered by its address. */
async function enter(page, room) {
  await page.go(room);
  await page.tab.waitForFunction(() => document.querySelectorAll("#lab h2, #lab h1").length > 0);
  await page.described();
}

/** Another page, with all its figures alive. */
async function read(page, companion) {
  await page.visit(companion);
  for (const figure of await page.tab.locator("figure[data-figure]").all()) {
    await figure.scrollIntoViewIfNeeded();
    await figure.locator(".drawing svg.draw").first().waitFor();
  }
}

for (const colorScheme of ["light", "dark"]) {
  test(`the laboratory can be used by everybody, ${colorScheme}`, { timeout }, async (t) => {
    const page = await Page.open(t, { colorScheme, reducedMotion: "reduce" });
    await page.ready();
    for (const room of rooms) {
      await enter(page, room);
      assert.deepEqual(await faults(page.tab), [], room);
    }
  });

  test(`the companions can be used by everybody, ${colorScheme}`, { timeout }, async (t) => {
    const page = await Page.open(t, { start: false, gpu: false, colorScheme, reducedMotion: "reduce" });
    for (const companion of companions) {
      await read(page, companion);
      assert.deepEqual(await faults(page.tab), [], companion);
    }
  });
}

/**
 * Goes through a page with the Tab key, to its end and back a little. Tells which controls that are seen were not
 * reached, which have no mark while they have the focus, and which lie below something else then.
 */
async function walk(tab) {
  const count = await tab.evaluate(() => {
    const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest(":disabled");
    // Of radio buttons, and of words to choose from, the chosen one is reached; arrow keys reach the others.
    const way = (element) => !(element.type === "radio" && !element.checked) && !(element.role === "radio" && element.tabIndex < 0);
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")];
    window.awaited = new Set(all.filter((element) => seen(element) && way(element)));
    window.faults = [];
    document.addEventListener("focusin", ({ target }) => {
      window.awaited.delete(target);
      const name = target.outerHTML.slice(0, 120);
      const { outlineStyle, outlineWidth } = getComputedStyle(target);
      if (outlineStyle === "none" || parseFloat(outlineWidth) < 2) window.faults.push(`no mark: ${name}`);
      // Once the browser has scrolled to it.
      setTimeout(() => {
        const { left, right, top, bottom } = target.getBoundingClientRect();
        const middle = (low, high, most) => (Math.max(low, 0) + Math.min(high, most)) / 2;
        const over = document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight));
        const alike = over && (target.contains(over) || over.contains(target));
        if (document.activeElement === target && !alike) window.faults.push(`below ${over?.outerHTML.slice(0, 60)} at ${Math.round(top)}: ${name}`);
      }, 0);
    });
    document.activeElement?.blur();
    window.scrollTo(0, 0);
    return window.awaited.size;
  });
  assert.ok(count > 5, `wanted controls, found ${count}`);
  for (let step = 0; step < count + 10; step += 1) await tab.keyboard.press("Tab");
  for (let step = 0; step < 15; step += 1) await tab.keyboard.press("Shift+Tab");
  await tab.waitForTimeout(50);
  return tab.evaluate(() => {
    const missed = [...window.awaited].map((element) => `not reached: ${element.outerHTML.slice(0, 120)}`);
    return [...window.faults, ...missed];
  });
}

test("every control is reached with the keyboard, and seen when it is", { timeout }, async (t) => {
  const page = await Page.open(t, { gpu: false, reducedMotion: "reduce", query: "?device=cpu" });
  await page.ready();
  for (const room of rooms) {
    await enter(page, `?device=cpu${room}`);
    await page.tab.reload();
    await page.ready();
    await page.described();
    assert.deepEqual(await walk(page.tab), [], room);
  }
  for (const companion of companions) {
    await read(page, companion);
    assert.deepEqual(await walk(page.tab), [], companion);
  }
  await page.tab.goto(page.browser.address);
  await page.tab.keyboard.press("Tab");
  await page.tab.keyboard.press("Enter");
  assert.equal(await page.tab.evaluate(() => document.activeElement.id), "content", "the way past the navigation");
});

test("who prefers no motion sees none", { timeout }, async (t) => {
  const moves = async (reducedMotion) => {
    const page = await Page.open(t, { gpu: false, reducedMotion });
    const bar = page.progress.first();
    await page.tab.waitForFunction(() => document.querySelector("figure progress").value > 0);
    const still = await page.tab.evaluate(async () => {
      const at = () => document.querySelector("figure progress").value;
      const before = at();
      await new Promise((resolve) => { setTimeout(resolve, 1500); });
      const slow = [...document.querySelectorAll("*")].filter((one) => {
        const { transitionDuration, animationName } = getComputedStyle(one);
        return animationName !== "none" || transitionDuration.split(",").some((time) => parseFloat(time) > 0);
      });
      return at() === before && slow.length === 0 && document.getAnimations().length === 0;
    });
    assert.ok(Number(await bar.getAttribute("max")) > 1);
    const [room] = await page.tab.getByRole("button", { name: /the recording|again/ }).allTextContents();
    await page.visit("homotopic.html");
    const step = page.tab.locator("figure#step");
    await step.scrollIntoViewIfNeeded();
    await step.getByRole("button", { name: /^Next/ }).first().waitFor();
    return { still, room, offered: await step.getByRole("button", { name: /^Play/ }).count() > 0 };
  };
  assert.deepEqual(await moves("reduce"), { still: true, room: "Play it again", offered: false });
  assert.deepEqual(await moves("no-preference"), { still: false, room: "Pause the recording", offered: true });
});
