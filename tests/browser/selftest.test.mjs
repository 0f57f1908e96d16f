// The self-test computes the conformance cases on the visitor's own device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

for (const device of ["cpu", "webgpu"]) {
  test(`every conformance case passes on ${device}`, { timeout: 900_000 }, async (t) => {
    const page = await Page.open(t, { query: `?device=${device}#/selftest` });
    const start = page.button("Run the self-test");
    await start.waitFor();
    await page.tab.waitForFunction((name) => {
      const button = [...document.querySelectorAll("button")].find((one) => one.textContent === name);
      return button && !button.disabled;
    }, "Run the self-test");
    await start.click();
    await page.tab.getByText(/^\s*\d+ of \d+ cases pass\.$/).waitFor({ timeout: 800_000 });
    const rows = await page.tab.getByRole("region", { name: "Cases" }).getByRole("row").allTextContents();
    assert.ok(rows.length > 1, "no case was computed");
    const failed = rows.slice(1).filter((row) => !row.includes("passes"));
    t.diagnostic(`${device}: ${rows.length - 1} cases`);
    assert.deepEqual(failed, []);
    assert.equal(await page.trouble(), "");
    page.calm();
  });
}
