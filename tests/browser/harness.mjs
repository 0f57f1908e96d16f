// A folder served over HTTP and a Chromium to look at it with. Knows nothing of the page.

import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../..");
export const dist = process.env.RETORT_DIST ?? path.join(root, "dist");
export const retort = process.env.RETORT_BIN ?? path.join(root, "target/release/retort");

const types = {
  ".bin": "application/octet-stream",
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".md": "text/plain",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".toml": "text/plain",
  ".tsv": "text/tab-separated-values",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * Serves the built page on a free port of 127.0.0.1. `asked` lists what was asked for, `folder` may be exchanged,
 * connections for which `breaks` holds are cut, and `change` may put other bytes in a file's place. An `isolated` page
 * has shared memory, and so threads; plain hosts do not send these headers.
 */
export async function serve(first = dist, { isolated = false } = {}) {
  const isolation = isolated
    ? { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }
    : {};
  const site = { folder: first, asked: [], breaks: () => false, change: undefined };
  const server = http.createServer((request, response) => {
    const { folder } = site;
    const name = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (name === "/favicon.ico") {
      // Browsers ask for it where no page names an icon.
      response.writeHead(204);
      response.end();
      return;
    }
    if (site.breaks(name)) return response.destroy();
    site.asked.push(name);
    const file = path.join(folder, path.normalize(name.endsWith("/") ? `${name}index.html` : name));
    if (!file.startsWith(folder + path.sep) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("not found");
      return;
    }
    response.writeHead(200, { "content-type": types[path.extname(file)] ?? "application/octet-stream", ...isolation });
    if (site.change) return response.end(site.change(name, fs.readFileSync(file)));
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return Object.assign(site, {
    address: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  });
}

// Chromium's own software adapter: the tests need no GPU, and everybody's run is the same.
const webgpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--use-vulkan=swiftshader",
  "--enable-features=Vulkan,WebGPU",
];
const quiet = [
  "--no-sandbox",
  "--no-first-run",
  "--disable-quic",
  "--disable-sync",
  "--disable-component-update",
  "--disable-background-networking",
];

/**
 * Serves the page, or takes `server`, opens a browser with storage of its own, and hands over one blank tab.
 * `problems` collects what went wrong on the page without being caught: errors, what its content security policy
 * forbids, and whatever it asks of another host. Without `gpu` the browser is one on a machine where it finds no
 * adapter.
 */
export async function open({ gpu = true, server: given, ...options } = {}) {
  const server = given ?? (await serve());
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), "retort-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.RETORT_CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    acceptDownloads: true,
    args: [...quiet, ...(gpu ? webgpu : [])],
    ignoreDefaultArgs: ["--disable-gpu"],
    ...options,
  });
  const problems = [];
  const watch = (tab) => {
    tab.on("pageerror", (error) => problems.push(String(error)));
    tab.on("crash", () => problems.push("the tab crashed"));
    tab.on("console", (line) => { if (line.type() === "error") problems.push(line.text()); });
  };
  context.on("request", (request) => {
    const url = request.url();
    if (!/^(about|blob|data):/.test(url) && !url.startsWith(server.address)) problems.push(`asked of another host: ${url}`);
  });
  await context.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      console.error(`forbidden by the content security policy: ${violatedDirective} ${blockedURI}`);
    });
  });
  context.pages().forEach(watch);
  context.on("page", watch);
  return {
    address: server.address,
    context,
    problems,
    server,
    tab: context.pages()[0] ?? (await context.newPage()),
    /** Ends the process that owns every graphics device, as a crashing driver does. */
    async killGraphics() {
      const session = await context.browser().newBrowserCDPSession();
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      process.kill(processInfo.find((one) => one.type === "GPU").id, "SIGKILL");
    },
    async close() {
      await context.close();
      await server.close();
      fs.rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Runs the native program in a folder and gives back its exit code and output. */
export async function native(folder, ...words) {
  const child = spawn(retort, words, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => { stdout += chunk; });
  child.stderr.on("data", (chunk) => { stderr += chunk; });
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  return { code, stdout, stderr };
}

/** The events in lines of JSON. */
export function events(text) {
  return text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** A folder that is gone after the test. */
export function scratch(test) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "retort-scratch-"));
  test.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}
