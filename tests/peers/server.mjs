// This folder and the fixtures over HTTP, as a plain static host serves them.

import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

const dist = path.resolve(process.env.RETORT_DIST ?? "dist");
const here = path.dirname(fileURLToPath(import.meta.url));

/** The folder of the built version. */
const version = () => fs.readdirSync(dist).find((name) => name.startsWith("v-"));

const types = {
  ".bin": "application/octet-stream",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/**
 * Serves tests/peers at `/`, `fixtures` at `/fixtures/` and the built page at `/retort/` on a free port of 127.0.0.1. Only an
 * `isolated` page has shared memory, and so threads; plain hosts do not send these headers.
 */
export async function serve(fixtures, { isolated = false } = {}) {
  const isolation = isolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {};
  const mounts = { "/fixtures/": path.resolve(fixtures), "/retort/": dist, "/": here };
  const server = http.createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (name === "/retort/worker_boot.js") {
      response.writeHead(302, { location: `/retort/${version()}/worker_boot.js` }).end();
      return;
    }
    const [mount, folder] = Object.entries(mounts).find(([prefix]) => name.startsWith(prefix));
    const file = path.join(folder, path.normalize(`/${name.slice(mount.length)}`));
    if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found");
      return;
    }
    response.writeHead(200, { "content-type": types[path.extname(file)] ?? "application/octet-stream", ...isolation });
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
}
