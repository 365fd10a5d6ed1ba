// A remote server of the Model Context Protocol, written with the official SDK: its own authorization server with dynamic
// registration, a page of consent, PKCE, rotating refresh tokens, revocation, and one tool.

import { randomUUID } from 'node:crypto';
import express from 'express';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { InvalidGrantError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { freePort } from './net.mjs';

/** What the SDK asks of an authorization server. */
class Authorization {
  clients = new Map();
  codes = new Map();
  access = new Map();
  refresh = new Map();
  revoked = [];
  resources = new Set();
  seconds = 3600;

  clientsStore = {
    getClient: (id) => this.clients.get(id),
    registerClient: (client) => {
      const known = { ...client, client_id: randomUUID(), client_id_issued_at: Math.floor(Date.now() / 1000) };
      this.clients.set(known.client_id, known);
      return known;
    },
  };

  async authorize(client, params, response) {
    const code = randomUUID();
    this.codes.set(code, { client: client.client_id, ...params });
    const to = new URL(params.redirectUri);
    to.searchParams.set('code', code);
    if (params.state) to.searchParams.set('state', params.state);
    response.type('html').send(`<h1>${client.client_name} wants to use the tools</h1><a href="${to.toString().replaceAll('&', '&amp;')}">Allow</a>`);
  }

  async challengeForAuthorizationCode(_client, code) {
    return this.codes.get(code)?.codeChallenge ?? '';
  }

  async exchangeAuthorizationCode(client, code, _verifier, _redirect, resource) {
    const known = this.codes.get(code);
    this.codes.delete(code);
    if (known?.client !== client.client_id) throw new InvalidGrantError('the code is not known');
    return this.issue(client, resource);
  }

  async exchangeRefreshToken(client, token, _scopes, resource) {
    if (this.refresh.get(token) !== client.client_id) throw new InvalidGrantError('the refresh token is not known');
    this.refresh.delete(token);
    return this.issue(client, resource);
  }

  issue(client, resource) {
    this.resources.add(resource?.href);
    const [access, refresh] = [`at-${randomUUID()}`, `rt-${randomUUID()}`];
    this.access.set(access, { token: access, clientId: client.client_id, scopes: ['tools'], expiresAt: Math.floor(Date.now() / 1000) + this.seconds });
    this.refresh.set(refresh, client.client_id);
    return { access_token: access, refresh_token: refresh, token_type: 'bearer', expires_in: this.seconds, scope: 'tools' };
  }

  async verifyAccessToken(token) {
    const known = this.access.get(token);
    if (!known) throw new InvalidTokenError('the token is not known');
    return known;
  }

  async revokeToken(_client, { token }) {
    this.revoked.push(token);
    this.access.delete(token);
    this.refresh.delete(token);
  }
}

/** Starts one; `url` is the address that a person enters. */
export async function startMcp() {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const url = `${origin}/mcp`;
  const authorization = new Authorization();
  const application = express();
  application.use(mcpAuthRouter({
    provider: authorization, issuerUrl: new URL(origin), resourceServerUrl: new URL(url), resourceName: 'Tools', scopesSupported: ['tools'] }));
  application.use(express.json());
  const guard = requireBearerAuth({ verifier: authorization, resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(new URL(url)) });
  application.post('/mcp', guard, async (request, response) => {
    const server = new McpServer({ name: 'tools', title: 'Tools of the test', version: '1.0.0' });
    server.registerTool('add', { description: 'Nothing' }, async () => ({ content: [{ type: 'text', text: 'done' }] }));
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    response.on('close', () => {
      transport.close();
      server.close();
    });
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  const listening = await new Promise((resolve, reject) => {
    const one = application.listen(port, 'localhost', (error) => (error ? reject(error) : resolve(one)));
  });
  return {
    origin,
    url,
    authorization,
    async stop() {
      listening.closeAllConnections();
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}
