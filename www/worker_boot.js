// The worker runs the same module as the page; its main() sees where it is. The page's first message is
// { module }, compiled; without one the worker fetches it itself. What kills the module before Rust can
// speak is told from here.
const last = (what) => {
  const message = String((what && (what.message || what.reason?.message || what.reason)) || what);
  self.postMessage({ json: JSON.stringify({ tell: "crashed", message }), files: [] });
};
self.addEventListener("error", last);
self.addEventListener("unhandledrejection", last);
const asked = new Promise((resolve) => {
  self.addEventListener("message", ({ data }) => resolve(data.module), { once: true });
});
try {
  const { default: init } = await import("./retort-web.js");
  await init({ module_or_path: (await asked) ?? new URL("./retort-web_bg.wasm", import.meta.url) });
} catch (error) {
  last(error);
}
