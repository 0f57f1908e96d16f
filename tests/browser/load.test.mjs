// How long a first visit takes: until something can be seen, until the page answers, until the worker can compute, and
// until a student is visibly better than it began.

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

/** Points of accuracy that are seen on the chart. */
const VISIBLE = 5;

for (const device of ["cpu", "webgpu"]) {
  test(`a first visitor sees a student improve, ${device}`, { timeout: 900_000 }, async (t) => {
    const page = await Page.open(t, { start: false });
    await page.tab.goto("about:blank");
    const begun = Date.now();
    await page.go(`?device=${device}`);
    // On the first screen, as who does not wait would.
    await page.press("Start");
    await page.says(/^(Starting|Training)/, 120_000);
    const running = Date.now() - begun;
    for (;;) {
      const rows = await page.numbers("Accuracy on dev");
      const [first, last] = [rows.at(0), rows.at(-1)];
      if (last.student - first.student >= VISIBLE) {
        const seconds = (Date.now() - begun) / 1000;
        t.diagnostic(`${device}: started after ${(running / 1000).toFixed(1)} s; after ${seconds.toFixed(1)} s, at step ${last.step}, ${last.student} % instead of ${first.student} %`);
        break;
      }
      assert.doesNotMatch(await page.status.textContent(), /^Finished/, JSON.stringify(rows));
      await page.tab.waitForTimeout(200);
    }
    page.calm();
  });
}
