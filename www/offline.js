// The site without a network: registers the service worker, says when there is a new version, and keeps everything
// for whoever asks. Where it cannot be, the page works all the same.
import { site } from "./files.js";
import { root } from "./place.js";

/** Who serves the site: `{ native, runs }`. A static host has no runs; the program on this machine has. */
export const host = fetch(new URL("runs/index.json", root))
  .then((response) => (response.ok ? response.json() : { native: false, runs: [] }))
  .catch(() => ({ native: false, runs: [] }));

/** A line on top of the page, with the one button that reloads it. */
function offer(accept) {
  if (document.getElementById("update")) return;
  const note = document.createElement("p");
  note.id = "update";
  note.className = "stored";
  note.setAttribute("role", "status");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = "Reload";
  button.addEventListener("click", accept);
  note.append("A new version of this page is there. ", button);
  document.body.prepend(note);
}

function watch(registration) {
  const take = (waiting) => offer(() => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage({ ask: "take over" });
  });
  // The first one ever replaces nothing.
  const replaces = () => navigator.serviceWorker.controller !== null;
  if (registration.waiting && replaces()) take(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const coming = registration.installing;
    coming?.addEventListener("statechange", () => {
      if (coming.state === "installed" && replaces()) take(coming);
    });
  });
}

/** Asks the service worker, and hands every answer to `hear`, which gives back whether it was the last. */
function ask(worker, message, hear) {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      if (!hear(data)) return;
      port1.close();
      resolve(data);
    };
    worker.postMessage(message, [port2]);
  });
}

/**
 * Keeps every file of this version in the browser; `progress` hears how many of how many bytes there are. Gives back
 * `{ kept, of }`, and with them `error` where it broke off.
 */
async function keep(progress = () => {}) {
  const { active } = await navigator.serviceWorker.ready;
  return ask(active, { ask: "keep" }, (told) => {
    progress(told.kept, told.of);
    return told.over;
  });
}

/** How many of how many bytes are kept, `{ kept, of }`; nothing where nothing can be, or not yet. */
async function kept() {
  const active = navigator.serviceWorker && (await navigator.serviceWorker.getRegistration(root))?.active;
  return active ? ask(active, { ask: "kept" }, () => true) : undefined;
}

/** Registers the service worker; the program on this machine needs none. */
export async function serveOffline() {
  const { serviceWorker } = navigator;
  if (!serviceWorker || (await host).native) return;
  try {
    const registration = await serviceWorker.register(new URL("sw.js", root), { scope: root.href, updateViaCache: "none" });
    watch(registration);
    Object.assign(globalThis.retort, { keep, kept });
    const { active } = await serviceWorker.ready;
    // A server that changed between the page and its service worker leaves two versions.
    const { version } = await ask(active, { ask: "here", version: site.version }, () => true);
    if (version !== site.version) offer(() => location.reload());
  } catch (error) {
    console.info("This page does not work offline here:", String(error));
  }
}
