// Retort in a tab, beside the peers: its own worker, asked for steps of the size by name.

export async function prepare(device, _lesson, size) {
  const worker = new Worker("retort_worker.mjs", { type: "module" });
  let gpu = { dispatches: 0, submits: 0, pipelines: 0 };
  let arrived;
  const answers = [];
  worker.addEventListener("message", ({ data }) => {
    if (data.gpu) gpu = data.gpu;
    answers.push(JSON.parse(data.json));
    arrived?.();
  });
  async function answer(tell) {
    for (;;) {
      const at = answers.findIndex((one) => one.tell === tell);
      if (at >= 0) return answers.splice(at, 1)[0];
      const failed = answers.find((one) => one.tell === "failed" || one.tell === "crashed");
      if (failed) throw new Error(failed.message);
      await new Promise((resolve) => { arrived = resolve; });
    }
  }
  const ask = (message) => worker.postMessage({ json: JSON.stringify(message), files: [] });
  await answer("booted");
  return {
    /** The worker holds the watch: what the page and the worker say to each other is no part of a step. */
    async run(steps) {
      ask({ ask: "contend", device: device === "webgpu" ? "webgpu" : "cpu", size, steps });
      return (await answer("taken")).taken;
    },
    gpu: () => gpu,
  };
}
