// Starts the worker's module. What kills it before Rust can speak is told from here.
const last = (what) => {
  const message = String((what && (what.message || what.reason?.message || what.reason)) || what);
  self.postMessage({ json: JSON.stringify({ tell: "crashed", message }), files: [] });
};
self.addEventListener("error", last);
self.addEventListener("unhandledrejection", last);
try {
  const { default: init } = await import("./retort-worker.js");
  await init();
} catch (error) {
  last(error);
}
