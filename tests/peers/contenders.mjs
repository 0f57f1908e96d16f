// Who takes part. A contender is { name, open(size) → { first, run(steps), gpu?, close() } }:
// `first` is { firstMs, firstLoss } of its first step, `run` answers { ms, losses } of the next ones,
// `gpu` counts { dispatches, submits, pipelines } so far.

import { spawn } from "node:child_process";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));

/** A page that exposes `window.contender` as contender.mjs does. `address(size)` is where. */
export function tab(name, context, address) {
  async function open(size) {
    const page = await context.newPage();
    const wrong = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    page.on("crash", () => wrong.push("the tab crashed"));
    page.on("console", (line) => { if (line.type() === "error") wrong.push(line.text()); });
    try {
      await page.goto(address(size));
      await page.waitForFunction(() => window.contender);
      const first = await page.evaluate(() => window.contender.ready);
      return {
        first,
        run: (steps) => page.evaluate((steps) => window.contender.run(steps), steps),
        gpu: () => page.evaluate(() => window.contender.gpu()),
        close: () => page.close(),
      };
    } catch (error) {
      await page.close();
      throw new Error([`${name}, ${size}: ${error.message}`, ...wrong].join("\n"), { cause: error });
    }
  }
  return { name, open };
}

/** A process that answers lines of {"steps": n} with lines of {"ms": [...], "losses": [...]}. */
export function native(name, command) {
  async function open(size) {
    const [program, ...words] = command(size);
    const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"] });
    const gone = new Promise((_, reject) => {
      child.once("error", reject);
      child.once("close", (code) => reject(new Error(`${name}, ${size}: ended with ${code}`)));
    });
    gone.catch(() => {});
    const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const run = async (steps) => {
      child.stdin.write(`${JSON.stringify({ steps })}\n`);
      const { value } = await Promise.race([lines.next(), gone]);
      return JSON.parse(value);
    };
    const { ms, losses } = await run(1);
    return {
      first: { firstMs: ms[0], firstLoss: losses[0] },
      run,
      async close() {
        child.stdin.end();
        await gone.catch(() => {});
      },
    };
  }
  return { name, open };
}

/** Retort and its peers in `context`'s tabs, on pages of the server at `address`. */
export function peers(context, address) {
  const pages = ["retort", "jax", "tfjs"].flatMap((peer) => ["webgpu", "wasm"].map((device) => [peer, device]));
  return pages.map(([peer, device]) =>
    tab(`${peer}-${device}`, context, (size) => `${address}contender.html?${new URLSearchParams({ peer, device, size })}`));
}

/** Retort itself, on a `device` of this machine. */
export function retort(name, device) {
  const program = process.env.RETORT_BIN ?? "retort";
  return native(name, (size) => [program, "bench", "--contend", size, "--device", device]);
}

/** PyTorch on `threads` threads, or on the `device`. */
export function torch(name, fixtures, { threads = 1, device = "cpu" }) {
  const python = process.env.RETORT_PYTHON ?? "python3";
  const script = path.join(here, "torch_step.py");
  return native(name, (size) => [python, script, path.join(fixtures, size), "--threads", `${threads}`, "--device", device]);
}
