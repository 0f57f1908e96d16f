// The teacher's heads and neurons: scored, taken out, and a smaller teacher made of what is left.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./page.mjs";

const timeout = 300_000;

/** A number that the page tells in a sentence. */
const told = (text, pattern) => Number(text.match(pattern)?.[1].replaceAll("−", "-").replaceAll(",", ""));

test("heads are scored, taken out, and the rest is made smaller", { timeout }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.lay({ steps: 2 });
  await page.start();
  await page.finished();
  const sentence = page.tab.getByLabel("A sentence", { exact: true });
  await sentence.fill("the film is warm and funny");
  await page.room("Look inside");
  await page.button("Score the units").click();
  const heads = page.tab.getByRole("region", { name: "Scores of the heads" });
  const units = heads.getByRole("button");
  await units.first().waitFor();
  const count = await units.count();
  const gone = () => heads.locator("button.gone").count();
  const before = await gone();
  assert.ok(before > 0 && before < count, `wanted some of ${count} heads to go at 30 %, found ${before}`);

  const share = page.tab.getByLabel(/% of heads and of neurons go/);
  await share.fill("0");
  assert.equal(await gone(), 0);
  await share.fill("50");
  assert.equal(await gone(), count / 2);
  const shown = await units.allTextContents();
  await page.tab.locator("section.units").getByRole("combobox").selectOption("magnitude");
  await page.button("Score the units again").click();
  await page.tab.locator(".plane").waitFor({ state: "detached" });
  assert.notDeepEqual(await units.allTextContents(), shown, "sizes are no slopes");
  await page.tab.locator("section.units").getByRole("combobox").selectOption("sensitivity");
  await page.button("Score the units again").click();
  await page.tab.locator(".plane").waitFor();
  assert.deepEqual(await units.allTextContents(), shown);
  await page.tab.getByLabel(/^λ/).fill("0");
  assert.notDeepEqual(await units.allTextContents(), shown, "λ did not change a score");

  await units.first().click();
  const without = page.tab.locator(".without");
  await without.waitFor();
  const text = await without.textContent();
  const measured = told(text, /changes by ([+-][\d.]+)/);
  const predicted = told(text, /([+-][\d.]+) were predicted/);
  assert.ok(Number.isFinite(measured) && Number.isFinite(predicted), text);
  const shares = await without.locator("tbody td").allTextContents();
  assert.equal(shares.length, 4, `two classes, whole and without it: ${shares}`);
  for (const column of [0, 1]) {
    const sum = [0, 1].reduce((total, row) => total + Number.parseFloat(shares[2 * row + column]), 0);
    assert.ok(Math.abs(sum - 100) < 0.2, `${shares}`);
  }
  t.diagnostic(`without the first head the loss changes by ${measured}, predicted ${predicted}`);

  await page.button("Make it physical").click();
  const left = page.tab.locator(".physical p");
  await left.waitFor();
  const whole = await left.textContent();
  const [then, now] = whole.match(/^(.+?) → (.+?) parameters/).slice(1).map((number) => Number(number.replaceAll(/\D/g, "")));
  assert.ok(now < then, whole);
  const apart = /exactly those/.test(whole) ? 0 : told(whole, /within ([\d.e-]+) of/);
  assert.ok(apart <= 1e-4, whole);
  t.diagnostic(whole.trim());
  page.calm();
});
