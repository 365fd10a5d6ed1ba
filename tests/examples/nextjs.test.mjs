// examples/nextjs in development, where React mounts everything twice.

import { startNext } from './next.mjs';
import { proveExample } from './proof.mjs';

proveExample('nextjs, development', (latchkey) => startNext(latchkey, { built: false }));
