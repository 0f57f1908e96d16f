// The self-test computes the conformance cases on the visitor's own device.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./harness.mjs";
import { Page } from "./page.mjs";

for (const device of ["cpu", "webgpu"]) {
  test(`every conformance case passes on ${device}`, { timeout: 900_000 }, async (t) => {
    const page = await Page.open(t, { query: `?device=${device}#/selftest` });
    await page.press("Run the self-test");
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

for (const [device, kernels] of [["cpu", 0], ["webgpu", 10]]) {
  test(`a step is taken apart on ${device}`, { timeout: 300_000 }, async (t) => {
    const page = await Page.open(t, { query: `?device=${device}#/selftest` });
    await page.press("Take a step apart");
    const told = page.tab.getByText(/^step tiny, .* ms \(median of 3\)/);
    await told.waitFor({ timeout: 250_000 });
    const text = await told.textContent();
    t.diagnostic(text);
    assert.match(text, /GFLOP of matrix products/);
    assert.match(text, /memory: \d+\.\d MiB predicted/);
    // The CPU device has no kernels to tell apart.
    const rows = await page.tab.getByRole("region", { name: "Kernels of a step" }).getByRole("row").count();
    assert.ok(kernels === 0 ? rows === 0 : rows > kernels, `${rows} rows`);
    assert.equal(await page.trouble(), "");
    page.calm();
  });
}

test("the heading is there before the module is", async (t) => {
  const browser = await open({ javaScriptEnabled: false });
  t.after(() => browser.close());
  await browser.tab.goto(browser.address);
  assert.equal(await browser.tab.getByRole("heading", { level: 1 }).count(), 1);
});
