// The site without a network. A version is fetched whole before it takes over, and serves its own files until every
// page of it is closed or the visitor accepts the next: no page ever gets files of two versions.
//
// `SITE`, written above by the build: version; pages and code, each with its SHA-256; first, parts and all data.

const CODE = `retort-${SITE.version}`;
const DATA = "retort-data";
const COMPILED = "retort-pipelines";
const scope = new URL("./", self.location.href);
const at = (name) => new URL(name, scope).href;
const digest = async (buffer) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", buffer));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
};

/** What of an answer is kept: that it was redirected could not answer a navigation. Pages that their host sets apart from
 * other sites stay so. */
function copy(response, bytes) {
  const headers = new Headers({ "content-type": response.headers.get("content-type") ?? "application/octet-stream" });
  for (const name of ["opener", "embedder", "resource"].map((what) => `cross-origin-${what}-policy`)) {
    if (response.headers.has(name)) headers.set(name, response.headers.get(name));
  }
  return new Response(bytes, { headers });
}

/** Fetches what must have this content, past every cache that might keep another. */
async function take(cache, [name, wanted]) {
  const response = await fetch(at(name), { cache: "no-cache" });
  const bytes = await response.arrayBuffer();
  if (!response.ok || (await digest(bytes)) !== wanted) {
    throw new Error(`${name}: not of version ${SITE.version}`);
  }
  await cache.put(at(name), copy(response, bytes));
}

/** What is named by its content is fetched once, by whoever comes first. */
async function once(cache, [name, bytes]) {
  await navigator.locks.request(`retort ${name}`, async () => {
    if (await cache.match(at(name))) return;
    const response = await fetch(at(name));
    const body = await response.arrayBuffer();
    if (!response.ok || body.byteLength !== bytes) throw new Error(`${name}: wanted ${bytes} bytes, found ${body.byteLength}`);
    if (!(await digest(body)).startsWith(name.split("/").at(-1).split(".")[0])) throw new Error(`${name}: found what is not of this name`);
    await cache.put(at(name), copy(response, body));
  });
}

async function install() {
  const code = await caches.open(CODE);
  await Promise.all([...SITE.pages, ...SITE.code].map((file) => take(code, file)));
  const data = await caches.open(DATA);
  for (const file of [...SITE.first, ...SITE.parts]) await once(data, file);
}

/** Removes what the one open page, which is of this version, does not need. */
async function tidy() {
  for (const name of await caches.keys()) {
    if (name.startsWith("retort-") && ![CODE, DATA, COMPILED].includes(name)) await caches.delete(name);
  }
  const data = await caches.open(DATA);
  const wanted = new Set([...SITE.parts, ...SITE.data].map(([name]) => at(name)));
  for (const request of await data.keys()) {
    if (!wanted.has(request.url)) await data.delete(request);
  }
}

const windows = () => self.clients.matchAll({ type: "window", includeUncontrolled: true });

/** How often the browser was asked to come again, because the next version takes over. */
let leaving = 0;

/** A page of this version; where only one tab is open and a new version waits, that one instead. */
async function page(request, name) {
  const { waiting } = self.registration;
  if ((waiting || leaving) && leaving < 20 && (await windows()).length < 2) {
    leaving += 1;
    waiting?.postMessage({ ask: "take over" });
    return new Response("", { headers: { refresh: "0" } });
  }
  return (await (await caches.open(CODE)).match(at(name))) ?? fetch(request);
}

/** Code of any version: the page that asks may be one of an earlier one. */
async function code(request, name) {
  const from = name.startsWith("v-") ? caches : await caches.open(CODE);
  return (await from.match(at(name))) ?? fetch(request);
}

/** Data, kept from the first time on. */
async function data(request) {
  const cache = await caches.open(DATA);
  const found = await cache.match(request.url);
  if (found) return found;
  const response = await fetch(request);
  // Storage that is full is no reason not to answer.
  if (response.status === 200) await cache.put(request.url, response.clone()).catch(() => {});
  return response;
}

/** Everything that is named by its content. */
const all = [...SITE.parts, ...SITE.data];
const of = all.reduce((sum, [, bytes]) => sum + bytes, 0);

/** How many bytes of them are kept. */
async function kept() {
  const there = new Set((await (await caches.open(DATA)).keys()).map((request) => request.url));
  return all.filter(([name]) => there.has(at(name))).reduce((sum, [, bytes]) => sum + bytes, 0);
}

/** Fetches all data, telling how far it is. */
async function keep(port) {
  let kept = 0;
  try {
    const cache = await caches.open(DATA);
    for (const file of all) {
      await once(cache, file);
      kept += file[1];
      port.postMessage({ kept, of, over: kept === of });
    }
  } catch (error) {
    port.postMessage({ kept, of, over: true, error: String(error) });
  }
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(scope.href)) return;
  const name = request.url.slice(scope.href.length).split(/[?#]/)[0];
  const named = [name, `${name}index.html`, `${name}.html`].find((one) => SITE.pages.some(([page]) => page === one));
  if (request.mode === "navigate") {
    if (named) event.respondWith(page(request, named));
  } else if (name.startsWith("data/")) {
    event.respondWith(data(request));
  } else if (named || name.startsWith("v-")) {
    event.respondWith(code(request, name));
  }
});

self.addEventListener("message", (event) => {
  const { ask, version } = event.data;
  const [port] = event.ports;
  if (ask === "take over") self.skipWaiting();
  if (ask === "keep") event.waitUntil(keep(port));
  if (ask === "kept") event.waitUntil(kept().then((bytes) => port.postMessage({ kept: bytes, of })));
  if (ask === "here") {
    port.postMessage({ version: SITE.version });
    event.waitUntil((async () => {
      if (version === SITE.version && (await windows()).length === 1) await tidy();
    })());
  }
});
