// Starts the page's module, which takes over the places that are meant for it.
import init from "./retort-page.js";
await init();
