// A task small enough for a software adapter: a few sentences, and a run file over them.

import fs from "node:fs";
import path from "node:path";

const subjects = ["the film", "this story", "the script", "her performance", "the camera", "the ending", "the score", "his debut"];
const good = ["is warm and funny", "moves with grace", "is a quiet triumph", "rewards patience"];
const bad = ["is dull and loud", "falls apart early", "is a tired retread", "wastes its cast"];

/** The data of the run file: 64 labelled sentences, no two alike. */
export const data = {
  name: "reviews.tsv",
  text: [
    "sentence\tlabel",
    ...subjects.flatMap((subject) => [...good.map((end) => `${subject} ${end}\t1`), ...bad.map((end) => `${subject} ${end}\t0`)]),
    "",
  ].join("\n"),
};

/** A run file over `data`, taught by the embedded teacher, with assistants of these shapes. */
export function run({ name = "browser-test", steps = 20, assistants = [] } = {}) {
  const shape = (keys) => `[[assistants]]\n${Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`).join("")}\n`;
  return `name = "${name}"
seed = 3

[data]
source = ""
train = "${data.name}"
max_length = 16

[teacher]
model = "builtin:rotten-tomatoes"

${assistants.map(shape).join("")}[student]
layers = 1
hidden = 32
heads = 2
intermediate = 64

[[phases]]
name = "distil"
steps = ${steps}
batch = 8
eval_every = 20
log_every = 1

[[phases.objectives]]
method = "kd"
temperature = 2.0
alpha = 0.7
`;
}

/** A language model in miniature over the built-in prose, taught by the larger built-in one. */
export function proseRun({ name = "browser-prose", steps = 6 } = {}) {
  return `name = "${name}"
seed = 3

[data]
source = "builtin:prose"
max_length = 32
limit = 32

[teacher]
model = "builtin:prose-large"

[student]
layers = 1
hidden = 16
heads = 2
intermediate = 32
dropout = 0.0

[[phases]]
name = "distil"
steps = ${steps}
batch = 4
eval_every = ${steps}
log_every = 1

[[phases.objectives]]
method = "atkd"

[[phases.objectives]]
method = "cross_entropy"
weight = 0.5

[evaluation]
samples = 2
max_new = 4
`;
}

/** Writes a run file and its data into a folder, as a user of the terminal has them. */
export function lay(folder, text) {
  fs.writeFileSync(path.join(folder, data.name), data.text);
  fs.writeFileSync(path.join(folder, "run.toml"), text);
}

/** Losses by step, of those steps that report them. */
export function losses(events) {
  return new Map(events.filter((event) => event.event === "step" && event.losses).map((event) => [event.step, event.losses.total]));
}

/** The largest relative difference between two runs' losses, and the step where it is. */
export function worst(one, other) {
  return [...one].reduce(
    (found, [step, loss]) => {
      const difference = Math.abs(loss - (other.get(step) ?? Number.NaN)) / Math.abs(loss);
      return difference <= found.difference ? found : { step, difference };
    },
    { step: 0, difference: 0 },
  );
}
