// examples/nextjs, built as for production: TypeScript reads the declarations, and a secret key near the browser would end it.

import { startNext } from '../next.mjs';
import { proveExample } from '../proof.mjs';

proveExample('nextjs, production', (latchkey) => startNext(latchkey, { built: true }));
