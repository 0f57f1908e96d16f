// The page as the program on this machine serves it, with the runs that are here.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { lay, run } from "./fixtures.mjs";
import { dist, retort, root, scratch } from "./harness.mjs";
import { Page } from "./page.mjs";

const timeout = 300_000;

/** Starts the program; gives what it says at its address, once it says so. */
async function served(test, folder, words, port = "0") {
  const child = spawn(retort, [...words, "--port", port, "--dist", dist], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  test.after(() => child.kill("SIGKILL"));
  let said = "";
  const address = await new Promise((resolve, reject) => {
    const hear = (chunk) => {
      said += chunk;
      const found = said.match(/http:\/\/127\.0\.0\.1:\d+\/\S*/);
      if (found) resolve(found[0]);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("close", (code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  const url = new URL(address);
  return { child, said: () => said, server: { address: `${url.origin}/`, close: async () => {} }, query: url.hash };
}

test("the program serves the page, and lists its runs", { timeout }, async (t) => {
  const folder = scratch(t);
  const recorded = path.join(folder, "runs/recorded run");
  fs.mkdirSync(recorded, { recursive: true });
  fs.copyFileSync(path.join(root, "www/recorded/demo.jsonl"), path.join(recorded, "metrics.jsonl"));
  fs.copyFileSync(path.join(root, "www/presets/demo.toml"), path.join(recorded, "run.toml"));
  const { server } = await served(t, folder, ["serve"]);
  const page = await Page.open(t, { server });
  await page.ready();
  const list = page.tab.getByRole("region", { name: "Runs of this machine" });
  await list.getByText(/finished after \d+ steps/).waitFor();
  await list.getByRole("link", { name: "recorded run" }).click();
  await list.getByText(/^Shown below: recorded run, finished after \d+ steps\.$/).waitFor();
  await page.figure.getByText("Your run").waitFor();
  const rows = await page.numbers("Accuracy on dev");
  assert.ok(rows.length > 1 && rows.at(-1).student > 0, JSON.stringify(rows));
  // On this machine nothing has to be kept for when there is no network.
  assert.equal(await page.tab.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
  page.calm();
});

test("what a host before left in the browser does not hide the program", { timeout }, async (t) => {
  const page = await Page.open(t);
  await page.ready();
  await page.tab.evaluate(() => navigator.serviceWorker.ready);
  await page.browser.server.close();
  const folder = scratch(t);
  lay(folder, run());
  fs.mkdirSync(path.join(folder, "runs/mine"), { recursive: true });
  fs.copyFileSync(path.join(folder, "run.toml"), path.join(folder, "runs/mine/run.toml"));
  await served(t, folder, ["serve"], new URL(page.browser.address).port);
  await page.tab.reload();
  await page.tab.getByRole("region", { name: "Runs of this machine" }).getByText("mine").waitFor();
  assert.equal(await page.tab.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length), 0);
});

test("a run in the terminal is shown as it goes", { timeout }, async (t) => {
  const folder = scratch(t);
  lay(folder, run({ name: "live", steps: 3000 }));
  const { child, said, server, query } = await served(t, folder, ["distil", "run.toml", "--device", "cpu", "--open", "--no-browser"]);
  assert.equal(query, "#/runs/live");
  const page = await Page.open(t, { server, query });
  const told = page.tab.locator("section.native").getByText(/^Shown below: live, at step \d+ of 3000\.$/);
  const step = async () => Number((await told.textContent()).match(/step (\d+)/)[1]);
  await told.waitFor();
  const first = await step();
  await page.tab.waitForFunction((first) => Number(document.querySelector("section.native .follow").textContent.match(/step (\d+)/)?.[1]) > first, first);
  await page.tab.locator("section.native").getByText("Shown below: live, finished after 3000 steps.").waitFor({ timeout: 200_000 });
  assert.match(said(), /the run is over and still shown at http/);
  assert.equal(child.exitCode, null, "it goes on serving");
  // From then on the page asks in vain.
  page.calm();
  child.kill("SIGINT");
  assert.equal(await new Promise((resolve) => { child.once("close", resolve); }), 0);
});
