// Pipelines that are compiled before they are asked for. A kernel is compiled when it is first launched, and what is
// queued behind it waits. Browsers compile beside other work where they are asked with a promise, and wgpu asks without;
// but a run asks for what runs before it asked for. So that is asked for with a promise as soon as there is a device,
// while models and data are still on their way, and who then asks without one is given what is ready. On a first visit
// it is what the demonstration asks for, `recorded/pipelines.json`.
import { COMPILED, address } from "./place.js";

/** Where the list is: of this version under this address, and the last visit's in the cache. */
const LIST = address("recorded/pipelines.json");
/** At most so many are compiled beforehand, those of the last visit first. */
const MOST = 96;
/** So many milliseconds after the last was asked for, the list is kept. */
const QUIET = 2000;

/** What shaders and layouts were made of. */
const made = new WeakMap();
/** What is ready, by its words, of every device. */
const ready = new WeakMap();
/** The words of all that were asked for, in order. */
const asked = new Set();

/** A pipeline in words, which say all of it. */
function words({ layout, compute: { module, entryPoint, constants } }) {
  return JSON.stringify([entryPoint, constants ?? {}, layout === "auto" ? layout : made.get(layout), made.get(module)]);
}

/** What `words` say. */
function described(device, text) {
  const [entryPoint, constants, layout, code] = JSON.parse(text);
  const groups = (entries) => device.createBindGroupLayout({ entries });
  return {
    layout: layout === "auto" ? layout : device.createPipelineLayout({ bindGroupLayouts: layout.map(groups) }),
    compute: { module: device.createShaderModule({ code }), entryPoint, constants },
  };
}

let list;

/** The words of what is likely to be asked for: fetched once, by who has a device. */
function likely() {
  list ??= (async () => {
    // Storage that is forbidden is no reason not to go on.
    const kept = await caches.open(COMPILED).then((cache) => cache.match(LIST)).catch(() => undefined);
    const all = await (kept ?? (await fetch(LIST))).json();
    return all.map((one) => JSON.stringify(one));
  })().catch(() => []);
  return list;
}

/** Compiles what is likely, in the background. */
async function prepare(device) {
  const shelf = new Map();
  ready.set(device, shelf);
  const compiled = async (text) => device.createComputePipelineAsync(described(device, text));
  for (const text of await likely()) {
    // What another adapter was asked for, or another version kept, may be nothing here.
    device.pushErrorScope("validation");
    compiled(text).then((pipeline) => shelf.set(text, pipeline), () => {});
    device.popErrorScope().catch(() => {});
  }
}

let later;

/** Keeps the list for the next visit, once it is quiet. */
function keep() {
  clearTimeout(later);
  later = setTimeout(async () => {
    const all = [...new Set([...asked, ...(await likely())])].slice(0, MOST);
    const kept = new Response(`[${all.join()}]`);
    // With it go those of earlier versions, whose address was another.
    const cleared = caches.delete(COMPILED).then(() => caches.open(COMPILED));
    await cleared.then((cache) => cache.put(LIST, kept)).catch(() => {});
  }, QUIET);
}

/** Puts another method in the place of one; it is given the one that was there. */
function around({ prototype }, method, change) {
  prototype[method] = change(prototype[method]);
}

/** Remembers what is made by a method, as `of` tells from its description. */
function remember(kind, method, of) {
  around(kind, method, (make) => function remembered(description) {
    const object = make.call(this, description);
    made.set(object, of(description));
    return object;
  });
}

if (globalThis.GPUDevice) {
  remember(GPUDevice, "createShaderModule", ({ code }) => code);
  remember(GPUDevice, "createBindGroupLayout", ({ entries }) => entries);
  remember(GPUDevice, "createPipelineLayout", ({ bindGroupLayouts }) => bindGroupLayouts.map((one) => made.get(one)));
  around(GPUAdapter, "requestDevice", (request) => async function requested(description) {
    const device = await request.call(this, description);
    prepare(device);
    return device;
  });
  around(GPUDevice, "createComputePipeline", (create) => function given(description) {
    const text = words(description);
    if (!asked.has(text)) {
      asked.add(text);
      keep();
    }
    return ready.get(this)?.get(text) ?? create.call(this, description);
  });
}
