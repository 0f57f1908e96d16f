// Every recipe takes some steps in a tab.

import assert from "node:assert/strict";
import { test } from "node:test";
import { data } from "./fixtures.mjs";
import { events } from "./harness.mjs";
import { Page } from "./page.mjs";

const decoders = ["supervised_kd", "reverse_kd", "imitkd", "f_distill", "gkd", "atkd", "homodistil_lm"];
const story = Array.from({ length: 60 }, (_, line) => `It was the ${line}th day, and the sea was as grey as before.\n`).join("");

/** A run that follows a recipe, with models that any of its kind accepts. */
function following(recipe) {
  const writes = decoders.includes(recipe);
  const [file, teacher] = writes
    ? ["story.txt", 'model = "builtin:prose-large"']
    : [data.name, 'model = "builtin:rotten-tomatoes-deep"\npretrained = "builtin:rotten-tomatoes-words"'];
  return `name = "${recipe}-here"
recipe = "${recipe}"
control = true

[data]
source = ""
train = "${file}"
max_length = 16

[teacher]
${teacher}

[student]
layers = 2
hidden = 128
heads = 4
intermediate = 64

[evaluation]
samples = 2
max_new = 4
`;
}

/** The whole run file of a recipe, cut to two steps in every phase. */
function few(text) {
  return text
    .replace(/^steps = .*\n/gm, "")
    .replace(/^epochs = .*$/gm, "steps = 2")
    .replace(/^batch = .*$/gm, "batch = 4")
    .replace(/^eval_every = .*$/gm, "eval_every = 2")
    .replace(/^log_every = .*$/gm, "log_every = 1")
    .replace(/^(max_new|prompt) = .*$/gm, "$1 = 4");
}

for (const kind of ["encoders", "decoders"]) {
  test(`every recipe for ${kind} runs to its end`, { timeout: 900_000 }, async (t) => {
    const page = await Page.open(t, { query: "?device=cpu#/setup" });
    await page.ready();
    const all = await page.methods.getByRole("button").allTextContents();
    assert.ok(decoders.every((recipe) => all.includes(recipe)), `${all}`);
    const recipes = all.filter((recipe) => decoders.includes(recipe) === (kind === "decoders"));
    assert.ok(recipes.length >= 6, `${recipes}`);
    for (const recipe of recipes) {
      await page.go("?device=cpu");
      await page.layRun(following(recipe), `${recipe}-here`);
      const text = few(await page.runFile());
      await page.layRun(text.replace(`${recipe}-here`, `${recipe}-cut`), `${recipe}-cut`);
      await page.bringData(...(kind === "decoders" ? [story, "brought.txt"] : []));
      await page.start();
      await page.finished(300_000);
      const told = events(await page.download("metrics.jsonl"));
      const losses = told.filter((event) => event.event === "step").map((event) => event.losses.total);
      const phases = text.match(/^\[\[phases\]\]$/gm).length;
      assert.equal(losses.length, 2 * phases, `${recipe}: ${losses}`);
      assert.ok(losses.every(Number.isFinite), `${recipe}: ${losses}`);
      t.diagnostic(`${recipe}: losses ${losses.map((loss) => loss.toPrecision(4)).join(", ")}`);
    }
    page.calm();
  });
}
