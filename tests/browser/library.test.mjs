// Many runs in one browser: kept side by side, moved to the terminal and back, and never open twice.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { events, native, open, scratch } from "./harness.mjs";
import { data, lay, losses, run, worst } from "./fixtures.mjs";
import { Worker } from "./kept.mjs";

const timeout = 600_000;
/** The largest relative difference of a loss that rounding is allowed. */
const TOLERANCE = 1e-3;
const own = { [data.name]: data.text };
const id = /^[a-z]+-[a-z]+-\d\d$/;

/** A browser with a worker to be spoken to; what went wrong without being caught fails the test at its end. */
async function opened(t) {
  const browser = await open();
  t.after(() => browser.close());
  return { browser, worker: await Worker.open(browser) };
}

function calm(browser) {
  assert.deepEqual(browser.problems, []);
}

/** Losses of a run that the terminal does alone. */
async function alone(t, text) {
  const folder = scratch(t);
  lay(folder, text);
  const { code, stdout, stderr } = await native(folder, "distil", "run.toml", "--device", "cpu", "--json", "--out", "out");
  assert.equal(code, 0, stderr);
  return losses(events(stdout));
}

function alike(t, wanted, found, what) {
  assert.deepEqual([...found.keys()].sort((a, b) => a - b), [...wanted.keys()]);
  const { difference, step } = worst(wanted, found);
  t.diagnostic(`${what}: worst relative difference ${difference.toExponential(1)}, at step ${step}`);
  assert.ok(difference <= TOLERANCE, `wanted at most ${TOLERANCE}, found ${difference}`);
}

test("runs are kept side by side, named, looked at and removed", { timeout }, async (t) => {
  const { browser, worker } = await opened(t);
  assert.deepEqual(await worker.runs(), []);
  const first = await worker.open(run({ name: "first" }), own);
  assert.match(first.id, id);
  assert.equal(first.title, "first");
  await worker.train();
  const second = await worker.open(run({ name: "second", steps: 40 }), own, { title: "The second" });
  await worker.train(25);
  const { runs, quota } = await worker.ask({ ask: "runs" }, "runs");
  assert.deepEqual(runs.map((one) => [one.title, one.done, one.open]), [["The second", false, true], ["first", true, false]]);
  assert.ok(runs[0].step >= 20 && runs[0].steps === 40, JSON.stringify(runs[0]));
  assert.ok(runs.every((one) => one.bytes > 10_000 && one.changed >= one.created && one.trouble === null));
  assert.ok(runs[1].figures.some(({ who, split }) => who === "student" && split === "test"));
  assert.ok(quota.total > quota.used && quota.used > 0, JSON.stringify(quota));

  await worker.ask({ ask: "rename", id: first.id, title: "Before" }, "runs");
  assert.equal((await worker.runs()).find((one) => one.id === first.id).title, "Before");
  const looked = await worker.ask({ ask: "look", id: first.id }, "looked");
  assert.equal(looked.events.at(-1).event, "done");
  assert.match(looked.run, /name = "first"/);

  const refused = await worker.hear({ ask: "delete", id: second.id }, "runs");
  assert.equal(refused.tell, "refused");
  assert.match(refused.message, /wanted a run that is not open/);
  const left = await worker.ask({ ask: "delete", id: first.id }, "runs");
  assert.deepEqual(left.runs.map((one) => one.id), [second.id]);
  assert.match((await worker.hear({ ask: "look", id: first.id }, "looked")).message, /one of those that are kept here/);
  calm(browser);
});

test("a run is open for writing in one tab at a time, and may be read in all", { timeout }, async (t) => {
  const { browser, worker } = await opened(t);
  const { id } = await worker.open(run({ steps: 40 }), own);
  await worker.train(21);
  const tab = await browser.context.newPage();
  const other = await Worker.open(browser, tab);
  assert.equal((await other.runs())[0].open, true);
  for (const message of [{ ask: "resume", id, device: "cpu" }, { ask: "delete", id }]) {
    const answer = await other.hear(message, ["opened", "runs"]);
    assert.match(answer.message, /wanted a run that nobody else has open, found one that is open in another tab/);
  }
  assert.ok((await other.ask({ ask: "look", id }, "looked")).events.length > 20);
  await worker.ask({ ask: "stop" }, "ready");
  const resumed = await other.ask({ ask: "resume", id, device: "cpu" }, "opened");
  assert.equal(resumed.id, id);
  // A tab that is closed lets go.
  await tab.close();
  assert.equal((await worker.ask({ ask: "resume", id, device: "cpu" }, "opened")).id, id);
  calm(browser);
});

test("a run goes from the browser to the terminal and back, to the same losses", { timeout }, async (t) => {
  const steps = 60;
  const wanted = await alone(t, run({ steps }));
  const { browser, worker } = await opened(t);
  const { id } = await worker.open(run({ steps }), own);
  await worker.train(25);
  const { name, bytes } = await worker.archive(id);
  assert.equal(name, "browser-test.retort.zip");
  const folder = scratch(t);
  fs.writeFileSync(path.join(folder, name), bytes);
  const there = await native(folder, "distil", name, "--resume", "--device", "cpu", "--json");
  assert.equal(there.code, 0, there.stderr);
  const log = (dir) => losses(events(fs.readFileSync(path.join(folder, dir, "metrics.jsonl"), "utf8")));
  alike(t, wanted, log("browser-test"), "begun in the browser, ended in the terminal");

  // The other way: the terminal's run is a longer one of the same, stopped by its budget.
  const short = run({ steps: 30 }).replace("log_every = 1", "log_every = 1\nkeep_best = false\n[phases.optimizer]\ndecay = \"constant\"\nwarmup = 0.0\n");
  const far = scratch(t);
  lay(far, short);
  assert.equal((await native(far, "distil", "run.toml", "--device", "cpu", "--json", "--out", "out")).code, 0);
  assert.equal((await native(far, "archive", "out")).code, 0);
  const archive = fs.readFileSync(path.join(far, "out.retort.zip"));
  const { added } = await worker.ask({ ask: "import" }, "runs", { "out.retort.zip": archive });
  const long = short.replace("steps = 30", "steps = 50");
  const branched = await worker.ask({ ask: "branch", id: added, from: "last", run: long, device: "cpu" }, "opened");
  await worker.train();
  const told = (await worker.ask({ ask: "look", id: branched.id }, "looked")).events;
  alike(t, await alone(t, long), losses(told), "begun in the terminal, ended in the browser");
  const mine = (await worker.runs()).find((one) => one.id === branched.id);
  assert.deepEqual(mine.branched_from, { id: added, title: "browser-test", step: 30 });
  const refused = await worker.hear(
    { ask: "branch", id: added, from: "best", run: long.replace("hidden = 32", "hidden = 16"), device: "cpu" }, "opened");
  assert.match(refused.message, /student\.hidden: wanted 32, as in the run that it starts from/);
  assert.equal((await worker.runs()).length, 3);
  calm(browser);
});

test("what is no archive is refused, and what was there stays", { timeout }, async (t) => {
  const { browser, worker } = await opened(t);
  const { id } = await worker.open(run(), own);
  await worker.train();
  const { bytes } = await worker.archive(id);
  const half = await worker.hear({ ask: "import" }, "runs", { "half.retort.zip": bytes.subarray(0, bytes.length / 2) });
  assert.match(half.message, /^half\.retort\.zip: wanted a whole ZIP file of a run/);
  assert.equal((await worker.runs()).length, 1);
  calm(browser);
});

test("where there is no more room it is said, and what was there stays", { timeout }, async (t) => {
  const { browser, worker } = await opened(t);
  const first = await worker.open(run({ name: "first" }), own);
  await worker.train();
  const { quota } = await worker.ask({ ask: "runs" }, "runs");
  const session = await browser.context.newCDPSession(browser.tab);
  const { origin } = new URL(browser.address);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: quota.used + 20_000 });
  const refused = await worker.hear({ ask: "open", run: run({ name: "second", steps: 40 }), device: "cpu" }, "opened", own);
  // There may be room for the beginning, and none for the first checkpoint.
  const said = refused.tell === "opened" ? await worker.hear({ ask: "pause" }, "paused") : refused;
  assert.match(said.message, /this browser's storage is full; what was there before is untouched/);
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  const kept = (await worker.runs()).find((one) => one.id === first.id);
  assert.ok(kept.done && kept.trouble === null, JSON.stringify(kept));
  await worker.ask({ ask: "resume", id: first.id, device: "cpu" }, "opened");
  calm(browser);
});

test("the run of an earlier version is still there", { timeout }, async (t) => {
  const { browser, worker } = await opened(t);
  const { id } = await worker.open(run({ steps: 40 }), own);
  await worker.train(25);
  await worker.ask({ ask: "stop" }, "ready");
  // As the version before kept it.
  await browser.tab.evaluate(async (id) => {
    globalThis.kept.worker.terminate();
    const home = await (await navigator.storage.getDirectory()).getDirectoryHandle("retort");
    const copy = async (from, to) => {
      for await (const [name, handle] of from.entries()) {
        if (handle.kind === "directory") {
          await copy(handle, await to.getDirectoryHandle(name, { create: true }));
        } else if (name !== "about.json") {
          const file = await (await to.getFileHandle(name, { create: true })).createWritable();
          await file.write(await (await handle.getFile()).arrayBuffer());
          await file.close();
        }
      }
    };
    const runs = await home.getDirectoryHandle("runs");
    await copy(await runs.getDirectoryHandle(id), await home.getDirectoryHandle("a", { create: true }));
    const current = await (await home.getFileHandle("current", { create: true })).createWritable();
    await current.write("a");
    await current.close();
    await home.removeEntry("runs", { recursive: true });
  }, id);
  const after = await Worker.open(browser);
  const [old] = await after.runs();
  assert.ok(old.step >= 20 && old.steps === 40 && old.title === "browser-test", JSON.stringify(old));
  await after.ask({ ask: "resume", id: old.id, device: "cpu" }, "opened");
  await after.train();
  const told = (await after.ask({ ask: "look", id: old.id }, "looked")).events;
  alike(t, await alone(t, run({ steps: 40 })), losses(told), "taken over");
  calm(browser);
});
