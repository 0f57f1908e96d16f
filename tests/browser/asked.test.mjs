// What the worker answers about a run: before its start, in the middle of it, and without disturbing it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { data, run } from "./fixtures.mjs";
import { Worker } from "./kept.mjs";
import { Page } from "./page.mjs";

for (const device of ["cpu", "webgpu"]) {
  test(`a run is described, looked into and taken apart on ${device}`, { timeout: 600_000 }, async (t) => {
    const page = await Page.open(t, { query: `?device=${device}` });
    await page.ready();
    const worker = await Worker.open(page.browser, await page.browser.context.newPage());
    const own = { [data.name]: data.text };
    const text = run({ steps: 12 });

    const { description } = await worker.ask({ ask: "describe", run: text, device }, "described", own);
    assert.deepEqual(description.problems, []);
    assert.equal(description.steps, 12);
    assert.equal(description.texts.files[0].label, "label");
    assert.deepEqual(description.hops.map((hop) => hop.models.map((model) => model.who)), [["teacher", "student"]]);
    const bad = text.replace("heads = 2", "heads = 3");
    const wrong = await worker.ask({ ask: "describe", run: bad, device }, "described", own);
    assert.match(wrong.description.problems.join(), /student\.heads: wanted a divisor of the width 32, found 3/);

    await worker.open(text, own, { device });
    for (let step = 0; step < 2; step += 1) await worker.ask({ ask: "step" }, "paused");

    const { attention } = await worker.ask({ ask: "attend", text: "the film is warm" }, "attended");
    const [teacher, student] = attention.models;
    assert.deepEqual([teacher.who, student.who], ["teacher", "student"]);
    assert.deepEqual([student.layers.length, student.layers[0].length], [1, 2]);
    for (const row of student.layers.flat(2)) {
      assert.ok(Math.abs(row.reduce((sum, share) => sum + share, 0) - 1) < 1e-5, String(row));
    }
    const refused = await worker.hear({ ask: "attend", text: " " }, "attended");
    assert.deepEqual([refused.tell, refused.ask], ["refused", "attend"]);

    const { disagreements } = await worker.ask({ ask: "disagree", most: 2 }, "disagreed");
    assert.equal(disagreements.asks, "classes");
    assert.equal(disagreements.most.length, 2);

    const apart = { ask: "apart", example: { of: "train", index: 1 } };
    const first = (await worker.ask(apart, "taken_apart")).apart;
    assert.equal(first.step, 2);
    const sum = first.terms.reduce((sum, term) => sum + term.weighted, 0);
    assert.ok(Math.abs(sum - first.total) < 1e-6, `${sum} ${first.total}`);
    assert.deepEqual((await worker.ask(apart, "taken_apart")).apart, first);

    // Described in the middle, with another file of the same name: the run goes on with its own.
    const other = { [data.name]: data.text.split("\n").slice(0, 41).join("\n") };
    const meanwhile = await worker.ask({ ask: "describe", run: text, device }, "described", other);
    assert.equal(meanwhile.description.texts.files[0].rows, 40);
    await worker.train();
    assert.equal((await worker.hear(apart, "taken_apart")).tell, "refused");
    page.calm();
  });
}
