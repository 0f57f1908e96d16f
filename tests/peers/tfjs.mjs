// The step in TensorFlow.js: `variableGrads` under `tidy`, with gradients by hand where the
// library's own would take several times the kernels.

import { decays } from "./lesson.mjs";

const library = new URL("node_modules/@tensorflow/", import.meta.url).href;

/** Its builds for the page are scripts that extend the global `tf`. */
function script(name) {
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    document.head.append(Object.assign(element, { src: library + name, onload: resolve, onerror: reject }));
  });
}

async function backend(device) {
  await script("tfjs/dist/tf.es2017.min.js");
  await script(`tfjs-backend-${device}/dist/tf-backend-${device}.es2017.min.js`);
  if (device === "wasm") globalThis.tf.wasm.setWasmPaths(`${library}tfjs-backend-wasm/dist/`);
  if (!(await globalThis.tf.setBackend(device))) throw new Error(`TensorFlow.js has no ${device} here`);
  await globalThis.tf.ready();
  return globalThis.tf;
}

/** Numbers as tensors that are uploaded once, not at every use. */
function constants(tf) {
  const known = new Map();
  return (value) => {
    if (!known.has(value)) known.set(value, tf.keep(tf.scalar(value)));
    return known.get(value);
  };
}

/** The model's pieces on `tf`. */
function pieces(tf, device, constant) {
  const turned = (x) => tf.transpose(x, [...x.shape.keys()].toSpliced(-2, 2, x.rank - 1, x.rank - 2));

  /** On wasm only the product of plain matrices is XNNPACK's; flags lead to a naive loop. */
  const product = device === "wasm"
    ? (a, b, turnA, turnB) => tf.matMul(turnA ? turned(a) : a, turnB ? turned(b) : b)
    : (a, b, turnA, turnB) => tf.matMul(a, b, turnA, turnB);

  const ones = new Map();
  /** The sum of a matrix's rows. As a product, as the reduction would turn the matrix first. */
  function columns(x) {
    const [rows] = x.shape;
    if (!ones.has(rows)) ones.set(rows, tf.keep(tf.ones([1, rows])));
    return tf.matMul(ones.get(rows), x).reshape([-1]);
  }

  const linear = tf.customGrad((x, weight, bias, save) => {
    save([x, weight]);
    return {
      value: tf.fused.matMul({ a: x, b: weight, bias }),
      gradFunc: (dy, [x, weight]) => [product(dy, weight, false, true), product(x, dy, true, false), columns(dy)],
    };
  });

  /** a·bᵀ */
  const against = tf.customGrad((a, b, save) => {
    save([a, b]);
    return {
      value: product(a, b, false, true),
      gradFunc: (dy, [a, b]) => [tf.matMul(dy, b), product(dy, a, true, false)],
    };
  });

  /** a·b */
  const times = tf.customGrad((a, b, save) => {
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dy, [a, b]) => [product(dy, b, false, true), product(a, dy, true, false)],
    };
  });

  const rows = tf.customGrad((table, ids, save) => {
    save([ids]);
    const shape = table.shape;
    return {
      value: tf.gather(table, ids),
      gradFunc: (dy, [ids]) => [tf.scatterND(ids.expandDims(1), dy, shape), tf.zerosLike(ids)],
    };
  });

  const mean = (x) => tf.mean(x, -1, true);

  function norm(x, weight, bias, epsilon) {
    return tf.customGrad((x, weight, bias, save) => {
      const centred = x.sub(mean(x));
      const scale = tf.rsqrt(mean(tf.square(centred)).add(constant(epsilon)));
      const standard = centred.mul(scale);
      save([standard, scale, weight]);
      return {
        value: standard.mul(weight).add(bias),
        gradFunc(dy, [standard, scale, weight]) {
          const wanted = dy.mul(weight);
          const along = standard.mul(mean(wanted.mul(standard)));
          return [wanted.sub(mean(wanted)).sub(along).mul(scale), columns(dy.mul(standard)), columns(dy)];
        },
      };
    })(x, weight, bias);
  }

  const [half, one, root] = [0.5, 1, Math.SQRT1_2].map(constant);
  const [bell, minusHalf] = [1 / Math.sqrt(2 * Math.PI), -0.5].map(constant);
  const gelu = tf.customGrad((x, save) => {
    const below = tf.erf(x.mul(root)).add(one).mul(half);
    save([x, below]);
    const slope = (x, below) => tf.exp(tf.square(x).mul(minusHalf)).mul(bell).mul(x).add(below);
    return { value: x.mul(below), gradFunc: (dy, [x, below]) => dy.mul(slope(x, below)) };
  });

  // ½(1 + tanh u) = σ(2u), which is the cheaper kernel.
  const [cubic, linearly] = [2 * 0.044715, 2].map((factor) => constant(factor * Math.sqrt(2 / Math.PI)));
  const triple = constant(3);
  const geluNew = tf.customGrad((x, save) => {
    const bent = tf.square(x).mul(cubic);
    const gate = tf.sigmoid(bent.add(linearly).mul(x));
    save([x, bent, gate]);
    const slope = (x, bent, gate) => bent.mul(triple).add(linearly).mul(x).mul(one.sub(gate)).add(one).mul(gate);
    return { value: x.mul(gate), gradFunc: (dy, [x, bent, gate]) => dy.mul(slope(x, bent, gate)) };
  });

  return { linear, against, times, rows, norm, gelu, geluNew };
}

/** The families' forward passes on the pieces: `[rows · length, vocabulary]` logits. */
function models(tf, constant, { linear, against, times, rows, norm, gelu, geluNew }) {
  function attention(qkv, { texts, length, heads, width }, mask) {
    const scale = constant(1 / Math.sqrt(width / heads));
    const all = tf.transpose(qkv.reshape([texts, length, 3 * heads, width / heads]), [0, 2, 1, 3]);
    const [q, k, v] = tf.split(all, 3, 1);
    const products = against(q.mul(scale), k);
    const weights = tf.softmax(mask ? products.add(mask) : products);
    return tf.transpose(times(weights, v), [0, 2, 1, 3]).reshape([texts * length, width]);
  }

  function embedded(word, position, ids, { texts, length, width }) {
    const places = position.slice([0, 0], [length, width]);
    return [rows(word, ids).reshape([texts, length, width]), places];
  }

  function bert(p, ids, shape) {
    const { texts, length, width, epsilon } = shape;
    const pair = (name, f, x, ...more) => f(x, p.get(`${name}.weight`), p.get(`${name}.bias`), ...more);
    const e = "bert.embeddings";
    const word = p.get(`${e}.word_embeddings.weight`);
    const [words, places] = embedded(word, p.get(`${e}.position_embeddings.weight`), ids, shape);
    const kind = p.get(`${e}.token_type_embeddings.weight`).slice([0, 0], [1, width]);
    let x = pair(`${e}.LayerNorm`, norm, words.add(places.add(kind)).reshape([texts * length, width]), epsilon);
    for (let at = 0; at < shape.layers; at++) {
      const layer = `bert.encoder.layer.${at}`;
      const mixed = attention(pair(`${layer}.attention.self.qkv`, linear, x), shape);
      const attended = x.add(pair(`${layer}.attention.output.dense`, linear, mixed));
      x = pair(`${layer}.attention.output.LayerNorm`, norm, attended, epsilon);
      const inner = gelu(pair(`${layer}.intermediate.dense`, linear, x));
      x = pair(`${layer}.output.LayerNorm`, norm, x.add(pair(`${layer}.output.dense`, linear, inner)), epsilon);
    }
    const head = "cls.predictions.transform";
    x = pair(`${head}.LayerNorm`, norm, gelu(pair(`${head}.dense`, linear, x)), epsilon);
    return against(x, word).add(p.get("cls.predictions.bias"));
  }

  function gpt2(p, ids, shape, mask) {
    const { texts, length, width, epsilon } = shape;
    const param = (name) => p.get(`transformer.${name}`);
    const pair = (name, f, x, ...more) => f(x, param(`${name}.weight`), param(`${name}.bias`), ...more);
    const word = param("wte.weight");
    const [words, places] = embedded(word, param("wpe.weight"), ids, shape);
    let x = words.add(places).reshape([texts * length, width]);
    for (let at = 0; at < shape.layers; at++) {
      const qkv = pair(`h.${at}.attn.c_attn`, linear, pair(`h.${at}.ln_1`, norm, x, epsilon));
      x = x.add(pair(`h.${at}.attn.c_proj`, linear, attention(qkv, shape, mask)));
      const inner = geluNew(pair(`h.${at}.mlp.c_fc`, linear, pair(`h.${at}.ln_2`, norm, x, epsilon)));
      x = x.add(pair(`h.${at}.mlp.c_proj`, linear, inner));
    }
    return against(pair("ln_f", norm, x, epsilon), word);
  }

  return { bert, gpt2 };
}

/**
 * The losses, with their gradients: each takes the teacher's logits and every row's label, −100
 * where there is none, and gives back the loss of the student's logits.
 */
function losses(tf, device) {
  /**
   * 1 for the `count` largest numbers. A sort is many kernels on WebGPU, where rows are compared with
   * one another instead: their rank is how many are no larger.
   */
  const largest = device === "wasm"
    ? (x, count) => tf.greaterEqual(x, tf.min(tf.topk(x, count).values)).toFloat()
    : (x, count) => tf.lessEqual(x.expandDims(0), x.expandDims(1)).toFloat().sum(1).greater(x.size - count).toFloat();

  const places = (labels) =>
    tf.tensor2d(labels.flatMap((label, row) => [row, Math.max(label, 0)]), [labels.length, 2], "int32");

  function kd(teacher, labels) {
    const [temperature, count] = [2, labels.length];
    const z = tf.logSoftmax(teacher.div(temperature));
    const p = tf.exp(z);
    const at = places(labels);
    const label = tf.oneHot(tf.tensor1d(labels, "int32"), teacher.shape[1]).toFloat();
    return tf.customGrad((student, save) => {
      const soft = tf.logSoftmax(student.div(temperature));
      const hard = tf.logSoftmax(student);
      save([soft, hard]);
      const divergence = p.mul(z.sub(soft)).sum(-1).mul(temperature ** 2);
      return {
        value: divergence.sub(tf.gatherND(hard, at)).sum().mul(0.5 / count),
        gradFunc: (dy, [soft, hard]) =>
          tf.exp(soft).sub(p).mul(temperature).add(tf.exp(hard).sub(label)).mul(dy.mul(0.5 / count)),
      };
    });
  }

  /** The softmax and the log-sum among the other tokens, and the log-odds against the label. */
  function around(logits, at) {
    const others = tf.tensorScatterUpdate(logits, at, tf.fill([at.shape[0]], -1e9));
    const peak = tf.max(others, -1, true);
    const powers = tf.exp(others.sub(peak));
    const total = powers.sum(-1, true);
    const sum = tf.log(total).add(peak).reshape([-1]);
    return { others, chance: powers.div(total), sum, doubt: sum.sub(tf.gatherND(logits, at)) };
  }

  /** log of the label's probability and of its opposite's. */
  const logs = (doubt) => [tf.neg(tf.softplus(doubt)), tf.neg(tf.softplus(tf.neg(doubt)))];

  function atkd(teacher, labels) {
    const easier = 0.2;
    const at = places(labels);
    const counted = tf.tensor1d(labels.map((label) => Number(label >= 0)));
    const count = labels.filter((label) => label >= 0).length;
    const p = around(teacher, at);
    // Hard are the rows from the one at position ⌊(n − 1) / 2⌋ on; no row without a label is.
    const hard = largest(p.doubt.add(counted.sub(1).mul(1e30)), count - Math.floor((count - 1) / 2));
    const easy = counted.sub(hard);
    const onBinary = hard.mul(tf.scalar(1 - easier).div(hard.sum()));
    const onRest = onBinary.add(easy.mul(tf.scalar(easier).div(easy.sum())));
    const [yes, no] = logs(p.doubt);
    return tf.customGrad((student, save) => {
      const q = around(student, at);
      save([q.chance, q.doubt]);
      const [yes2, no2] = logs(q.doubt);
      const rest = p.chance.mul(p.others.sub(q.others)).sum(-1).sub(p.sum).add(q.sum);
      const binary = tf.exp(yes).mul(yes.sub(yes2)).add(tf.exp(no).mul(no.sub(no2)));
      return {
        value: onRest.mul(rest).add(onBinary.mul(binary)).sum(),
        gradFunc(dy, [chance, doubt]) {
          const pull = onBinary.mul(tf.exp(yes).sub(tf.sigmoid(tf.neg(doubt)))).mul(dy);
          const push = onRest.mul(dy);
          const others = chance.mul(push.add(pull).expandDims(1)).sub(p.chance.mul(push.expandDims(1)));
          return tf.tensorScatterUpdate(others, at, tf.neg(pull));
        },
      };
    });
  }

  return { kd, atkd };
}

/** AdamW's state of some parameters, joined to one vector. */
function group(tf, named, { lr, weight_decay }) {
  const join = (parts) => (parts.length > 1 ? tf.concat(parts.map((part) => part.flatten())) : parts[0].flatten());
  const variables = named.map(([name, { shape, data }]) => tf.variable(tf.tensor(data, shape), true, name));
  const kept = named.map(([name, { data }]) => tf.fill([data.length], decays(name) ? 1 - lr * weight_decay : 1));
  const [all, decay] = [join(variables).clone(), join(kept)].map((one) => tf.variable(one, false));
  const [m, v] = [0, 1].map(() => tf.variable(tf.zerosLike(all), false));
  const sizes = variables.map(({ size }) => size);
  return {
    variables, all, decay, m, v,
    gradient: (grads) => join(variables.map(({ name }) => grads[name])),
    assign(next) {
      all.assign(next);
      const parts = sizes.length > 1 ? tf.split(next, sizes) : [next];
      parts.forEach((part, at) => variables[at].assign(part.reshape(variables[at].shape)));
    },
  };
}

/**
 * AdamW. Kernels on WebGPU cost by their number, so there all parameters are one vector; on wasm
 * they cost by what they move, and joining and splitting would add to it.
 */
function adamw(tf, device, named, lesson) {
  const { betas: [b1, b2], lr, eps, clip } = lesson;
  const groups = (device === "wasm" ? named.map((one) => [one]) : [named]).map((some) => group(tf, some, lesson));
  let count = 0;
  function update(grads) {
    count += 1;
    const root = Math.sqrt(1 - b2 ** count);
    const [epsilon, rate] = [eps * root, (lr * root) / (1 - b1 ** count)].map((one) => tf.scalar(one));
    const gradients = groups.map(({ gradient }) => gradient(grads));
    const length = tf.sqrt(tf.addN(gradients.map((one) => tf.square(one).sum())));
    const scale = tf.minimum(tf.scalar(clip).div(length.add(1e-6)), 1);
    const [first, second] = [scale.mul(1 - b1), tf.square(scale).mul(1 - b2)];
    groups.forEach(({ all, decay, m, v, assign }, at) => {
      const one = m.mul(b1).add(gradients[at].mul(first));
      const two = v.mul(b2).add(tf.square(gradients[at]).mul(second));
      m.assign(one);
      v.assign(two);
      assign(all.mul(decay).sub(one.mul(rate).div(tf.sqrt(two).add(epsilon))));
    });
  }
  return { variables: groups.flatMap(({ variables }) => variables), update };
}

export async function prepare(device, lesson) {
  const tf = await backend(device);
  const { rows: texts, length } = lesson;
  const constant = constants(tf);
  const families = models(tf, constant, pieces(tf, device, constant));
  const loss = losses(tf, device)[lesson.loss];
  const forward = (params, { shape }, ids, mask) =>
    families[shape.family](params, ids, { ...shape, texts, length }, mask);
  const teacher = new Map([...lesson.teacher.params].map(([name, { shape, data }]) => [name, tf.tensor(data, shape)]));
  const { variables, update } = adamw(tf, device, [...lesson.student.params], lesson);
  const student = new Map(variables.map((one) => [one.name, one]));
  const isFuture = (at) => at % length > Math.floor(at / length);
  const penalties = Float32Array.from({ length: length ** 2 }, (_, at) => (isFuture(at) ? -1e9 : 0));
  const mask = tf.tensor2d(penalties, [length, length]);
  return {
    async step() {
      const value = tf.tidy(() => {
        const ids = tf.tensor1d(lesson.ids, "int32");
        const taught = loss(forward(teacher, lesson.teacher, ids, mask), lesson.labels);
        const learn = () => taught(forward(student, lesson.student, ids, mask));
        const { value, grads } = tf.variableGrads(learn, variables);
        update(grads);
        return value;
      });
      const [number] = await value.data();
      value.dispose();
      return number;
    },
  };
}
