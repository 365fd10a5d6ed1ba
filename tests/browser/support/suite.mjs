// One whole stage: provider, key service, Latchkey with both set up, a customer's site, a browser.

import { startBrowser } from './browser.mjs';
import { startHost } from './host.mjs';
import { startKeyService } from './keyservice.mjs';
import { startLatchkey } from './latchkey.mjs';
import { startProvider } from './provider.mjs';

export const OIDC = 'oidc';
export const TEST_KEY = 'test-key';

/**
 * Starts everything; stop it with `stop()`.
 *
 * @param name of the log file
 * @param options.accessTokenSeconds lifetime of the provider's access tokens
 * @param options.environment more variables of the server
 * @param options.allow more origins that the server may call
 * @param options.hosts names that the browser finds on this machine
 * @param options.windowless whether a browser without windows will do
 */
export async function startSuite(name, { accessTokenSeconds = 60, environment, hosts, windowless, allow = [] } = {}) {
  const stops = [];
  const keep = (part) => {
    stops.unshift(() => part.stop());
    return part;
  };
  const stop = async () => {
    for (const one of stops) await one();
  };
  try {
    const provider = keep(await startProvider({ accessTokenSeconds }));
    const keys = keep(await startKeyService());
    const latchkey = keep(await startLatchkey({ name, allow: [provider.issuer, keys.origin, ...allow], environment }));
    const host = keep(await startHost({ latchkey: latchkey.url, key: latchkey.test_key, widget: latchkey.origin, baseUrl: latchkey.embedUrl() }));
    await latchkey.addOrigin(host.origin);
    const app = await latchkey.setOAuthApp({
      integration: OIDC, clientId: provider.clientId, clientSecret: provider.clientSecret, values: { issuer: provider.issuer } });
    provider.register([app.redirectUri]);
    await latchkey.enable({ integration: TEST_KEY, values: { service: keys.origin } });
    const names = { oidc: await latchkey.nameOf(OIDC), testKey: await latchkey.nameOf(TEST_KEY) };
    const chromium = keep(await startBrowser({ hosts, windowless }));
    return { provider, keys, latchkey, host, app, names, chromium, keep, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
