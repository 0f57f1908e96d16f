// What every page does first: it starts the modules, which take over the places that are meant for them, and then sees
// to it that the site works without a network. The laboratory has a small one first, so that nobody waits for the large.
import { module } from "./download.js";
import { address } from "./place.js";
import { host, serveOffline } from "./offline.js";

globalThis.retort.host = host;

async function start() {
  if (document.getElementById("lab")) {
    const code = fetch(address("retort-front_bg.wasm"));
    const { default: front, leave } = await import("./retort-front.js");
    await front({ module_or_path: code });
    globalThis.retort.leave = leave;
  }
  const code = module("retort-page_bg.wasm");
  const { default: page } = await import("./retort-page.js");
  await page({ module_or_path: await code });
}

/** Says what went wrong where the laboratory would be; the companions can be read all the same. */
function complain(error) {
  const line = document.createElement("p");
  line.className = "trouble";
  line.setAttribute("role", "alert");
  line.textContent = `The laboratory could not be fetched; a reload goes on where it stopped. (${error.message ?? error})`;
  document.getElementById("lab")?.prepend(line);
}

try {
  await start();
} catch (error) {
  complain(error);
  throw error;
} finally {
  await serveOffline();
}
