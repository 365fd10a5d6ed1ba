// Every proof again and again in a row, on one server.

import { after, before, test } from 'node:test';
import { connectInPopup, connectInSameWindow, prove, proveDenial, proveKey, proveRefusedKey } from '../support/proof.mjs';
import { startSuite } from '../support/suite.mjs';

// Ten by hand (LATCHKEY_PROOF_ROUNDS=10), fewer where everybody waits.
const ROUNDS = Number(process.env.LATCHKEY_PROOF_ROUNDS ?? 2);
const SECONDS = Number(process.env.PROOF_TOKEN_SECONDS ?? 4);
let suite;
before(async () => {
  suite = await startSuite('proof-ten-times', { accessTokenSeconds: SECONDS });
});
after(() => suite?.stop());

for (let round = 1; round <= ROUNDS; round += 1) {
  const of = `round ${round} of ${ROUNDS}`;
  test(`popup, ${of}`, () => prove(suite, { seconds: SECONDS, connect: connectInPopup }));
  test(`same window, ${of}`, () => prove(suite, { seconds: SECONDS, connect: connectInSameWindow }));
  test(`API key, ${of}`, () => proveKey(suite));
  test(`denial, ${of}`, () => proveDenial(suite));
  test(`refused key, ${of}`, () => proveRefusedKey(suite));
}
