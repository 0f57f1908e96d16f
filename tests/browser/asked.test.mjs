// What the worker answers about a run: before its start, in the middle of it, and without disturbing it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { data, run } from "./fixtures.mjs";
import { open } from "./harness.mjs";

/** A worker of the page's without the page, and a way to ask it. */
function listen() {
  const worker = new Worker("worker_boot.js", { type: "module" });
  const heard = [];
  let wake = () => {};
  worker.onmessage = ({ data }) => { heard.push(JSON.parse(data.json)); wake(); };
  const post = (message, files) => {
    const bytes = files.map(([name, text]) => [name, new TextEncoder().encode(text)]);
    worker.postMessage({ json: JSON.stringify(message), files: bytes });
  };
  /** Everything that is told until one of `tells`, that one included. */
  const until = async (tells, from) => {
    for (;;) {
      const end = heard.findIndex((message, place) => place >= from && [...tells, "failed", "crashed"].includes(message.tell));
      if (end >= 0) return heard.slice(from, end + 1);
      await new Promise((resolve) => { wake = resolve; });
    }
  };
  window.booted = until(["booted"], 0).then(() => null);
  window.ask = async (message, tells, files = []) => {
    const from = heard.length;
    post(message, files);
    return (await until(tells, from)).at(-1);
  };
  window.done = async () => {
    while (!heard.some(({ event }) => event?.event === "done")) await new Promise((resolve) => { wake = resolve; });
  };
}

for (const device of ["cpu", "webgpu"]) {
  test(`a run is described, looked into and taken apart on ${device}`, { timeout: 600_000 }, async (t) => {
    const browser = await open();
    t.after(() => browser.close());
    const { tab } = browser;
    // Any file of the page's folder: the page itself would start a worker of its own.
    await tab.goto(`${browser.address}worker_boot.js`);
    await tab.evaluate(listen);
    await tab.evaluate(() => window.booted);
    const ask = (message, tells, files = []) =>
      tab.evaluate(([message, tells, files]) => window.ask(message, tells, files), [message, tells, files]);
    const file = [data.name, data.text];
    const text = run({ steps: 12 });

    const { description } = await ask({ ask: "describe", run: text, device }, ["described"], [file]);
    assert.deepEqual(description.problems, []);
    assert.equal(description.steps, 12);
    assert.equal(description.texts.files[0].label, "label");
    assert.deepEqual(description.hops.map((hop) => hop.models.map((model) => model.who)), [["teacher", "student"]]);
    const wrong = await ask({ ask: "describe", run: text.replace("heads = 2", "heads = 3"), device }, ["described"], [file]);
    assert.match(wrong.description.problems.join(), /student\.heads: wanted a divisor of the width 32, found 3/);

    assert.equal((await ask({ ask: "open", run: text, device }, ["event"], [file])).tell, "event");
    for (let step = 0; step < 2; step += 1) assert.equal((await ask({ ask: "step" }, ["paused"])).tell, "paused");

    const attended = await ask({ ask: "attend", text: "the film is warm" }, ["attended", "refused"]);
    const [teacher, student] = attended.attention.models;
    assert.deepEqual([teacher.who, student.who, student.layers.length, student.layers[0].length], ["teacher", "student", 1, 2]);
    for (const row of student.layers.flat(2)) {
      assert.ok(Math.abs(row.reduce((sum, share) => sum + share, 0) - 1) < 1e-5, String(row));
    }
    const refused = await ask({ ask: "attend", text: " " }, ["attended", "refused"]);
    assert.deepEqual([refused.tell, refused.ask], ["refused", "attend"]);

    const { disagreements } = await ask({ ask: "disagree", most: 2 }, ["disagreed", "refused"]);
    assert.equal(disagreements.asks, "classes");
    assert.equal(disagreements.most.length, 2);

    const apart = { ask: "apart", example: { of: "train", index: 1 } };
    const first = (await ask(apart, ["taken_apart", "refused"])).apart;
    assert.equal(first.step, 2);
    const sum = first.terms.reduce((sum, term) => sum + term.weighted, 0);
    assert.ok(Math.abs(sum - first.total) < 1e-6, `${sum} ${first.total}`);
    assert.deepEqual((await ask(apart, ["taken_apart", "refused"])).apart, first);

    // Described while it runs, with another file of the same name: the run goes on.
    await ask({ ask: "start" }, ["running"]);
    const other = [data.name, data.text.split("\n").slice(0, 41).join("\n")];
    const meanwhile = await ask({ ask: "describe", run: text, device }, ["described"], [other]);
    assert.equal(meanwhile.description.texts.files[0].rows, 40);
    await tab.evaluate(() => window.done());
    assert.equal((await ask(apart, ["taken_apart", "refused"])).tell, "refused");
    assert.deepEqual(browser.problems, []);
  });
}
