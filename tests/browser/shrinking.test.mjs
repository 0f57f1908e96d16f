// HomoDistil runs to its end in a tab: from its teacher to a student of half the width, drawn on the way.

import assert from "node:assert/strict";
import { test } from "node:test";
import { data } from "./fixtures.mjs";
import { events } from "./harness.mjs";
import { Page } from "./page.mjs";

const file = `name = "browser-homodistil"
recipe = "homodistil"
seed = 3

[data]
source = ""
train = "${data.name}"
max_length = 16

[teacher]
model = "builtin:rotten-tomatoes-deep"
pretrained = "builtin:rotten-tomatoes-words"
`;

/** The recipe's phases on so few sentences. */
const short = (text) =>
  text
    .replace(/^epochs = .*$/gm, "steps = 24")
    .replace(/^batch = .*$/gm, "batch = 8")
    .replace(/^eval_every = .*$/gm, "eval_every = 12")
    .replace(/^every = .*$/gm, "every = 3");

test("HomoDistil runs to its end, and is drawn on the way", { timeout: 600_000 }, async (t) => {
  const page = await Page.open(t, { query: "?device=cpu" });
  await page.layRun(file, "browser-homodistil");
  await page.layRun(short(await page.runFile()).replace("browser-homodistil", "browser-short"), "browser-short");
  await page.bringData();
  await page.start();
  await page.finished();
  const told = events(await page.download("metrics.jsonl"));
  const first = told.find((event) => event.event === "step").losses.terms;
  for (const [term, loss] of Object.entries(first).filter(([term]) => term !== "cross_entropy")) {
    assert.ok(Math.abs(loss) < 1e-6, `${term} is ${loss} at the first step`);
  }
  const cuts = told.filter((event) => event.event === "shrunk" && event.who === "student");
  assert.ok(cuts.length > 3, `${cuts.length} cuts`);
  const { from, sizes } = cuts.at(-1);
  assert.deepEqual([2 * sizes.hidden, 2 * sizes.neurons, 2 * sizes.head], [from.hidden, from.neurons, from.head]);

  await page.room("Run");
  const section = page.tab.locator("section.shrinking");
  await section.getByText(`width ${sizes.hidden} of ${from.hidden}`).waitFor();
  await section.getByLabel(/^Cut \d+ of/).fill("0");
  await section.getByText(`width ${cuts[0].sizes.hidden} of ${from.hidden}`).waitFor();
  await section.getByText("The numbers").click();
  await section.getByRole("columnheader").first().waitFor();
  const names = await section.getByRole("columnheader").allTextContents();
  assert.ok(names.some((name) => name.startsWith("kl")) && names.some((name) => name.startsWith("hidden")), `${names}`);
  const config = JSON.parse(await page.download("config.json"));
  assert.deepEqual([config.hidden_size, config.intermediate_size], [sizes.hidden, sizes.neurons]);
  t.diagnostic(`${cuts.length} cuts, ${cuts.at(-1).parameters} parameters`);
  page.calm();
});
