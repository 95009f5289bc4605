// Our own 429s: requests per minute and concurrency of a key, told in the dialect with when to come back; and TLS.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Gateway } from './support/gateway.mjs';
import { request } from './support/http.mjs';

const ask = { model: 'demo', messages: [{ role: 'user', content: 'Hello!' }] };
const models = { demo: { provider: 'demo', target: 'demo' } };
const upstream_url = 'http://127.0.0.1:9';  // nobody listens there and nobody is asked

describe('rates', { concurrency: 1 }, () => {
  let gateway;
  before(async () => {
    gateway = await Gateway.start({
      upstream_url, models, change: (c) => {
        c.rates = { key: { requests_per_minute: 3, concurrency: 1 } };
        c.providers.demo.first_token_ms = 300;
      },
    });
  });
  after(() => gateway?.stop());

  test('more at once than the key may: one is answered, the others are told to come back, and nothing stays held', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => request(gateway, { key: gateway.key, body: ask })));
    const statuses = answers.map((a) => a.status).sort();
    assert.deepEqual(statuses, [200, 429, 429]);
    const refused = answers.find((a) => a.status === 429);
    assert.equal(refused.json.error.code, 'rate_limit_exceeded');
    await gateway.nothing_held();
  });

  test('more in a minute than the key may: 429 with retry-after in seconds and milliseconds', async () => {
    let refused;
    for (let i = 0; i < 4 && !refused; ++i) {
      const answered = await request(gateway, { key: gateway.key, body: ask });
      if (answered.status === 429) refused = answered;
    }
    assert.ok(refused, 'the fourth request of a minute');
    assert.equal(refused.json.error.code, 'rate_limit_exceeded');
    assert.ok(Number(refused.headers['retry-after']) >= 1);
    assert.ok(Number(refused.headers['retry-after-ms']) > 0);
  });

  test("another key of the project has a rate of its own", async () => {
    const { key } = await gateway.json('key', 'create', '--project', gateway.project);
    assert.equal((await request(gateway, { key, body: ask })).status, 200);
  });
});

describe('TLS listener', { concurrency: 1 }, () => {
  let gateway, folder, ca;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), '1chat-tls-'));
    const certificate = path.join(folder, 'c.pem'), key = path.join(folder, 'k.pem');
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2',
      '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'], { stdio: 'ignore' });
    ca = await readFile(certificate);
    gateway = await Gateway.start({
      upstream_url, models, change: (c) => { c.tls = { certificate_file: certificate, key_file: key }; },
    });
  });
  after(async () => {
    await gateway?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const post = (options, body) => new Promise((resolve, reject) => {
    const sent = https.request({ host: '127.0.0.1', port: gateway.port, path: '/v1/chat/completions', method: 'POST', ca, ...options },
      async (answer) => {
        let text = '';
        for await (const piece of answer) text += piece;
        resolve({ status: answer.statusCode, text });
      });
    sent.on('error', reject);
    sent.end(JSON.stringify(body));
  });

  test('whole and streamed answers over a verified connection', async () => {
    const headers = { authorization: `Bearer ${gateway.key}` };
    assert.equal((await post({ headers }, ask)).status, 200);
    const streamed = await post({ headers }, { ...ask, stream: true });
    assert.ok(streamed.text.endsWith('data: [DONE]\n\n'), streamed.text.slice(-200));
  });

  test('a client that does not know the authority refuses the gateway', async () => {
    await assert.rejects(post({ ca: undefined }, ask));
  });
});
