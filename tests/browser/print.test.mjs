// The companions on paper: every figure is drawn, and nothing is there that can only be pressed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 180_000;
const companions = ["sparse-teachers.html", "homotopic.html", "survey.html", "autoregressive.html"];
const controls = "button, input, select, textarea, summary, progress, nav";

/** Figures without a picture that can be seen, and controls that can. */
const printed = (tab) =>
  tab.evaluate((controls) => {
    const seen = (element) => {
      const { width, height } = element.getBoundingClientRect();
      return width > 0 && height > 0 && element.checkVisibility({ visibilityProperty: true });
    };
    const drawn = (figure) => [...figure.querySelectorAll("svg.draw, .stage img")].some((picture) => seen(picture) && picture.getBoundingClientRect().height > 50 && picture.naturalWidth !== 0);
    const figures = [...document.querySelectorAll("[data-figure]")];
    return {
      figures: figures.length,
      bare: figures.filter((figure) => !drawn(figure)).map((figure) => figure.id),
      controls: [...document.querySelectorAll(controls)].filter(seen).map((control) => control.outerHTML.slice(0, 120)),
      wide: [...document.querySelectorAll("svg.draw, .stage img, .equation, table, pre")]
        .filter((one) => seen(one) && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((one) => one.outerHTML.slice(0, 120)),
    };
  }, controls);

test("the companions can be printed", { timeout }, async (t) => {
  const page = await Page.open(t, { start: false, gpu: false, colorScheme: "dark", viewport: { width: 680, height: 900 } });
  for (const companion of companions) {
    await page.visit(companion);
    const before = await printed(page.tab);
    assert.ok(before.controls.length > 0, `${companion}: on a screen there are controls`);
    // Of figures that nobody has come near, the picture is printed.
    const first = page.tab.locator("figure.live.alive svg.draw").first();
    await page.tab.locator("figure.live").first().scrollIntoViewIfNeeded();
    await first.waitFor();
    await page.tab.emulateMedia({ media: "print" });
    const paper = await printed(page.tab);
    assert.ok(paper.figures > 3, companion);
    assert.deepEqual({ ...paper, figures: 0 }, { figures: 0, bare: [], controls: [], wide: [] }, companion);
    // Paper is white whatever the theme is.
    assert.equal(await page.tab.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(255, 255, 255)");
    const pages = Buffer.from(await page.tab.pdf({ format: "A4" })).toString("latin1");
    assert.ok((pages.match(/\/Type\s*\/Page\b/g) ?? []).length > 3, `${companion}: pages`);
    await page.tab.emulateMedia({ media: "screen" });
  }
  page.calm();
});
