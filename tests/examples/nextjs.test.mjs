// examples/nextjs in development, where React mounts everything twice; a slow run also has it built as for production, where
// TypeScript reads the declarations, and a secret key near the browser would end it. One file, since both use one folder.

import { startNext } from './next.mjs';
import { proveExample } from './proof.mjs';

proveExample('nextjs, development', (latchkey) => startNext(latchkey, { built: false }));
if (process.env.LATCHKEY_SLOW) proveExample('nextjs, production', (latchkey) => startNext(latchkey, { built: true }));
