// The site as it is delivered: without a network, from one version to the next, after a broken download, and under its
// own content security policy.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { dist, scratch } from "./harness.mjs";
import { Page } from "./page.mjs";
import { about, another } from "./versions.mjs";

const timeout = 300_000;
const site = about();
const pages = site.pages.map(([name]) => name).filter((name) => name.endsWith(".html"));

/** Waits until the site has everything that it needs without a network. */
const settled = (tab) => tab.evaluate(async () => {
  await navigator.serviceWorker.ready;
  while (!navigator.serviceWorker.controller) await new Promise((resolve) => { setTimeout(resolve, 50); });
});

const heading = (tab) => tab.locator("h1").first().textContent();
const version = (tab) => tab.evaluate(() => globalThis.retort.version);

/** What went wrong apart from pictures that are not made yet. */
const serious = (problems) => problems.filter((problem) => !/404/.test(problem));

test("after one visit every page works without a network", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await settled(page.tab);
  const before = page.browser.problems.length;
  await page.browser.server.close();
  for (const name of [...pages, ""]) {
    await page.tab.goto(page.browser.address + name);
    assert.ok((await heading(page.tab)).length > 0, name);
    await page.tab.waitForFunction(() => globalThis.retort);
  }
  await page.ready();
  await page.figure.getByText("Recorded run").waitFor();
  assert.deepEqual(page.browser.problems.slice(before).filter((problem) => /policy|another host/.test(problem)), []);
});

test("everything can be kept, and is there without a network", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await settled(page.tab);
  const { kept, told } = await page.tab.evaluate(async () => {
    while (!globalThis.retort.keep) await new Promise((resolve) => { setTimeout(resolve, 50); });
    const told = [];
    return { kept: await globalThis.retort.keep((kept) => told.push(kept)), told };
  });
  const of = [...site.parts, ...site.data].reduce((sum, [, bytes]) => sum + bytes, 0);
  assert.deepEqual({ kept: kept.kept, of: kept.of, error: kept.error }, { kept: of, of, error: undefined });
  assert.ok(told.length > 10 && told.every((kept, place) => place === 0 || kept > told[place - 1]), `${told}`);
  await page.browser.server.close();
  const length = await page.tab.evaluate(async () => (await (await fetch(globalThis.retort.address("assets/prose/train.txt"))).text()).length);
  assert.ok(length > 1_000_000, `${length}`);
});

test("an open page keeps its version, and the next one is whole", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await settled(page.tab);
  const first = await heading(page.tab);
  const folder = path.join(scratch(t), "site");
  const next = another(folder);
  assert.notEqual(next, site.version);
  page.browser.server.folder = folder;
  await page.tab.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await page.tab.getByText("A new version of this page is there.").waitFor();
  // The page that is open asks for a file only now, and gets its own: the server no longer has it.
  assert.equal(await version(page.tab), site.version);
  const own = await page.tab.evaluate(async () => (await fetch(globalThis.retort.address("worker_boot.js"))).status);
  assert.equal(own, 200);
  page.browser.server.asked.length = 0;
  await page.tab.locator("#update").getByRole("button", { name: "Reload" }).click();
  await page.tab.waitForFunction((next) => globalThis.retort?.version === next, next);
  assert.equal(await heading(page.tab), `Another ${first}`);
  await page.ready();
  assert.deepEqual(page.browser.server.asked.filter((name) => name.includes(site.version)), []);
  const caches = await page.tab.evaluate(async () => {
    const names = async () => (await globalThis.caches.keys()).sort();
    for (let tries = 0; tries < 100 && (await names()).length > 2; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 50); });
    return names();
  });
  assert.deepEqual(caches, [`retort-${next}`, "retort-data"].sort());
  page.calm();
});

test("a reload takes the next version as well", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await settled(page.tab);
  const folder = path.join(scratch(t), "site");
  const next = another(folder);
  page.browser.server.folder = folder;
  await page.tab.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
  await page.tab.getByText("A new version of this page is there.").waitFor();
  await page.tab.reload();
  await page.tab.waitForFunction((next) => globalThis.retort?.version === next, next);
  assert.match(await heading(page.tab), /^Another /);
});

test("a version that is only half there never takes over", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await settled(page.tab);
  const folder = path.join(scratch(t), "site");
  another(folder);
  // A page of yet another version: what a host has in the middle of being changed.
  fs.appendFileSync(path.join(folder, "survey.html"), "<!-- later -->");
  page.browser.server.folder = folder;
  const failed = await page.tab.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const found = new Promise((resolve) => { registration.addEventListener("updatefound", () => resolve(registration.installing)); });
    await registration.update().catch(() => {});
    const coming = await found;
    while (!["redundant", "installed", "activated"].includes(coming.state)) await new Promise((resolve) => { setTimeout(resolve, 50); });
    return coming.state;
  });
  assert.equal(failed, "redundant");
  await page.tab.reload();
  await page.tab.waitForFunction(() => globalThis.retort);
  assert.equal(await version(page.tab), site.version);
  await page.ready();
});

test("a download that broke off goes on where it stopped", { timeout }, async (t) => {
  assert.ok(site.parts.length > 4, `${site.parts.length} parts are too few to break off among`);
  const page = await Page.open(t, { start: false });
  const { server } = page.browser;
  const part = (name) => name.startsWith("/parts/");
  const arrived = () => server.asked.filter(part);
  server.breaks = (name) => part(name) && arrived().length >= 3;
  await page.go("");
  await page.alert.waitFor();
  const early = arrived();
  assert.ok(early.length >= 3 && early.length < site.parts.length, `${early}`);
  await page.tab.waitForFunction(async (names) => {
    const kept = await (await caches.open("retort-data")).keys();
    return names.every((name) => kept.some(({ url }) => new URL(url).pathname === name));
  }, early);
  server.breaks = () => false;
  await page.tab.reload();
  await page.ready();
  await settled(page.tab);
  for (const [name] of site.parts) {
    const times = arrived().filter((asked) => asked === `/${name}`).length;
    // What was on its way when the page was left may be asked for again.
    assert.ok(early.includes(`/${name}`) ? times === 1 : times >= 1, `${name} ${times} times, of ${arrived()}`);
  }
});

test("without a cache the browser gets the modules all the same", { timeout }, async (t) => {
  const page = await Page.open(t, { start: false });
  page.browser.server.change = (name, bytes) => (/\/(worker_)?boot\.js$/.test(name)
    ? Buffer.concat([Buffer.from("Object.defineProperty(globalThis, 'caches', { value: undefined });\n"), bytes])
    : bytes);
  await page.go("");
  await page.ready();
});

test("a module that is not what was packed is refused, and the page says so", { timeout }, async (t) => {
  const page = await Page.open(t, { start: false });
  const { server } = page.browser;
  server.change = (name, bytes) => (name.startsWith("/parts/") ? Buffer.alloc(bytes.length, 0x5a) : bytes);
  await page.go("");
  await page.tab.getByRole("alert").filter({ hasText: /^The laboratory could not be fetched; .*parts.*: found what is not of this name/ }).waitFor();
  server.change = undefined;
  await page.tab.reload();
  await page.ready();
});

test("what is asked for on the first screen is done once the laboratory is there", { timeout }, async (t) => {
  const page = await Page.open(t, { start: false, query: "?device=cpu" });
  const { server } = page.browser;
  let open;
  const held = new Promise((resolve) => { open = resolve; });
  await page.tab.route("**/parts/*", async (route) => {
    await held;
    await route.continue();
  });
  await page.go("?device=cpu&preset=tiny");
  const recorded = page.tab.getByRole("button", { name: "Pause the recording" });
  await recorded.click();
  await page.button("Start").click();
  assert.match(await page.status.textContent(), /your run starts as soon as it is here/);
  assert.ok(await page.button("Start").isDisabled());
  const at = await page.progress.getAttribute("value");
  await page.tab.getByRole("button", { name: "Play the recording" }).focus();
  assert.deepEqual(server.asked.filter((name) => name.startsWith("/parts/")), []);
  open();
  await page.tab.waitForFunction(() => document.querySelector("#setup-title"));
  assert.equal(await page.tab.evaluate(() => document.activeElement.textContent.trim()), "Play the recording");
  assert.equal(await page.progress.getAttribute("value"), at);
  await page.finished();
  page.calm();
});

test("no page does what its content security policy forbids, and none asks another host", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  for (const name of pages) {
    await page.tab.goto(page.browser.address + name);
    await page.tab.waitForFunction(() => globalThis.retort);
    const policy = await page.tab.locator("meta[http-equiv='Content-Security-Policy']").getAttribute("content");
    assert.match(policy, /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/, name);
    await page.tab.waitForTimeout(300);
  }
  for (const room of ["#/", "#/setup", "#/look", "#/compare", "#/keep", "#/selftest"]) {
    await page.go(room);
    await page.tab.waitForTimeout(100);
  }
  assert.deepEqual(serious(page.browser.problems), []);
});

test("the policy is at work: what it forbids is found", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.tab.evaluate(() => {
    const text = document.createElement("p");
    text.setAttribute("style", "color: red");
    document.body.append(text);
  });
  await page.tab.waitForTimeout(300);
  assert.ok(page.browser.problems.some((problem) => /content security policy: style-src/i.test(problem)), `${page.browser.problems}`);
});

test("every address of the site is relative, and code and data are named by their content", () => {
  for (const name of pages) {
    const text = fs.readFileSync(path.join(dist, name), "utf8");
    assert.deepEqual(text.match(/ (?:href|src)="\/[^"]*"/g), null, name);
    for (const [, file] of text.matchAll(/ (?:href|src)="\.\/([^"?#]+)/g)) {
      const known = file.endsWith(".html") || /^(v-[0-9a-f]{12}|data|figures)\//.test(file) || ["icon.svg", "site.webmanifest"].includes(file);
      assert.ok(known, `${name}: ${file}`);
    }
  }
});
