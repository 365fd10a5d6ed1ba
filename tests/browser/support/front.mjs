// A proxy with TLS, as an operator has it: it gives a server on loopback an https address with a name of its own. The
// browser has to be told the names (`hosts` of startBrowser) and to take a certificate that nobody signed.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** A key and a certificate for these names, made by the `openssl` of the system. */
async function certificate(name) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'lk-tls-'));
  const at = (file) => path.join(folder, file);
  try {
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', at('key.pem'), '-out', at('certificate.pem')]);
    return { key: await readFile(at('key.pem')), cert: await readFile(at('certificate.pem')) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Serves `https://NAME:PORT` from the loopback port in `to`, which may be set later. */
export async function startFront(name) {
  const front = { to: null };
  const server = https.createServer(await certificate(name), (request, response) => {
    const passed = http.request({ host: '127.0.0.1', port: front.to, method: request.method, path: request.url, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    response.on('close', () => passed.destroy());
    request.pipe(passed);
  });
  await new Promise((resolve, reject) => server.listen(0, '127.0.0.1', resolve).on('error', reject));
  front.origin = `https://${name}:${server.address().port}`;
  front.stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return front;
}
