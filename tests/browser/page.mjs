// The page as a visitor handles it: by roles, labels and words. Only this file knows them.

import assert from "node:assert/strict";
import fs from "node:fs";
import { open } from "./harness.mjs";
import { data, run } from "./fixtures.mjs";

const minutes = (count) => count * 60_000;

export class Page {
  /** Opens the page, unless it shall not `start` yet; what went wrong without being caught fails the test at its end. */
  static async open(test, { query = "", start = true, ...options } = {}) {
    const browser = await open(options);
    test.after(() => browser.close());
    const page = new Page(browser);
    if (start) await page.go(query);
    return page;
  }

  constructor(browser) {
    this.browser = browser;
    this.tab = browser.tab;
    this.tab.setDefaultTimeout(minutes(1));
    this.status = this.tab.locator("p.status");
    this.alert = this.tab.getByRole("alert").filter({ hasText: /\w/ }).first();
    this.preset = this.tab.getByLabel("Preset");
    this.device = this.tab.getByLabel("Device");
    this.figure = this.tab.getByRole("figure");
    this.progress = this.tab.getByRole("progressbar", { name: "Optimiser steps taken" });
  }

  button(name) {
    return this.tab.getByRole("button", { name, exact: true });
  }

  /** Clicks a button once it may be clicked. */
  async press(name) {
    await this.button(name).waitFor();
    await this.tab.waitForFunction((name) => {
      const button = [...document.querySelectorAll("button")].find((one) => one.textContent === name);
      return button && !button.disabled;
    }, name);
    await this.button(name).click();
  }

  async go(query) {
    await this.tab.goto(this.browser.address + query);
    await this.tab.locator("nav.rooms").waitFor();
  }

  /** Another page of the site. */
  async visit(name) {
    await this.tab.goto(this.browser.address + name);
    await this.tab.locator("h1").waitFor();
  }

  /** Goes to a room of the laboratory. */
  async room(name) {
    await this.tab.getByRole("navigation", { name: "Laboratory" }).getByRole("link", { name, exact: true }).click();
  }

  /** What the worker tells of the run file is there, where it is on show. */
  described() {
    return this.tab.getByText(/^Reading the data/).waitFor({ state: "hidden" });
  }

  /** The worker has found its devices. */
  ready() {
    return this.says(/^Ready/);
  }

  /** Waits until the status line reads so; says what it read instead. */
  async says(pattern, timeout = minutes(1)) {
    const end = Date.now() + timeout;
    let text = "";
    while (Date.now() < end) {
      text = (await this.status.textContent()) ?? "";
      if (pattern.test(text)) return text;
      const trouble = await this.trouble();
      assert.equal(trouble, "", `the page says: ${trouble}`);
      await this.tab.waitForTimeout(50);
    }
    assert.fail(`wanted a status like ${pattern}, found "${text}"`);
  }

  /** What the page complains of, empty when it does not. */
  async trouble() {
    return (await this.tab.locator("p.trouble").allTextContents()).join(" ");
  }

  async bring(text, name = "run.toml") {
    await this.tab.getByLabel("Load a run file").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  }

  /** Not under the name in the run file, so that the page shows when it has taken the file. */
  async bringData(text = data.text, name = "brought.tsv") {
    const file = { name, mimeType: "text/tab-separated-values", buffer: Buffer.from(text) };
    await this.tab.getByLabel("train", { exact: true }).setInputFiles(file);
    await this.tab.getByText(`now: ${name}`).waitFor({ state: "attached" });
  }

  /** The field for rows that are pasted. */
  get pasted() {
    return this.tab.getByLabel("Or paste rows here");
  }

  async paste(text) {
    await this.pasted.fill(text);
  }

  /** Waits until what is chosen could start. */
  async untroubled() {
    await this.tab.waitForFunction(() => document.querySelectorAll("p.trouble, li.trouble").length === 0);
  }

  /** The step that is taken apart. */
  get apart() {
    return this.tab.getByRole("region", { name: "The next step, taken apart" });
  }

  /** The teacher, thinned at random. */
  get sparsity() {
    return this.tab.getByRole("region", { name: "The teacher, thinned at random" });
  }

  /** The cells of the table behind a figure of points. */
  async points(title) {
    const table = this.tab.getByRole("region", { name: `${title}, as a table` });
    if (!(await table.isVisible())) {
      await this.tab.locator("div", { has: this.tab.getByRole("heading", { name: title, exact: true }) }).last().getByText("The numbers").click();
    }
    await table.locator("tbody tr").first().waitFor();
    return table.locator("tbody tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  }

  /** One configuration with several seeds. */
  get seeds() {
    return this.tab.getByRole("region", { name: "One configuration, several seeds" });
  }

  /** Waits until so much is said of what was pasted. */
  async saysOfPaste(pattern) {
    await this.tab.locator("#pasted-said").filter({ hasText: pattern }).waitFor();
  }

  /** The small task of the tests, ready to be started. */
  async lay(options) {
    await this.ready();
    await this.bring(run(options));
    await this.tab.locator("pre", { hasText: options?.name ?? "browser-test" }).waitFor({ state: "attached" });
    await this.bringData();
  }

  /** Another run file, whose data the page has. */
  async layRun(text, name) {
    await this.ready();
    await this.bring(text);
    await this.tab.locator("pre", { hasText: name }).waitFor({ state: "attached" });
  }

  /** The run file as the page would save it. */
  runFile() {
    return this.tab.locator("pre[aria-label='Run file']").textContent();
  }

  /** The group of one term's switch and weight; phases are counted from 0. */
  term(method, phase = 0) {
    return this.tab.locator(`[aria-labelledby="terms-${phase}"]`).getByRole("group", { name: method, exact: true });
  }

  /** The table of methods. */
  get methods() {
    return this.tab.getByRole("region", { name: "Methods, as a table" });
  }

  /** What one chart is drawn from. */
  async numbers(chart) {
    const section = this.figure.getByRole("region", { name: chart, exact: true });
    const table = section.getByRole("region", { name: `${chart}, as a table` });
    if (!(await table.isVisible())) await section.getByText("The numbers").click();
    await table.locator("tbody tr").first().waitFor();
    const rows = await table.locator("tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
    const [head, ...body] = rows;
    return body.map((row) => Object.fromEntries(row.map((text, column) => [head[column], Number(text)])));
  }

  start() {
    return this.button("Start").click();
  }

  async pause() {
    await this.button("Pause").click();
    return this.standing();
  }

  /** The step at which a paused run stands. */
  async standing() {
    const text = await this.says(/^Paused at step/);
    return Number(text.match(/step (\d+)/)[1]);
  }

  /** Waits until so many steps were taken. */
  async reaches(step, timeout = minutes(3)) {
    const end = Date.now() + timeout;
    while ((await this.step()) < step) {
      assert.ok(Date.now() < end, `wanted step ${step}, found ${await this.status.textContent()}`);
      await this.tab.waitForTimeout(20);
    }
  }

  async step() {
    return Number((await this.status.textContent()).match(/(\d+) steps|step (\d+)/)?.slice(1).find(Boolean) ?? 0);
  }

  finished(timeout = minutes(5)) {
    return this.says(/^Finished/, timeout);
  }

  /** Makes the page hand over its files, and downloads one. */
  async download(name) {
    await this.room("Keep");
    await this.button("Prepare the files").click();
    const [download] = await Promise.all([this.tab.waitForEvent("download"), this.button(name).click()]);
    return fs.readFileSync(await download.path(), "utf8");
  }

  /** Nothing went wrong unnoticed. */
  calm() {
    assert.deepEqual(this.browser.problems, []);
  }
}
