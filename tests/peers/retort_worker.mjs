// Retort's worker as the page has it, every answer with what was asked of the GPU so far. Both imports run
// before the first message arrives.

import "./telling.mjs";
import "/retort/worker_boot.js";
