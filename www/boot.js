// What every page does first: it starts the module, which takes over the places that are meant for it, and then sees
// to it that the site works without a network.
import { address } from "./place.js";
import { host, serveOffline } from "./offline.js";

globalThis.retort.host = host;

async function start() {
  const code = fetch(address("retort-page_bg.wasm"));
  const { default: init } = await import("./retort-page.js");
  await init({ module_or_path: code });
}

try {
  await start();
} finally {
  await serveOffline();
}
