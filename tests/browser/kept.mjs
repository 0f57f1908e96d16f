// The page's worker, spoken to as the page does.

import assert from "node:assert/strict";

/** A worker of the page's in a tab without the page, which would start one of its own. */
export class Worker {
  static async open(browser, tab = browser.tab) {
    // Code lies in a folder named by its version, which the pages name.
    const index = await (await fetch(`${browser.address}index.html`)).text();
    await tab.goto(`${browser.address}${index.match(/v-[0-9a-f]+\//)?.[0] ?? ""}worker_boot.js`);
    await tab.evaluate(() => new Promise((resolve) => {
      const worker = new globalThis.Worker("worker_boot.js", { type: "module" });
      const heard = [];
      let wake = () => {};
      worker.onmessage = ({ data }) => {
        const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        const files = Object.fromEntries(data.files.map(([name, bytes]) => [name, base64(bytes)]));
        const message = { ...JSON.parse(data.json), files };
        if (message.tell === "booted") resolve();
        heard.push(message);
        wake();
      };
      globalThis.kept = {
        worker,
        heard,
        /** Posts a message, and waits for one that tells what is wanted, or of trouble. */
        async ask(message, wanted, files) {
          const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          const beside = Object.entries(files).map(([name, text]) => [name, bytes(text)]);
          let at = heard.length;
          worker.postMessage({ json: JSON.stringify(message), files: beside });
          for (;;) {
            for (; at < heard.length; at += 1) {
              if ([...wanted, "failed", "refused", "crashed"].includes(heard[at].tell)) return heard[at];
            }
            await new Promise((next) => { wake = next; });
          }
        },
      };
    }));
    return new Worker(tab);
  }

  constructor(tab) {
    this.tab = tab;
  }

  /** Asks, and gives back the answer whatever it is. */
  hear(message, wanted, files = {}) {
    const encoded = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString("base64")]));
    return this.tab.evaluate(([message, wanted, files]) => globalThis.kept.ask(message, wanted, files), [message, [wanted].flat(), encoded]);
  }

  /** Asks, and insists on the answer. */
  async ask(message, wanted, files) {
    const answer = await this.hear(message, wanted, files);
    assert.ok([wanted].flat().includes(answer.tell), `wanted ${wanted}, found ${answer.tell}: ${answer.message}`);
    return answer;
  }

  async runs() {
    return (await this.ask({ ask: "runs" }, "runs")).runs;
  }

  /** Opens a run over files of its own. */
  open(run, files, more = {}) {
    return this.ask({ ask: "open", run, device: "cpu", ...more }, "opened", files);
  }

  /** Trains to the end, or until a step was told. */
  async train(until = 1e9) {
    const from = await this.tab.evaluate(() => {
      globalThis.kept.worker.postMessage({ json: JSON.stringify({ ask: "start" }), files: [] });
      return globalThis.kept.heard.length;
    });
    await this.tab.waitForFunction(([from, until]) => globalThis.kept.heard.slice(from).some(({ tell, event }) =>
      tell === "event" && (event.event === "done" || (event.event === "step" && event.step >= until))), [from, until], { timeout: 300_000 });
    return this.ask({ ask: "pause" }, "paused");
  }

  /** The archive of a run. */
  async archive(id) {
    const { name, files } = await this.ask({ ask: "archive", id }, "archived");
    return { name, bytes: Buffer.from(files[name], "base64") };
  }
}
