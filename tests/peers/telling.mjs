// Puts into every answer of a worker what was asked of the GPU so far.

import { gpu } from "./counting.mjs";

const post = self.postMessage.bind(self);
self.postMessage = (message, ...rest) => post({ ...message, gpu: { ...gpu } }, ...rest);
