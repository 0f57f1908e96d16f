// The step in jax-js: teacher, student, loss, gradients, clipping and AdamW in one `jit`.

import { decays } from "./lesson.mjs";
import {
  defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad,
} from "./node_modules/@jax-js/jax/dist/index.js";

/** The packed vector's name, which ends as that of what does not decay. */
const vector = "vectors.bias";

const linear = (x, weight, bias) => np.matmul(x, weight.ref).add(bias.ref);
const gelu = (x) => nn.gelu(x, { approximate: false });
const norm = (x, weight, bias, epsilon) => nn.standardize(x, -1, { epsilon }).mul(weight.ref).add(bias.ref);

/**
 * `nn.dotProductAttention`, but divided by the softmax's sum after the values are mixed: the
 * division brings the heads back in order, where a mere view would slow the next product down.
 */
function attention(qkv, { rows, length, heads, width }, isCausal) {
  const [q, k, v] = np.split(qkv, 3, -1).map((x) => x.reshape([rows, length, heads, width / heads]));
  const products = np.einsum("BLNH,BSNH->BNLS", q, k).mul(1 / Math.sqrt(width / heads));
  const scores = isCausal ? np.where(np.tri(length, length, 0, { dtype: np.bool }), products, -Infinity) : products;
  const peaks = lax.stopGradient(np.max(scores.ref, -1, { keepdims: true }));
  const weights = np.exp(scores.sub(peaks));
  const sums = weights.ref.sum(-1, { keepdims: true }).transpose([0, 2, 1, 3]);
  return np.einsum("BNLS,BSNH->BLNH", weights, v).div(sums).reshape([rows * length, width]);
}

/**
 * Rows of word vectors plus the positions' vectors and whatever every token gets. Added in two
 * dimensions: the gradient of `take` is a routine that wants no view between itself and the sum.
 */
function embedded(word, position, shared, ids, { rows, length, width }) {
  const places = position.ref.slice([0, length]);
  const tiled = np.broadcastTo(shared ? places.add(shared) : places, [rows, length, width]);
  return np.take(word.ref, ids, 0).add(tiled.reshape([rows * length, width]));
}

function bert(p, ids, shape) {
  const pair = (name, f, x, ...more) => f(x, p[`${name}.weight`], p[`${name}.bias`], ...more);
  const e = "bert.embeddings";
  const kind = p[`${e}.token_type_embeddings.weight`].ref.slice(0);
  const word = p[`${e}.word_embeddings.weight`];
  const embeddings = embedded(word, p[`${e}.position_embeddings.weight`], kind, ids, shape);
  let x = pair(`${e}.LayerNorm`, norm, embeddings, shape.epsilon);
  for (let at = 0; at < shape.layers; at++) {
    const layer = `bert.encoder.layer.${at}`;
    const mixed = attention(pair(`${layer}.attention.self.qkv`, linear, x.ref), shape, false);
    const attended = x.add(pair(`${layer}.attention.output.dense`, linear, mixed));
    x = pair(`${layer}.attention.output.LayerNorm`, norm, attended, shape.epsilon);
    const inner = gelu(pair(`${layer}.intermediate.dense`, linear, x.ref));
    x = pair(`${layer}.output.LayerNorm`, norm, x.add(pair(`${layer}.output.dense`, linear, inner)), shape.epsilon);
  }
  const head = "cls.predictions.transform";
  x = gelu(pair(`${head}.dense`, linear, x));
  x = pair(`${head}.LayerNorm`, norm, x, shape.epsilon);
  return np.matmul(x, word.ref.transpose()).add(p["cls.predictions.bias"].ref);
}

function gpt2(p, ids, shape) {
  const param = (name) => p[`transformer.${name}`];
  const pair = (name, f, x, ...more) => f(x, param(`${name}.weight`), param(`${name}.bias`), ...more);
  const word = param("wte.weight");
  let x = embedded(word, param("wpe.weight"), null, ids, shape);
  for (let at = 0; at < shape.layers; at++) {
    const normed = pair(`h.${at}.ln_1`, norm, x.ref, shape.epsilon);
    const mixed = attention(pair(`h.${at}.attn.c_attn`, linear, normed), shape, true);
    x = x.add(pair(`h.${at}.attn.c_proj`, linear, mixed));
    const inner = nn.gelu(pair(`h.${at}.mlp.c_fc`, linear, pair(`h.${at}.ln_2`, norm, x.ref, shape.epsilon)));
    x = x.add(pair(`h.${at}.mlp.c_proj`, linear, inner));
  }
  return np.matmul(pair("ln_f", norm, x, shape.epsilon), word.ref.transpose());
}

/** All biases and norms as one vector, so that the optimiser takes them in one go. */
function packed({ params }) {
  const entries = [...params];
  const isVector = ([name, { shape }]) => shape.length === 1 && !decays(name);
  const vectors = entries.filter(isVector);
  const matrices = entries.filter((entry) => !isVector(entry));
  const ends = vectors.map(((end) => ([, { shape }]) => (end += shape[0]))(0));
  const flat = new Float32Array(ends.at(-1));
  vectors.forEach(([, { data }], at) => flat.set(data, ends[at] - data.length));
  const weights = matrices.map(([name, { shape, data }]) => [name, np.array(data, { shape })]);
  return {
    params: { ...Object.fromEntries(weights), [vector]: np.array(flat) },
    unpack({ [vector]: all, ...weights }) {
      const part = ([name, { shape }], at) => [name, all.ref.slice([ends[at] - shape[0], ends[at]])];
      const parts = Object.fromEntries(vectors.map(part));
      all.dispose();
      return { ...weights, ...parts };
    },
    pack(all) {
      const weights = Object.fromEntries(matrices.map(([name]) => [name, all[name]]));
      return { ...weights, [vector]: np.concatenate(vectors.map(([name]) => all[name])) };
    },
  };
}

/** The logits of every token, `[rows · length, vocabulary]`. Consumes the parameters. */
function logits(params, ids, shape) {
  const all = { bert, gpt2 }[shape.family](params, ids, shape);
  tree.dispose(params);
  return all;
}

/** Summed row by row first: a sum to a single number keeps few of a device's threads busy. */
const total = (x) => (x.ndim > 1 ? x.sum(-1).sum() : x.sum());

/** Where the vocabulary's column is the row's label; fuses into whatever asks. */
const atLabel = (labels, vocabulary) => np.arange(vocabulary).reshape([1, vocabulary]).equal(labels.reshape([-1, 1]));

function kd(teacher, student, labels) {
  const [rows, vocabulary] = student.shape;
  const temperature = 2;
  const p = nn.logSoftmax(teacher.div(temperature));
  const q = nn.logSoftmax(student.ref.div(temperature));
  const soft = total(np.exp(p.ref).mul(p.sub(q)));
  const hard = total(np.where(atLabel(labels, vocabulary), nn.logSoftmax(student), 0));
  return soft.mul(0.5 * temperature ** 2 / rows).sub(hard.mul(0.5 / rows));
}

/** Log-odds against the label, and the log-sum and logits among the other tokens. */
function around(logits, labels) {
  const mask = atLabel(labels, logits.shape[1]);
  const label = np.where(mask.ref, logits.ref, 0).sum(-1);
  const others = np.where(mask, -1e30, logits);
  const sum = nn.logsumexp(others.ref, -1);
  return { doubt: sum.ref.sub(label), others, sum };
}

const logSigmoid = (x) => nn.softplus(x.neg()).neg();

/** The doubt at position ⌊(n − 1) / 2⌋ of the labelled rows: those from it on are hard. */
function threshold(doubt, labels) {
  const counted = labels.ref.greaterEqual(0);
  const position = np.floor(counted.ref.astype(np.float32).sum().sub(1).mul(0.5)).astype(np.int32);
  return np.take(np.sort(np.where(counted, doubt, Infinity)), position, 0);
}

function atkd(teacher, student, labels) {
  const easier = 0.2;
  const p = around(teacher, labels.ref);
  const q = around(student, labels.ref);
  const chance = np.exp(p.others.ref.sub(p.sum.ref.reshape([-1, 1])));
  const rest = chance.mul(p.others.sub(q.others)).sum(-1).sub(p.sum).add(q.sum);
  const counted = labels.ref.greaterEqual(0);
  const hard = np.where(counted.ref, p.doubt.ref.greaterEqual(threshold(p.doubt.ref, labels)), false);
  const easy = np.where(hard.ref, false, counted);
  const [yes, no] = [logSigmoid(p.doubt.ref.neg()), logSigmoid(p.doubt)];
  const [yes2, no2] = [logSigmoid(q.doubt.ref.neg()), logSigmoid(q.doubt)];
  const binary = np.exp(yes.ref).mul(yes.sub(yes2)).add(np.exp(no.ref).mul(no.sub(no2)));
  const mean = (values, chosen) => np.where(chosen.ref, values, 0).sum().div(chosen.astype(np.float32).sum());
  return mean(rest.ref, easy).mul(easier).add(mean(binary.add(rest), hard).mul(1 - easier));
}

/** The new student and moments. `rates` is the step's learning rate and epsilon, bias-corrected. */
function adamw({ student, m, v }, grads, rates, { betas: [b1, b2], lr, weight_decay, clip }) {
  const squares = Object.values(grads).map((grad) => total(np.square(grad.ref)));
  const length = np.sqrt(squares.reduce((sum, one) => sum.add(one)));
  const scale = np.minimum(np.reciprocal(length.add(1e-6)).mul(clip), 1);
  const first = scale.ref.mul(1 - b1);
  const second = np.square(scale).mul(1 - b2);
  const next = { student: {}, m: {}, v: {} };
  for (const [name, grad] of Object.entries(grads)) {
    next.m[name] = m[name].mul(b1).add(grad.ref.mul(first.ref));
    next.v[name] = v[name].mul(b2).add(np.square(grad).mul(second.ref));
    const update = next.m[name].ref.mul(rates.ref.slice(0)).div(np.sqrt(next.v[name].ref).add(rates.ref.slice(1)));
    next.student[name] = student[name].mul(decays(name) ? 1 - lr * weight_decay : 1).sub(update);
  }
  [first, second, rates].forEach((one) => one.dispose());
  return next;
}

export async function prepare(device, lesson) {
  await init(device);
  defaultDevice(device);
  const { rows, length, betas: [b1, b2], lr, eps } = lesson;
  const [teacher, student] = [packed(lesson.teacher), packed(lesson.student)];
  const loss = { kd, atkd }[lesson.loss];

  const step = jit(function step(state, fixed, ids, labels, rates) {
    const target = logits(teacher.unpack(fixed), ids.ref, { ...lesson.teacher.shape, rows, length });
    const [value, grads] = valueAndGrad((params) => {
      const seen = logits(params, ids, { ...lesson.student.shape, rows, length });
      return loss(target, seen, labels);
    })(student.unpack(tree.ref(state.student)));
    return [value, adamw(state, student.pack(grads), rates, lesson)];
  });

  const ints = (list) => np.array(new Int32Array(list));
  const [ids, labels] = [ints(lesson.ids), ints(lesson.labels)];
  const zeros = () => tree.map((one) => np.zeros(one.shape), student.params);
  let state = { m: zeros(), v: zeros(), student: student.params };
  let count = 0;
  return {
    async step() {
      count += 1;
      const root = Math.sqrt(1 - b2 ** count);
      const rates = np.array(new Float32Array([(lr * root) / (1 - b1 ** count), eps * root]));
      const [value, next] = step(state, tree.ref(teacher.params), ids.ref, labels.ref, rates);
      state = next;
      return (await value.data())[0];
    },
  };
}
