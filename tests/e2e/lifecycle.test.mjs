// Start, reload, drain, stop; and what happens when a provider fails: who gets the request next, and when nobody may.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Gateway, config_of, eventually, root, run_binary, sleep } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { bytes_of, honest_provider, stream_of } from './support/fixtures.mjs';
import { chat, payloads } from './support/http.mjs';

const error_500 = { status: 500, body: bytes_of('error_500.json') };
const slow_stream = (piece_ms) => (asked) => ({ sse: true, body: stream_of('chat_stream.sse', asked), seed: 4, piece_ms });

describe('stopping and reloading', { concurrency: 1 }, () => {
  let upstream, gateway, answer = honest_provider;
  before(async () => {
    upstream = await ReplayUpstream.start((asked, n) => answer(asked, n));
  });
  after(() => upstream?.stop());
  afterEach(async () => {
    answer = honest_provider;
    await gateway?.stop();
    gateway = undefined;
  });

  test('SIGTERM: a running stream is finished, new requests are refused, exit code 0', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    answer = slow_stream(60);
    const running = chat(gateway, { stream: true });
    await eventually(() => upstream.requests.length > 0);
    await sleep(200);
    gateway.signal('SIGTERM');
    await sleep(200);
    const late = await chat(gateway).catch((error) => error);
    assert.ok(late instanceof Error || late.status === 503, `a new request while draining got ${late.status}`);
    const streamed = await running;
    assert.equal(streamed.status, 200);
    assert.equal(payloads(streamed.text).at(-1), '[DONE]', 'the stream came to its own end');
    assert.deepEqual(await gateway.exited, { code: 0, signal: null });
  });

  test('SIGTERM when nothing runs: gone at once', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    const began = Date.now();
    gateway.signal('SIGTERM');
    assert.deepEqual(await gateway.exited, { code: 0, signal: null });
    assert.ok(Date.now() - began < 3000);
  });

  test('SIGTERM ends a stream that outlasts drain_s, and its money is settled', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url, change: (config) => { config.drain_s = 1; } });
    answer = slow_stream(2000);
    const running = chat(gateway, { stream: true }).catch((error) => error);
    await sleep(300);
    const began = Date.now();
    gateway.signal('SIGTERM');
    const { code } = await gateway.exited;
    assert.equal(code, 0);
    assert.ok(Date.now() - began < 6000, `took ${Date.now() - began} ms`);
    await running;
    await gateway.restart();
    await gateway.nothing_held();
    await gateway.cli('ledger', 'verify');
  });

  test('keys, money and traces survive a restart', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    const first = await chat(gateway);
    await gateway.trace(first.headers['x-1chat-trace']);
    const before_stop = await gateway.nothing_held();
    gateway.signal('SIGTERM');
    await gateway.exited;
    await gateway.restart();
    assert.deepEqual(await gateway.balance(), before_stop);
    assert.equal((await chat(gateway)).status, 200);
    await gateway.trace(first.headers['x-1chat-trace']);
  });

  test('SIGHUP takes a good configuration without dropping a stream', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    answer = slow_stream(60);
    const running = chat(gateway, { stream: true });
    await sleep(200);
    assert.equal((await chat(gateway, { model: 'added-later' })).status, 404);
    await gateway.write_config({ upstream_url: upstream.url, models: { 'test-model': {}, 'added-later': {} } });
    gateway.signal('SIGHUP');
    answer = honest_provider;
    await eventually(async () => (await chat(gateway, { model: 'added-later' })).status === 200, 5000, 'the new model');
    assert.equal(payloads((await running).text).at(-1), '[DONE]');
  });

  test('SIGHUP with a bad configuration keeps the old one and says why', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    await writeFile(gateway.config_file, JSON.stringify(config_of({ upstream_url: upstream.url, data: gateway.data, change: (config) => {
      config.models['test-model'].targets[0].provider = 'nobody';
    } }), null, 1));
    gateway.signal('SIGHUP');
    await eventually(() => gateway.stderr.includes('nobody'), 5000, 'the reason in the log');
    assert.equal((await chat(gateway)).status, 200);
  });
});

describe('check and plugins', { concurrency: 1 }, () => {
  let folder;
  before(async () => { folder = await mkdtemp(path.join(tmpdir(), '1chat-check-')); });
  after(() => rm(folder, { recursive: true, force: true }));

  async function check(text) {
    const file = path.join(folder, 'config.yaml');
    await writeFile(file, text);
    const done = await run_binary(['check', '--config', file]);
    return { ...done, said: done.stdout + done.stderr, file };
  }
  const good = `listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
data: ./data
plugins: { path: [build/lib/1chat/plugins] }
surfaces: [openai_chat]
providers:
  demo: { use: demo }
models:
  1chat/demo: { targets: [{ provider: demo, model: demo }] }
ledger: { use: sqlite }
store: { use: sqlite }
pipeline: [authenticate, admit, route, reserve, call, settle, trace]
`;

  test('a good file: exit code 0', async () => assert.equal((await check(good)).code, 0));
  test('the shipped file: exit code 0', async () => {
    assert.equal((await run_binary(['check', '--config', 'config/1chat.yaml'])).code, 0);
  });

  // what is wrong, the line it is on, a word of the message
  const bad = [
    ['an unknown key', (t) => t.replace('surfaces:', 'surfaes:'), 5, /surfaes/],
    ['a provider nobody configured', (t) => t.replace('provider: demo, model', 'provider: dmo, model'), 9, /dmo/],
    ['a bad address', (t) => t.replace('listen: 127.0.0.1:0\nadmin', 'listen: 127.0.0.1:99999\nadmin'), 1, /99999/],
    ['a call without a hold', (t) => t.replace(' reserve,', ''), 12, /reserve/],
    ['a call without authentication', (t) => t.replace('authenticate, ', ''), 12, /authenticate/],
    ['broken YAML', (t) => t.replace('models:', 'models: ['), undefined, /config\.yaml:\d+/],
    ['models of a wrong type', (t) => t.replace(/models:\n.*\n/, 'models: 7\n'), 8, /models/],
  ];
  for (const [name, change, line, word] of bad) {
    test(`${name}: exit code 2, with file and line`, async () => {
      const { code, said, file } = await check(change(good));
      assert.equal(code, 2, said);
      assert.match(said, word);
      assert.ok(said.includes(line ? `${file}:${line}:` : `${file}:`), said);
    });
  }

  test('several problems are told at once', async () => {
    const { said } = await check(good.replace('surfaces:', 'surfaes:').replace('provider: demo, model', 'provider: dmo, model'));
    assert.match(said, /surfaes[^]*dmo|dmo[^]*surfaes/);
  });

  test('a missing file: exit code 2', async () => {
    assert.equal((await run_binary(['check', '--config', path.join(folder, 'none.yaml')])).code, 2);
    assert.equal((await run_binary(['serve', '--config', path.join(folder, 'none.yaml')])).code, 2);
  });

  test('an unknown command: exit code 2', async () => assert.equal((await run_binary(['frobnicate'])).code, 2));
  test('version', async () => assert.match((await run_binary(['version'])).stdout, /\d+\.\d+\.\d+/));

  test('plugins lists what can be loaded, with kind, version and ABI', async () => {
    const { code, stdout } = await run_binary(['plugins', '--json']);
    assert.equal(code, 0);
    const listed = JSON.parse(stdout);
    const plugins = Array.isArray(listed) ? listed : listed.plugins;
    const ids = plugins.map((plugin) => plugin.id);
    for (const id of ['surface.openai_chat', 'provider.openai_chat', 'provider.demo', 'ledger.sqlite', 'store.sqlite']) {
      assert.ok(ids.includes(id), `${id} in ${ids}`);
    }
  });
});

describe('failing providers', { concurrency: 1 }, () => {
  let first, second, gateway, answer_first = honest_provider, answer_second = honest_provider;
  before(async () => {
    first = await ReplayUpstream.start((asked, n) => answer_first(asked, n));
    second = await ReplayUpstream.start((asked, n) => answer_second(asked, n));
  });
  after(async () => {
    await first?.stop();
    await second?.stop();
  });
  afterEach(async () => {
    answer_first = answer_second = honest_provider;
    first.requests.length = second.requests.length = 0;
    await gateway?.stop();
  });
  const start = (change = () => {}) => Gateway.start({
    upstream_url: first.url,
    change: (config) => {
      config.workers = 1;
      config.providers.second = { use: 'openai_chat', base_url: `${second.url}/v1`, api_key: 'second-key' };
      config.models['test-model'].targets.push({ provider: 'second', model: 'other-model' });
      change(config);
    },
  });

  const failures = {
    'a 500': error_500,
    'a 503': { status: 503, body: '{}' },
    'a 429': { status: 429, body: bytes_of('error_429.json') },
    'a closed connection': { mode: 'empty' },
    'garbage': { mode: 'garbage' },
  };
  for (const [name, failure] of Object.entries(failures)) {
    test(`${name}: the second target answers, with its own model and key`, async () => {
      gateway = await start();
      answer_first = () => failure;
      const answered = await chat(gateway);
      assert.equal(answered.status, 200, answered.text);
      assert.equal(second.last.json.model, 'other-model');
      assert.equal(second.last.headers.authorization, 'Bearer second-key');
      await gateway.nothing_held();
    });
  }

  test('nobody listens at the first target: the second answers', async () => {
    gateway = await start((config) => { config.providers.upstream.base_url = 'http://127.0.0.1:1/v1'; });
    assert.equal((await chat(gateway)).status, 200);
    assert.equal(second.requests.length, 1);
  });

  test('a 400 is the client\'s own: nobody else is asked', async () => {
    gateway = await start();
    answer_first = () => ({ status: 400, body: bytes_of('error_400.json') });
    assert.equal((await chat(gateway)).status, 400);
    assert.equal(second.requests.length, 0);
  });

  test('a stream fails before its first byte: the second target streams', async () => {
    gateway = await start();
    answer_first = () => error_500;
    const answered = await chat(gateway, { stream: true });
    assert.equal(payloads(answered.text).at(-1), '[DONE]');
  });

  test('a stream fails after its first byte: an error, never a second answer', async () => {
    gateway = await start();
    answer_first = (asked) => ({ mode: 'cut', sse: true, after: 900, body: Buffer.from(stream_of('chat_stream.sse', asked)) });
    const answered = await chat(gateway, { stream: true });
    assert.equal(second.requests.length, 0, 'the second target was not asked');
    assert.ok(!answered.text.includes('[DONE]'));
  });

  test('the circuit opens after failures in a row, and closes again', async () => {
    gateway = await start((config) => { config.breaker = { failures: 3, open_s: 1 }; config.retry = { budget_percent: 100 }; });
    answer_first = () => error_500;
    for (let i = 0; i < 5; i += 1) assert.equal((await chat(gateway)).status, 200);
    const asked = first.requests.length;
    for (let i = 0; i < 5; i += 1) assert.equal((await chat(gateway)).status, 200);
    assert.equal(first.requests.length, asked, 'while open, the failing target is left alone');
    answer_first = honest_provider;
    await sleep(1200);
    await eventually(async () => {
      await chat(gateway);
      return first.requests.length > asked + 1;
    }, 5000, 'the first target serves again');
  });

  test('all targets fail: one error in the dialect, nothing charged', async () => {
    gateway = await start();
    answer_first = answer_second = () => error_500;
    const answered = await chat(gateway);
    assert.ok(answered.status >= 500);
    assert.equal(typeof answered.json.error.message, 'string');
    assert.equal(Number((await gateway.nothing_held()).spent), 0);
  });
});

describe('a provider built outside of the tree', { concurrency: 1 }, () => {
  const server = path.join(root, 'tests/plugins/acme_server.mjs');
  const folder = process.env.ONECHAT_TEMPLATE_PLUGIN ?? path.join(root, 'build/tests/abi/out_of_tree/plugin/build');
  const skip = !(existsSync(server) && existsSync(path.join(folder, 'com.acme.provider.so'))) && 'the template is not built';
  let acme, gateway;

  before(async () => {
    if (skip) return;
    const { startAcme } = await import(server);
    acme = await startAcme({ key: 'acme-key' });
    gateway = await Gateway.start({
      upstream_url: acme.url,
      models: { 'acme-large': {} },
      change: (config) => {
        config.plugins.path.push(folder);
        config.providers.upstream = { use: 'com.acme.provider', base_url: acme.url, api_key: 'acme-key' };
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await acme?.close();
  });
  const say = (content, rest = {}) => chat(gateway, { model: 'acme-large', messages: [{ role: 'user', content }], ...rest });

  test('serves whole answers', { skip }, async () => {
    const answered = await say('good morning');
    assert.equal(answered.status, 200, answered.text);
    assert.equal(answered.json.choices[0].message.content.trim(), 'Acme heard: good morning');
    assert.equal(answered.json.choices[0].finish_reason, 'stop');
    assert.ok(answered.json.usage.completion_tokens > 0);
  });

  test('serves streams', { skip }, async () => {
    const chunks = payloads((await say('good morning', { stream: true })).text);
    assert.equal(chunks.at(-1), '[DONE]');
    const text = chunks.slice(0, -1).map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('');
    assert.equal(text.trim(), 'Acme heard: good morning');
  });

  test('serves tool calls', { skip }, async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }];
    const { choices: [{ message, finish_reason }] } = (await say('call weather', { tools })).json;
    assert.equal(finish_reason, 'tool_calls');
    assert.equal(message.tool_calls[0].function.name, 'weather');
    assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'Rome' });
  });

  test('its failures are errors in the caller\'s dialect', { skip }, async () => {
    const refused = await say('fail 400');
    assert.equal(refused.status, 400);
    assert.equal(typeof refused.json.error.message, 'string');
    const broken = await say('cut', { stream: true });
    assert.ok(!broken.text.includes('[DONE]'));
  });

  test('is paid', { skip }, async () => assert.ok(Number((await gateway.nothing_held()).spent) > 0));
});
