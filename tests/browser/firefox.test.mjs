// The page in Firefox, with the CPU device where WebGPU is missing.

import assert from "node:assert/strict";
import { test } from "node:test";
import puppeteer from "puppeteer-core";
import { serve } from "./harness.mjs";

const timeout = 300_000;

/** A tab of a Firefox of its own, and what went wrong in it. */
async function open(t) {
  const server = await serve();
  t.after(() => server.close());
  const executablePath = process.env.RETORT_FIREFOX ?? "/usr/bin/firefox-esr";
  const browser = await puppeteer.launch({ browser: "firefox", executablePath, headless: true });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const problems = [];
  tab.on("pageerror", (error) => problems.push(String(error)));
  tab.on("console", (line) => { if (line.type() === "error") problems.push(line.text()); });
  return { tab, problems, address: server.address };
}

test("a student is trained in Firefox", { timeout }, async (t) => {
  const { tab, problems, address } = await open(t);
  await tab.goto(`${address}?preset=tiny`);
  const status = (pattern) =>
    tab.waitForFunction((text) => new RegExp(text).test(document.querySelector("p.status")?.textContent ?? ""), { timeout: 120_000 }, pattern);
  await status("^Ready");
  const gpu = await tab.evaluate(() => Boolean(navigator.gpu));
  if (!gpu) await tab.waitForFunction(() => document.body.textContent.includes("This browser offers no WebGPU here"));
  t.diagnostic(`${await tab.evaluate(() => navigator.userAgent)}; WebGPU: ${gpu}`);
  await tab.evaluate(() => [...document.querySelectorAll("button")].find((button) => button.textContent === "Start").click());
  await status("^Finished");
  const cells = await tab.$$eval("table.results tbody tr", (rows) => rows.map((row) => row.textContent));
  assert.ok(cells.some((row) => row.startsWith("student")), `${cells}`);
  assert.deepEqual(problems, []);
});

test("the companions come alive in Firefox", { timeout }, async (t) => {
  const { tab, problems, address } = await open(t);
  for (const slug of ["sparse-teachers", "homotopic", "survey", "autoregressive"]) {
    await tab.goto(`${address}${slug}.html`);
    await tab.waitForSelector("h1");
    await tab.waitForSelector("math");
    await tab.$eval("figure.live", (figure) => figure.scrollIntoView());
    await tab.waitForSelector("figure.live svg.draw");
  }
  assert.deepEqual(problems, []);
});
