// The worker runs the same module as the page; its main() sees where it is. What kills the module
// before Rust can speak is told from here.
const last = (what) => {
  const message = String((what && (what.message || what.reason?.message || what.reason)) || what);
  self.postMessage({ json: JSON.stringify({ tell: "crashed", message }), files: [] });
};
self.addEventListener("error", last);
self.addEventListener("unhandledrejection", last);
try {
  const { default: init } = await import("./retort-web.js");
  await init({ module_or_path: new URL("./retort-web_bg.wasm", import.meta.url) });
} catch (error) {
  last(error);
}
