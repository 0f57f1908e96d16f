// Retort's worker as the page has it, every answer with what was asked of the GPU so far.

import { gpu } from "./counting.mjs";

const post = self.postMessage.bind(self);
self.postMessage = (message, ...rest) => post({ ...message, gpu: { ...gpu } }, ...rest);
await import(new URL("retort/worker_boot.js", location.origin).href);
