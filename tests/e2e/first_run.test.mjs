// The first five minutes: the shipped configuration, an empty environment, and an answer.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Gateway, eventually, plugin_folder, root } from './support/gateway.mjs';
import { payloads, request } from './support/http.mjs';

describe('first run', { concurrency: 1 }, () => {
  let gateway, key;

  before(async () => {
    gateway = new Gateway(await mkdtemp(path.join(tmpdir(), '1chat-first-')), {});
    const shipped = await readFile(path.join(root, 'config/1chat.yaml'), 'utf8');
    await writeFile(gateway.config_file, shipped.replace('build/lib/1chat/plugins', plugin_folder));
    await gateway.launch();
    key = await eventually(() => /sk-1chat-[A-Za-z0-9]+/.exec(gateway.stdout)?.[0], 2000, 'the first key');
  });
  after(() => gateway?.stop());

  test('prints a key and lines to paste', () => {
    assert.ok(key, gateway.stdout);
    assert.ok(gateway.stdout.includes('/v1'), 'the base URL for the SDK');
  });

  test('the admin token is for its owner only', async () => {
    const { mode } = await stat(path.join(gateway.data, 'admin.token'));
    assert.equal(mode & 0o777, 0o600);
  });

  test('1chat/demo answers', async () => {
    const answered = await request(gateway, { key, body: { model: '1chat/demo', messages: [{ role: 'user', content: 'Hello!' }] } });
    assert.equal(answered.status, 200, answered.text);
    assert.ok(answered.json.choices[0].message.content.length > 0);
  });

  test('1chat/demo streams', async () => {
    const answered = await request(gateway, { key, body: { model: '1chat/demo', stream: true, messages: [{ role: 'user', content: 'Hello!' }] } });
    assert.equal(answered.status, 200);
    const chunks = payloads(answered.text);
    assert.ok(chunks.length > 3);
    assert.equal(chunks.at(-1), '[DONE]');
  });

  test('a model whose provider has no key here says so', async () => {
    const answered = await request(gateway, { key, body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello!' }] } });
    assert.ok(answered.status >= 400, `${answered.status}`);
    assert.match(answered.json.error.message, /OPENAI_API_KEY|not (configured|available|enabled)/i);
  });

  test('a second start makes no second key and no second credit', async () => {
    const before_stop = await gateway.balance('default');
    gateway.signal('SIGTERM');
    await gateway.exited;
    await gateway.restart();
    assert.ok(!/sk-1chat-[A-Za-z0-9]{20}/.test(gateway.stdout), 'the key is shown once');
    assert.equal((await gateway.balance('default')).available, before_stop.available);
  });
});
