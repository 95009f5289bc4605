// Whatever clients and providers send, the answer is an error in the caller's dialect, nothing hangs, nothing stays held.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { Gateway, sleep } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { bytes_of, honest_provider, stream_of } from './support/fixtures.mjs';
import { chat, payloads, raw, request } from './support/http.mjs';

// A sanitizer keeps freed memory for a while; sizes say nothing there.
const memory_counts = { skip: process.env.ONECHAT_SANITIZED ? 'not under a sanitizer' : false };

describe('bad input', { concurrency: 1 }, () => {
  let upstream, gateway, answer = honest_provider;

  before(async () => {
    upstream = await ReplayUpstream.start((request_, n) => answer(request_, n));
    gateway = await Gateway.start({
      upstream_url: upstream.url,
      change: (config) => {
        config.limits = { body_bytes: 1 << 20, head_s: 1, body_stall_s: 1 };
        config.providers.upstream.timeouts = { connect_s: 1, first_byte_s: 1, idle_s: 1 };
        config.retry = { attempts_max: 1 };
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });
  // After every case: still alive, still serving, no money stuck.
  afterEach(async () => {
    answer = honest_provider;
    const well = await chat(gateway);
    assert.equal(well.status, 200, 'healthy afterwards');
    await gateway.nothing_held();
  });

  function is_openai_error(answered, status) {
    assert.equal(answered.status, status, answered.text.slice(0, 300));
    assert.match(answered.headers['content-type'], /^application\/json/);
    assert.equal(typeof answered.json?.error?.message, 'string', answered.text.slice(0, 300));
    assert.ok(answered.json.error.message.length > 0);
    assert.equal(typeof answered.json.error.type, 'string');
    assert.ok(answered.headers['x-request-id'], 'errors can be traced too');
  }

  describe('bodies', () => {
    const user = [{ role: 'user', content: 'x' }];
    const bodies = {
      'nothing': '',
      'no JSON': 'hello',
      'half a document': '{"model":"test-model","messages":[{"role":"user"',
      'an array': '[]',
      'a string': '"test-model"',
      'null': 'null',
      'two documents': '{"model":"test-model","messages":[]}{"model":"x"}',
      'trailing comma': '{"model":"test-model","messages":[{"role":"user","content":"x"},]}',
      'NaN': '{"model":"test-model","messages":[{"role":"user","content":"x"}],"temperature":NaN}',
      'invalid UTF-8': Buffer.concat([Buffer.from('{"model":"test-model","messages":[{"role":"user","content":"'), Buffer.from([0xff, 0xfe, 0xc0, 0x80]), Buffer.from('"}]}')]),
      'a lone surrogate': '{"model":"test-model\\ud800","messages":[{"role":"user","content":"x"}]}',
      'no model': { messages: user },
      'model of a wrong type': { model: 7, messages: user },
      'no messages': { model: 'test-model' },
      'empty messages': { model: 'test-model', messages: [] },
      'messages of a wrong type': { model: 'test-model', messages: 'hello' },
      'a message that is a string': { model: 'test-model', messages: ['hello'] },
      'a message without a role': { model: 'test-model', messages: [{ content: 'x' }] },
      'an unknown role': { model: 'test-model', messages: [{ role: 'emperor', content: 'x' }] },
      'content of a wrong type': { model: 'test-model', messages: [{ role: 'user', content: 7 }] },
      'stream of a wrong type': { model: 'test-model', messages: user, stream: 'yes' },
      'negative max_tokens': { model: 'test-model', messages: user, max_tokens: -1 },
      'absurd n': { model: 'test-model', messages: user, n: 1e9 },
      'max_tokens beyond any number': '{"model":"test-model","messages":[{"role":"user","content":"x"}],"max_tokens":1e400}',
      'model twice': '{"model":"test-model","messages":[{"role":"user","content":"x"}],"model":"other"}',
      'nesting without end': `{"model":"test-model","messages":[{"role":"user","content":"x"}],"metadata":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    };
    for (const [name, body] of Object.entries(bodies)) {
      test(`${name}: 400`, async () => {
        upstream.requests.length = 0;
        is_openai_error(await request(gateway, { body }), 400);
        assert.equal(upstream.requests.length, 0, 'the provider was not bothered');
      });
    }

    test('the field at fault is named', async () => {
      const answered = await request(gateway, { body: { model: 'test-model', messages: [{ role: 'user', content: 'x' }, { role: 'emperor', content: 'x' }] } });
      assert.match(answered.json.error.param, /^messages\[1\]/);
    });

    test('a body over the limit: 413', async () => {
      is_openai_error(await chat(gateway, { messages: [{ role: 'user', content: 'x'.repeat(2 << 20) }] }), 413);
    });

    test('unknown fields are no error and reach the provider', async () => {
      const answered = await chat(gateway, { from_the_future: { deep: [1, 2.50, '3'] } });
      assert.equal(answered.status, 200);
      assert.deepEqual(upstream.last.json.from_the_future, { deep: [1, 2.5, '3'] });
    });
  });

  describe('places and methods', () => {
    test('an unknown path: 404', async () => is_openai_error(await request(gateway, { path: '/v1/nothing/here', body: {} }), 404));
    test('a wrong method: 404 or 405', async () => {
      const answered = await request(gateway, { method: 'DELETE' });
      is_openai_error(answered, answered.status === 405 ? 405 : 404);
    });
    test('no key: 401', async () => is_openai_error(await chat(gateway, {}, { key: '' }), 401));
    for (const [name, value] of Object.entries({ 'an empty key': 'Bearer ', 'another scheme': 'Basic Zm9vOmJhcg==', 'a very long key': `Bearer ${'k'.repeat(10_000)}` })) {
      test(`${name}: 401`, async () => is_openai_error(await chat(gateway, {}, { key: '', headers: { authorization: value } }), 401));
    }
    test('the explicit mount serves as well', async () => {
      const answered = await request(gateway, { path: '/openai/v1/chat/completions', body: { model: 'test-model', messages: [{ role: 'user', content: 'x' }] } });
      assert.equal(answered.status, 200);
    });
    test('health needs no key', async () => {
      assert.equal((await request(gateway, { method: 'GET', path: '/healthz', key: '' })).status, 200);
      assert.equal((await request(gateway, { method: 'GET', path: '/readyz', key: '' })).status, 200);
    });
  });

  describe('clients that misbehave on the wire', () => {
    const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'x' }] });
    const head = (lines, path = '/v1/chat/completions') =>
      [`POST ${path} HTTP/1.1`, 'Host: 127.0.0.1', `Authorization: Bearer ${gateway.key}`, 'Content-Type: application/json', ...lines, '', ''].join('\r\n');
    const first_status = (text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]);

    const smuggled = {
      'content-length and transfer-encoding': (b) => head([`Content-Length: ${b.length}`, 'Transfer-Encoding: chunked']) + `0\r\n\r\n`,
      'two content-lengths': (b) => head([`Content-Length: ${b.length}`, 'Content-Length: 3']) + b,
      'a list of content-lengths': (b) => head([`Content-Length: ${b.length}, 3`]) + b,
      'a signed content-length': (b) => head([`Content-Length: +${b.length}`]) + b,
      'an unknown transfer-encoding': (b) => head(['Transfer-Encoding: xchunked']) + b,
      'chunked twice': () => head(['Transfer-Encoding: chunked, chunked']) + '0\r\n\r\n',
      'space before the colon': (b) => head([`Content-Length : ${b.length}`]) + b,
      'a folded header': (b) => head([`X-Long: a\r\n b`, `Content-Length: ${b.length}`]) + b,
      'a bare line feed': (b) => head([`X-A: b\nX-B: c`, `Content-Length: ${b.length}`]) + b,
      'a NUL in a header': (b) => head([`X-A: b\0c`, `Content-Length: ${b.length}`]) + b,
      'no host': (b) => `POST /v1/chat/completions HTTP/1.1\r\nContent-Length: ${b.length}\r\n\r\n${b}`,
      'two hosts': (b) => head(['Host: other', `Content-Length: ${b.length}`]) + b,
      'a chunk size that overflows': () => head(['Transfer-Encoding: chunked']) + 'fffffffffffffffff\r\nx\r\n0\r\n\r\n',
    };
    for (const [name, bytes] of Object.entries(smuggled)) {
      test(`${name}: refused and closed`, async () => {
        upstream.requests.length = 0;
        const { text, closed } = await raw(gateway, bytes(body));
        assert.equal(first_status(text), 400, text.slice(0, 200));
        assert.ok(closed, 'nothing more is read from this connection');
        assert.equal(text.match(/HTTP\/1\.1 /g).length, 1, 'one answer, not two');
        assert.equal(upstream.requests.length, 0);
      });
    }

    test('a head without end: 431 or closed', async () => {
      const { text, closed } = await raw(gateway, `GET / HTTP/1.1\r\nHost: x\r\n${'X-Filler: y\r\n'.repeat(10_000)}`);
      assert.ok(closed);
      if (text) assert.ok([400, 431].includes(first_status(text)), text.slice(0, 100));
    });

    test('a head that trickles in is given up', async () => {
      const bytes = [...'POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n'];
      const { text, closed } = await raw(gateway, bytes, { pause_ms: 60, ms: 2000 });
      assert.ok(closed, 'closed although the client kept sending');
      if (text) assert.equal(first_status(text), 408);
    });

    test('a body that stops coming is given up', async () => {
      const { text, closed } = await raw(gateway, head(['Content-Length: 5000']) + '{"model"', { ms: 4000 });
      assert.ok(closed);
      if (text) assert.equal(first_status(text), 408);
    });

    test('a client that closes its half after asking leaves nothing behind', async () => {
      await raw(gateway, head([`Content-Length: ${body.length}`]) + body, { half_close: true, ms: 2000 });
    });

    test('a client that vanishes in mid-body leaves nothing behind', async () => {
      await raw(gateway, head(['Content-Length: 5000']) + '{"model"', { half_close: true, ms: 2000 });
    });

    test('pipelined requests are answered in order', async () => {
      const one = head([`Content-Length: ${body.length}`]) + body;
      const { text } = await raw(gateway, one + one + one, { ms: 1500 });
      assert.equal(text.match(/HTTP\/1\.1 200 /g)?.length, 3, text.slice(0, 200));
    });

    test('a chunked request body is read', async () => {
      const pieces = body.match(/.{1,7}/g).map((p) => `${p.length.toString(16)}\r\n${p}\r\n`).join('');
      const { text } = await raw(gateway, `${head(['Transfer-Encoding: chunked', 'Connection: close'])}${pieces}0\r\n\r\n`);
      assert.equal(first_status(text), 200);
      assert.deepEqual(upstream.last.json, JSON.parse(body));
    });

    test('Expect: 100-continue is answered before the body is sent', async () => {
      const { text } = await raw(gateway, [head([`Content-Length: ${body.length}`, 'Expect: 100-continue', 'Connection: close']), body], { pause_ms: 200 });
      assert.match(text, /^HTTP\/1\.1 100 [^]*HTTP\/1\.1 200 /);
    });
  });

  describe('providers that lie', () => {
    const unfinished = Buffer.from(bytes_of('chat_stream.sse').toString('utf8').split('\n\n').slice(0, 5).join('\n\n') + '\n\n');
    const lies = {
      'no HTTP at all': { mode: 'garbage' },
      'closes without a word': { mode: 'empty' },
      'a head without end': { mode: 'endless_head' },
      'broken chunks': { mode: 'bad_chunking' },
      'less than it promised': { mode: 'short_length', body: bytes_of('chat.json') },
      'the body is cut': { mode: 'cut', after: 100, body: bytes_of('chat.json') },
      'the body is cut by a reset': { mode: 'reset', after: 100, body: bytes_of('chat.json') },
      'the body stalls': { mode: 'stall', after: 100, body: bytes_of('chat.json') },
      'no answer': { mode: 'never' },
      'an empty 200': { body: '' },
      'a 200 that is no JSON': { body: '<html>gateway timeout</html>', headers: { 'content-type': 'text/html' } },
      'half a JSON document': { body: bytes_of('chat.json').subarray(0, 150) },
      'a 503 in HTML': { status: 503, body: '<html>busy</html>', headers: { 'content-type': 'text/html' } },
      'a 500 without a body': { status: 500, body: '' },
    };
    for (const [name, lie] of Object.entries(lies)) {
      test(`${name}: an error in the dialect, soon`, async () => {
        answer = () => lie;
        const began = Date.now();
        const answered = await chat(gateway);
        assert.ok(answered.status >= 500, `${answered.status} ${answered.text.slice(0, 200)}`);
        is_openai_error(answered, answered.status);
        assert.ok(!answered.text.includes('upstream-secret-key'));
        assert.ok(Date.now() - began < 6000);
      });

      test(`${name}, asked to stream: never a stream that looks whole`, async () => {
        answer = () => ({ ...lie, sse: lie.mode ? true : lie.sse, body: lie.mode && lie.body ? unfinished : lie.body });
        const answered = await chat(gateway, { stream: true });
        assert.ok(!answered.text.includes('[DONE]'), answered.text.slice(-300));
        if (answered.status === 200) {
          const last = answered.cut ? undefined : payloads(answered.text).at(-1);
          assert.ok(answered.cut || last?.error, `ends with an error or is cut, not with ${JSON.stringify(last)}`);
        } else {
          is_openai_error(answered, answered.status);
        }
      });
    }

    for (const after of [200, 700, 1500]) {
      for (const mode of ['cut', 'reset', 'stall']) {
        test(`a stream that is ${mode} after ${after} bytes ends with an in-stream error`, async () => {
          answer = (request_) => ({ mode, sse: true, after, body: Buffer.from(stream_of('chat_stream.sse', request_)) });
          const answered = await chat(gateway, { stream: true });
          assert.ok(!answered.text.includes('[DONE]'));
          if (answered.status === 200 && !answered.cut) assert.ok(payloads(answered.text).at(-1).error);
          await gateway.nothing_held();
        });
      }
    }

    test('an error inside a stream is passed on as one', async () => {
      answer = (request_) => ({
        sse: true,
        body: `${stream_of('chat_stream.sse', request_).toString().split('\n\n').slice(0, 3).join('\n\n')}\n\ndata: {"error":{"message":"The engine is overloaded.","type":"server_error","code":"overloaded"}}\n\n`,
      });
      const answered = await chat(gateway, { stream: true });
      assert.match(payloads(answered.text).at(-1).error.message, /overloaded/);
      assert.ok(!answered.text.includes('[DONE]'));
    });

    test('a key in a provider\'s error message does not reach the client', async () => {
      answer = () => ({ status: 401, body: '{"error":{"message":"Incorrect API key provided: upstream-secret-key.","type":"invalid_request_error","code":"invalid_api_key"}}' });
      const answered = await chat(gateway);
      assert.ok(answered.status >= 400);
      assert.ok(!answered.text.includes('upstream-secret-key'), answered.text);
    });

    test('a client that reads slowly holds the provider back, not the gateway\'s memory', memory_counts, async () => {
      const piece = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: 'x'.repeat(16_000) }, finish_reason: null }] })}\n\n`;
      const socket_bytes = 64 << 20;
      answer = () => ({ sse: true, body: Buffer.from(piece.repeat(Math.ceil(socket_bytes / piece.length))) });
      const before_kb = await resident_kb();
      const controller = new AbortController();
      const pending = unread_stream(controller.signal);
      await sleep(1500);
      const grown_kb = (await resident_kb()) - before_kb;
      controller.abort();
      await pending;
      assert.ok(grown_kb < 32 * 1024, `grew by ${grown_kb} KB while nobody read`);
      await gateway.nothing_held(undefined, 15_000);
    });
  });

  async function resident_kb() {
    return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${gateway.process.pid}/status`, 'utf8'))[1]);
  }

  // Asks for a stream and then does not read it.
  async function unread_stream(signal) {
    const text = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: 'x' }], stream: true });
    const socket = net.connect(gateway.port, '127.0.0.1');
    socket.pause();
    socket.on('error', () => {});
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.key}\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    socket.destroy();
  }
});
