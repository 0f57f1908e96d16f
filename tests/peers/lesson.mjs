// What a contender is given: two models and one batch, read from a fixture's folder.

import { tensors } from "./safetensors.mjs";

// Names that Hugging Face has written for what is tied to another parameter or is none.
const copies = /^(lm_head|cls\.predictions\.decoder)\.|position_ids$|\.attn\.(masked_)?bias$/;

/** Whether AdamW's weight decay applies to the parameter. */
export const decays = (name) => !/bias$|norm|\.ln_/i.test(name);

async function fetched(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

async function model(url) {
  const [config, file] = await Promise.all([
    fetched(`${url}/config.json`).then((one) => one.json()),
    fetched(`${url}/model.safetensors`).then((one) => one.arrayBuffer()),
  ]);
  const params = [...tensors(file)].filter(([name]) => !copies.test(name));
  return { config, shape: shape(config), params: new Map(params) };
}

/** The sizes that both families' configurations have under names of their own. */
function shape(config) {
  const gpt2 = config.model_type === "gpt2";
  return {
    family: config.model_type,
    layers: gpt2 ? config.n_layer : config.num_hidden_layers,
    heads: gpt2 ? config.n_head : config.num_attention_heads,
    width: gpt2 ? config.n_embd : config.hidden_size,
    vocabulary: config.vocab_size,
    epsilon: gpt2 ? config.layer_norm_epsilon : config.layer_norm_eps,
  };
}

/** The lesson in a folder: `lesson.json` with its `teacher` and `student`. */
export async function load(url) {
  const [lesson, teacher, student] = await Promise.all([
    fetched(`${url}/lesson.json`).then((one) => one.json()),
    model(`${url}/teacher`),
    model(`${url}/student`),
  ]);
  return { ...lesson, teacher, student };
}
