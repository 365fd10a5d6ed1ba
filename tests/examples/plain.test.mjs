// examples/plain, as its README starts it.

import { startExample } from './example.mjs';
import { proveExample } from './proof.mjs';

proveExample('plain', (latchkey) => startExample(latchkey, [process.execPath, 'server.mjs'], { folder: 'examples/plain' }));
