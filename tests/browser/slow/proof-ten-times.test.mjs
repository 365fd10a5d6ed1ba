// The main proof ten times in a row, on one server.

import { after, before, test } from 'node:test';
import { prove } from '../support/proof.mjs';
import { startSuite } from '../support/suite.mjs';

const SECONDS = Number(process.env.PROOF_TOKEN_SECONDS ?? 6);
let suite;
before(async () => {
  suite = await startSuite('proof-ten-times', { accessTokenSeconds: SECONDS });
});
after(() => suite?.stop());

for (let round = 1; round <= 10; round += 1) {
  test(`proof, round ${round} of 10`, () => prove(suite, { seconds: SECONDS }));
}
