// The larger modules: packed, in parts. Each part is kept as it arrives, so a download that broke off goes on where it
// stopped.
import { site } from "./files.js";
import { KEPT, address, root } from "./place.js";

const AT_ONCE = 4;
const TRIES = 3;

/** The browser's cache; nothing where it has none, as on plain http. */
async function cache() {
  try {
    return await caches.open(KEPT);
  } catch {
    return undefined;
  }
}

/** Whether a part is what its name says, which is made of its content. On plain http browsers do not tell. */
async function right(name, part) {
  const digest = await crypto.subtle?.digest("SHA-256", part);
  return !digest || hex(digest).startsWith(name.split("/").at(-1).split(".")[0]);
}

const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** One part, from the cache or from the server. What is not what it should be is neither taken nor kept. */
async function take([name, bytes], kept) {
  const url = new URL(name, root).href;
  const found = await (await kept?.match(url))?.arrayBuffer();
  if (found && (await right(name, found))) return found;
  for (let left = TRIES; ; left -= 1) {
    try {
      const response = await fetch(url);
      const part = await response.arrayBuffer();
      if (!response.ok || part.byteLength !== bytes) {
        throw new Error(`${url}: wanted ${bytes} bytes, found ${part.byteLength} (status ${response.status})`);
      }
      if (!(await right(name, part))) throw new Error(`${url}: found what is not of this name`);
      // Storage that is full is no reason not to go on.
      await kept?.put(url, new Response(part)).catch(() => {});
      return part;
    } catch (error) {
      if (left === 1) throw error;
      await new Promise((resolve) => { setTimeout(resolve, 500); });
    }
  }
}

/** Nobody else, such as the service worker, fetches the same part at the same time. */
const alone = (name, work) => (navigator.locks ? navigator.locks.request(`retort ${name}`, work) : work());

/** The packed bytes in order; `progress` hears how many of how many have arrived. */
async function packed(parts, progress) {
  const kept = await cache();
  const of = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  const todo = [...parts];
  const coming = [];
  let done = 0;
  const start = () => {
    const part = todo.shift();
    if (!part) return;
    const arrived = alone(part[0], () => take(part, kept)).then((bytes) => {
      done += bytes.byteLength;
      progress(done, of);
      return new Uint8Array(bytes);
    });
    // It is heard of when its turn comes.
    arrived.catch(() => {});
    coming.push(arrived);
  };
  for (let many = 0; many < AT_ONCE; many += 1) start();
  return new ReadableStream({
    async pull(controller) {
      const next = coming.shift();
      if (!next) return controller.close();
      controller.enqueue(await next);
      start();
    },
  });
}

/** What unpacks a module: browsers have no LZMA of their own, so it is a module too. */
async function unpacking({ dictionary }) {
  const code = fetch(address("retort-unpack_bg.wasm"));
  const { default: init, Unpacker } = await import("./retort-unpack.js");
  await init({ module_or_path: code });
  const unpacker = new Unpacker(dictionary);
  return new TransformStream({
    transform(bytes, controller) {
      unpacker.feed(bytes);
      for (let chunk = unpacker.chunk(); chunk; chunk = unpacker.chunk()) controller.enqueue(chunk);
    },
    flush() {
      if (!unpacker.over) throw new Error("wanted the end of LZMA2, found none");
      unpacker.free();
    },
  });
}

/** A module, compiled while it arrives. */
export async function module(name, progress = () => {}) {
  const packing = site.packed[name];
  const [stream, plain] = await Promise.all([packed(packing.parts, progress), unpacking(packing)]);
  // The compiler says that its stream broke, and not why.
  let why;
  const piped = stream.pipeTo(plain.writable).catch((error) => { why = error; });
  try {
    return await WebAssembly.compileStreaming(new Response(plain.readable, { headers: { "content-type": "application/wasm" } }));
  } catch (error) {
    await piped;
    throw why ?? error;
  }
}
