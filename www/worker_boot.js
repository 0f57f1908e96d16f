// Starts the worker's module. What kills it before Rust can speak is told from here.
const tell = (message) => self.postMessage({ json: JSON.stringify(message), files: [] });
const last = (what) => {
  const message = String((what && (what.message || what.reason?.message || what.reason)) || what);
  tell({ tell: "crashed", message });
};
self.addEventListener("error", last);
self.addEventListener("unhandledrejection", last);
try {
  const [{ module }] = await Promise.all([import("./download.js"), import("./hands.js"), import("./pipelines.js")]);
  const fetching = module("retort-worker_bg.wasm", (bytes, of) => tell({ tell: "fetching", bytes, of }));
  const { default: init } = await import("./retort-worker.js");
  await init({ module_or_path: await fetching });
} catch (error) {
  last(error);
}
