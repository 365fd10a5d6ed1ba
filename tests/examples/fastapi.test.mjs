// examples/fastapi with the Python of its requirements.

import { existsSync } from 'node:fs';
import { inRepository, startExample } from './example.mjs';
import { proveExample } from './proof.mjs';

const own = inRepository('examples/fastapi/.venv/bin/python');
const python = process.env.EXAMPLES_PYTHON ?? (existsSync(own) ? own : 'python3');
proveExample('fastapi', (latchkey) => startExample(latchkey, [python, 'main.py'], { folder: 'examples/fastapi' }));
