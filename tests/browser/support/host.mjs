// A customer's site on its own origin: a page with the published SDK, unmodified, and a backend whose token endpoint uses
// the published `@picahq/authkit-token`, unmodified. The page keeps what the SDK reports in `window.__events`.

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { PATIENCE, bodyOf, listen } from './net.mjs';

const { AuthKitToken } = createRequire(import.meta.url)('@picahq/authkit-token');

/** The published SDKs: installed package and the name of its hook. */
const HOOKS = {
  '@picahq/authkit': 'useAuthKit',
  'authkit-1-0-5': 'useAuthKit',
  'authkit-1-0-0': 'useAuthKit',
  '@withone/auth': 'useOneAuth',
};
export const SDKS = Object.keys(HOOKS);
/** Whatever a page can use in their place: where its hook comes from, seen from tests/browser, and its name. */
const modules = new Map(SDKS.map((sdk) => [sdk, { module: sdk, hook: HOOKS[sdk] }]));
export const addSdk = (name, module, hook) => modules.set(name, { module, hook });

const bundles = new Map();

/** The page's script: React and one SDK, in one file. */
export function bundle(sdk) {
  if (!modules.has(sdk)) throw new Error(`no such SDK: ${sdk}`);
  if (!bundles.has(sdk)) {
    const { module, hook } = modules.get(sdk);
    const source = `
      import React from 'react';
      import { createRoot } from 'react-dom/client';
      import { ${hook} as useConnect } from '${module}';
      window.__events = [];
      const options = JSON.parse(document.getElementById('options').textContent);
      const record = (type) => (value) => window.__events.push({ type, value, at: performance.now() });
      function Page() {
        const { open } = useConnect({ ...options,
          onSuccess: record('success'), onError: record('error'), onClose: record('close') });
        return React.createElement('button', { onClick: () => open() }, 'Connect');
      }
      createRoot(document.getElementById('root')).render(React.createElement(Page));`;
    const result = build({
      stdin: { contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url)), loader: 'js' },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
      logLevel: 'silent',
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    bundles.set(sdk, result.then((output) => output.outputFiles[0].text));
  }
  return bundles.get(sdk);
}

/**
 * Starts a customer's site.
 *
 * @param options.latchkey address of the API, as its backend sees it
 * @param options.key secret key of the backend
 * @param options.widget origin that may call the token endpoint (CORS)
 * @param options.baseUrl what the page gives to the SDK; the widget's origin if absent
 * @param options.headers extra headers of each page, e.g. those of helmet
 */
export async function startHost({ latchkey, key, widget, baseUrl = widget, identity = 'u-42', name = 'localhost', headers = {} }) {
  /** What the token endpoint does: ok, html, 500, refused, empty, never, stale (an old session), other (`behaviour.other`); a list is used up call by call. */
  const behaviour = { token: 'ok', identity, headers };
  const tokenCalls = [];
  const answers = [];
  const token = new AuthKitToken(key, { baseUrl: latchkey });

  async function tokenEndpoint(request, response) {
    const cors = {
      'access-control-allow-origin': widget,
      'access-control-allow-methods': 'POST, OPTIONS',
      'access-control-allow-headers': 'Content-Type, x-user-id, x-page-secret',
      vary: 'Origin',
    };
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    const body = await bodyOf(request);
    tokenCalls.push({ headers: request.headers, body, url: request.url });
    const reply = (status, type, text) => response.writeHead(status, { ...cors, 'content-type': type }).end(text);
    const mode = Array.isArray(behaviour.token) ? (behaviour.token.shift() ?? 'ok') : behaviour.token;
    switch (mode) {
      case 'html':
        return reply(200, 'text/html', '<!doctype html><h1>Log in to Shop</h1>');
      case '500':
        return reply(500, 'text/html', '<h1>Internal error</h1>');
      case 'refused':
        return reply(403, 'application/json', JSON.stringify({ error: 'You may not connect accounts' }));
      case 'empty':
        return reply(200, 'application/json', '');
      case 'never':
        return undefined;
      case 'other':
        return reply(200, 'application/json', JSON.stringify(behaviour.other));
      default: {
        const answer = await token.create({ identity: behaviour.identity, identityType: 'user' });
        if (mode === 'stale' && answer?.requestId) answer.requestId = answer.request_id = 'A'.repeat(43);
        answers.push(answer);
        return reply(200, 'application/json', JSON.stringify(answer ?? null));
      }
    }
  }

  const served = await listen(async (request, response) => {
    try {
      const url = new URL(request.url, 'http://host');
      if (url.pathname === '/token') return await tokenEndpoint(request, response);
      if (url.pathname === '/page.js') {
        const text = await bundle(url.searchParams.get('sdk'));
        return response.writeHead(200, { 'content-type': 'text/javascript' }).end(text);
      }
      if (url.pathname === '/shop') {
        const options = (url.searchParams.get('options') ?? '{}').replaceAll('<', '\\u003c');
        const sdk = encodeURIComponent(url.searchParams.get('sdk'));
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...behaviour.headers });
        return response.end(
          `<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1><div id="root"></div>
           <script type="application/json" id="options">${options}</script><script src="/page.js?sdk=${sdk}"></script></html>`,
        );
      }
      if (url.pathname === '/page') {
        // A page of the tester's own making, for the attacks.
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...behaviour.headers });
        return response.end(behaviour.page ?? '<!doctype html><title>Page</title>');
      }
      return response.writeHead(404).end();
    } catch (error) {
      return response.writeHead(500, { 'content-type': 'text/plain' }).end(error.message);
    }
  }, { name });

  return {
    origin: served.origin,
    behaviour,
    tokenCalls,
    answers,
    /** Address of the shop page that uses `sdk` with these SDK options; the fragment and query must survive a redirect. */
    shop(sdk = '@picahq/authkit', options = {}) {
      const all = { baseUrl, token: { url: `${served.origin}/token`, headers: { 'x-user-id': behaviour.identity } }, ...options };
      return `${served.origin}/shop?sdk=${encodeURIComponent(sdk)}&options=${encodeURIComponent(JSON.stringify(all))}#here`;
    },
    page: () => `${served.origin}/page`,
    stop: () => served.stop(),
  };
}

/** What the SDK reported so far on this page, oldest first. */
export const events = (page) => page.evaluate(() => window.__events ?? []);

/** Waits for the first event of a kind and gives its value. */
export async function eventOf(page, type, within = PATIENCE) {
  const handle = await page.waitForFunction(
    (wanted) => (window.__events ?? []).find((event) => event.type === wanted), type, { timeout: within });
  return (await handle.jsonValue()).value;
}
