// The attacks three times, each on a server of its own: a query makes the same file another module, which runs again.

import '../attacks.test.mjs?round=1';
import '../attacks.test.mjs?round=2';
import '../attacks.test.mjs?round=3';
