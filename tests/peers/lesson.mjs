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

/** A matrix turned: `[out, in]` to `[in, out]`. */
function turned({ shape: [rows, columns], data }) {
  const turn = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turn[column * rows + row] = data[row * columns + column];
  }
  return { shape: [columns, rows], data: turn };
}

/** Tensors under one another. */
function stacked(parts) {
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  parts.reduce((at, part) => (data.set(part.data, at), at + part.data.length), 0);
  return { shape: [parts.reduce((sum, { shape }) => sum + shape[0], 0), ...parts[0].shape.slice(1)], data };
}

/**
 * BERT's parameters as GPT-2 has them: queries, keys and values in one matrix, matrices
 * `[in, out]`. The step is the same, as AdamW and the gradient's norm go by single numbers.
 */
function likeGpt2(params) {
  const like = new Map();
  for (const [name, param] of params) {
    const [, layer, part, kind] = name.match(/^(.*\.self)\.(query|key|value)\.(weight|bias)$/) ?? [];
    if (!layer) like.set(name, param);
    else if (part === "query") {
      const parts = ["query", "key", "value"].map((one) => params.get(`${layer}.${one}.${kind}`));
      like.set(`${layer}.qkv.${kind}`, stacked(parts));
    }
  }
  const turn = ([name, param]) => [name, param.shape.length === 2 && !/embeddings/.test(name) ? turned(param) : param];
  return new Map([...like].map(turn));
}

async function model(url) {
  const [config, file] = await Promise.all([
    fetched(`${url}/config.json`).then((one) => one.json()),
    fetched(`${url}/model.safetensors`).then((one) => one.arrayBuffer()),
  ]);
  const named = new Map([...tensors(file)].filter(([name]) => !copies.test(name)));
  return { shape: shape(config), params: config.model_type === "bert" ? likeGpt2(named) : named };
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
