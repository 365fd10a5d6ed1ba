// The attacks once more, on a server of its own: a query makes the same file another module, which runs again.

import '../attacks.test.mjs?round=2';
