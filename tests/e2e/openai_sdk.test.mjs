// A program written for OpenAI's own SDK works unchanged after its base URL was: both majors in use.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { z } from 'zod';
import { Gateway, eventually, sleep } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { bytes_of, honest_provider, json_of, stream_of } from './support/fixtures.mjs';

const ask = (rest = {}) => ({ model: 'test-model', messages: [{ role: 'user', content: 'Say hello.' }], ...rest });
const STREAMED = 'Hello from a streamed answer: grüße, 你好.';

const weather_tool = {
  type: 'function',
  function: {
    name: 'get_temperature',
    description: 'Temperature of a city now',
    parameters: {
      type: 'object',
      properties: { city: { type: 'string' }, unit: { type: 'string', enum: ['c', 'f'] } },
      required: ['city', 'unit'],
      additionalProperties: false,
    },
    strict: true,
  },
};

for (const name of ['openai6', 'openai7']) {
  const sdk = await import(name).catch(() => undefined);
  const skip = sdk === undefined && `${name} does not load in this node`;

  describe(`${name}`, { skip }, () => {
    let upstream, gateway, client, answer;
    const client_with = (options = {}) =>
      new sdk.OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0, ...options });

    before(async () => {
      upstream = await ReplayUpstream.start((request, n) => answer(request, n));
      gateway = await Gateway.start({
        upstream_url: upstream.url,
        models: { 'test-model': {}, 'test-embedding': {}, '1chat/demo': { provider: 'demo', target: 'demo' } },
      });
      client = client_with();
    });
    after(async () => {
      await gateway?.stop();
      await upstream?.stop();
    });
    // Each test begins with an honest provider and an empty record.
    const begin = (respond = honest_provider) => {
      answer = respond;
      upstream.requests.length = 0;
    };

    test('create gives the provider\'s answer, field by field', async () => {
      begin();
      const completion = await client.chat.completions.create(ask({ temperature: 0.5, seed: 7 }));
      const { _request_id, ...fields } = completion;
      assert.deepEqual(fields, json_of('chat.json'));
      assert.ok(_request_id, 'an x-request-id that the SDK finds');
      assert.deepEqual(upstream.last.json, ask({ temperature: 0.5, seed: 7 }));
      assert.equal(upstream.last.headers.authorization, 'Bearer upstream-secret-key', 'the provider sees our key, not the client\'s');
    });

    test('the answer tells its request, trace and cost', async () => {
      begin();
      const { response } = await client.chat.completions.create(ask()).withResponse();
      assert.ok(response.headers.get('x-request-id'));
      assert.ok(response.headers.get('x-1chat-trace'));
      // 12 x $1 + 6 x $2 per million, + 10 %
      assert.equal(Number(response.headers.get('x-1chat-cost')), 0.0000264);
    });

    test('stream: every piece arrives and the text is whole', async () => {
      begin();
      const stream = await client.chat.completions.create(ask({ stream: true }));
      let text = '';
      for await (const chunk of stream) {
        assert.equal(chunk.object, 'chat.completion.chunk');
        assert.ok(!('usage' in chunk), 'usage was not asked for');
        assert.equal(chunk.choices.length, 1, 'no chunk without choices when usage was not asked for');
        text += chunk.choices[0].delta.content ?? '';
      }
      assert.equal(text, STREAMED);
    });

    test('stream with include_usage: the last chunk tells the usage', async () => {
      begin();
      const stream = await client.chat.completions.create(ask({ stream: true, stream_options: { include_usage: true } }));
      const chunks = [];
      for await (const chunk of stream) chunks.push(chunk);
      assert.deepEqual(chunks.at(-1).choices, []);
      assert.equal(chunks.at(-1).usage.total_tokens, 22);
      assert.ok(chunks.slice(0, -1).every((chunk) => chunk.usage === null));
    });

    test('stream: the first piece arrives while the provider is still talking', async () => {
      begin((request) => ({ sse: true, body: stream_of('chat_stream.sse', request), seed: 3, piece_ms: 15 }));
      const began = Date.now();
      const stream = await client.chat.completions.create(ask({ stream: true }));
      let first = 0, last = 0;
      for await (const _ of stream) {
        first ||= Date.now() - began;
        last = Date.now() - began;
      }
      assert.ok(last > 200, 'the provider took its time');
      assert.ok(first < last / 2, `first piece after ${first} ms of ${last} ms`);
    });

    test('stream helper: events and the final content', async () => {
      begin();
      const runner = client.chat.completions.stream(ask());
      const deltas = [];
      runner.on('content', (delta) => deltas.push(delta));
      assert.equal(await runner.finalContent(), STREAMED);
      assert.equal(deltas.join(''), STREAMED);
      assert.equal((await runner.finalChatCompletion()).choices[0].finish_reason, 'stop');
    });

    test('tools: call, result, answer', async () => {
      begin();
      const messages = [{ role: 'user', content: 'How cold is it in Oslo?' }];
      const first = await client.chat.completions.create({ model: 'test-model', messages, tools: [weather_tool] });
      const call = first.choices[0].message.tool_calls[0];
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo', unit: 'c' });
      messages.push(first.choices[0].message, { role: 'tool', tool_call_id: call.id, content: '-3' });
      const second = await client.chat.completions.create({ model: 'test-model', messages, tools: [weather_tool] });
      assert.equal(second.choices[0].message.content, 'It is -3 degrees in Oslo.');
      assert.deepEqual(upstream.last.json.messages, messages, 'the conversation reached the provider as it was');
    });

    test('tools in a stream: the arguments come together', async () => {
      begin();
      const runner = client.chat.completions.stream(ask({ tools: [weather_tool] }));
      const final = await runner.finalChatCompletion();
      const [call] = final.choices[0].message.tool_calls;
      assert.equal(call.id, 'call_e2e_1');
      assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Oslo', unit: 'c' });
      assert.equal(final.choices[0].finish_reason, 'tool_calls');
    });

    test('runTools: the SDK\'s own two-step loop', async () => {
      begin();
      const asked = [];
      const runner = client.chat.completions.runTools(ask({
        tools: [{
          type: 'function',
          function: { ...weather_tool.function, parse: JSON.parse, function: (args) => { asked.push(args); return '-3'; } },
        }],
      }));
      assert.equal(await runner.finalContent(), 'It is -3 degrees in Oslo.');
      assert.deepEqual(asked, [{ city: 'Oslo', unit: 'c' }]);
    });

    test('parse with a zod schema gives the object', async () => {
      begin();
      const { zodResponseFormat } = await import(`${name}/helpers/zod`);
      const Weather = z.object({ city: z.string(), degrees: z.number() });
      const completion = await client.chat.completions.parse(ask({ response_format: zodResponseFormat(Weather, 'weather') }));
      assert.deepEqual(completion.choices[0].message.parsed, { city: 'Oslo', degrees: -3 });
      assert.equal(upstream.last.json.response_format.json_schema.name, 'weather');
    });

    test('embeddings: base64 on the wire by default, numbers in the hand', async () => {
      begin();
      const embedded = await client.embeddings.create({ model: 'test-embedding', input: 'snow' });
      assert.equal(upstream.last.json.encoding_format, 'base64');
      assert.equal(upstream.last.path, '/v1/embeddings');
      assert.deepEqual(Array.from(embedded.data[0].embedding), [0.25, -0.5, 0.125, 1]);
      const plain = await client.embeddings.create({ model: 'test-embedding', input: 'snow', encoding_format: 'float' });
      assert.deepEqual(plain.data[0].embedding, [0.25, -0.5, 0.125, 1]);
    });

    test('models: list and retrieve', async () => {
      begin();
      const ids = [];
      for await (const model of client.models.list()) ids.push(model.id);
      assert.deepEqual(ids.filter((id) => id.startsWith('test-')).sort(), ['test-embedding', 'test-model']);
      assert.equal((await client.models.retrieve('test-model')).object, 'model');
      await assert.rejects(client.models.retrieve('no-such-model'), sdk.NotFoundError);
      assert.equal(upstream.requests.length, 0, 'asked of the gateway, not of the provider');
    });

    test('abort: the provider sees the close within a second and the hold ends', async () => {
      begin((request) => ({ sse: true, body: stream_of('chat_stream.sse', request), seed: 5, piece_ms: 100 }));
      const stream = await client.chat.completions.create(ask({ stream: true }));
      for await (const _ of stream) break; // the SDK aborts the request when the loop is left
      const at = Date.now();
      const seen = await Promise.race([upstream.last.aborted, sleep(3000).then(() => Infinity)]);
      assert.ok(seen - at < 1000, `the provider saw it after ${seen - at} ms`);
      await gateway.nothing_held();
    });

    test('abort of a whole answer that never comes', async () => {
      begin(() => ({ mode: 'never' }));
      const controller = new AbortController();
      const pending = client.chat.completions.create(ask(), { signal: controller.signal });
      await eventually(() => upstream.requests.length === 1);
      controller.abort();
      await assert.rejects(pending, sdk.APIUserAbortError);
      const seen = await Promise.race([upstream.last.aborted, sleep(2000).then(() => undefined)]);
      assert.ok(seen, 'the provider saw the close');
      await gateway.nothing_held();
    });

    test('wrong key: AuthenticationError', async () => {
      begin();
      await assert.rejects(client_with({ apiKey: 'sk-1chat-wrong' }).chat.completions.create(ask()), (error) => {
        assert.ok(error instanceof sdk.AuthenticationError);
        assert.equal(error.status, 401);
        assert.equal(error.code, 'invalid_api_key');
        assert.ok(!error.message.includes('sk-1chat-wrong'), 'the key is not repeated');
        return true;
      });
      assert.equal(upstream.requests.length, 0);
    });

    test('unknown model: NotFoundError, model_not_found', async () => {
      begin();
      await assert.rejects(client.chat.completions.create(ask({ model: 'nobody-has-this' })), (error) => {
        assert.ok(error instanceof sdk.NotFoundError);
        assert.equal(error.code, 'model_not_found');
        return true;
      });
    });

    test('a provider\'s 400 passes through with its code and parameter', async () => {
      begin(() => ({ status: 400, body: bytes_of('error_400.json') }));
      await assert.rejects(client.chat.completions.create(ask({ temperature: 9 })), (error) => {
        assert.ok(error instanceof sdk.BadRequestError);
        assert.equal(error.code, 'decimal_above_max_value');
        assert.equal(error.param, 'temperature');
        assert.match(error.message, /above the maximum/);
        return true;
      });
      await gateway.nothing_held();
    });

    test('no money: 402 and the SDK does not try again', async () => {
      begin();
      const poor = await gateway.json('project', 'create', `poor-${name}`).then(() => gateway.json('key', 'create', '--project', `poor-${name}`));
      let calls = 0;
      const counting = (...args) => { calls += 1; return fetch(...args); };
      const broke = client_with({ apiKey: poor.key, maxRetries: 3, fetch: counting });
      await assert.rejects(broke.chat.completions.create(ask()), (error) => {
        assert.equal(error.status, 402);
        assert.equal(error.code, 'insufficient_quota');
        assert.equal(error.headers.get('x-should-retry'), 'false');
        return true;
      });
      assert.equal(calls, 1);
      assert.equal(upstream.requests.length, 0, 'no byte left before the hold stood');
    });

    test('a provider\'s 429 tells when to come back and the SDK does', async () => {
      let asked = 0;
      begin((request) => {
        asked += 1;
        return asked < 4 ? { status: 429, headers: { 'retry-after-ms': '20', 'retry-after': '1' }, body: bytes_of('error_429.json') } : honest_provider(request);
      });
      await assert.rejects(client.chat.completions.create(ask()), (error) => {
        assert.ok(error instanceof sdk.RateLimitError);
        assert.ok(error.headers.get('retry-after-ms') ?? error.headers.get('retry-after'), 'retry-after reaches the client');
        return true;
      });
      const patient = client_with({ maxRetries: 4 });
      assert.equal((await patient.chat.completions.create(ask())).id, 'chatcmpl-e2e-1');
      await gateway.nothing_held();
    });

    test('a provider\'s 500 becomes a server error the SDK retries', async () => {
      begin(() => ({ status: 500, body: bytes_of('error_500.json') }));
      await assert.rejects(client.chat.completions.create(ask()), (error) => {
        assert.ok(error instanceof sdk.InternalServerError);
        assert.ok(error.status >= 500);
        return true;
      });
      let failures = 2;
      begin((request) => (failures-- > 0 ? { status: 500, body: bytes_of('error_500.json') } : honest_provider(request)));
      assert.equal((await client_with({ maxRetries: 2 }).chat.completions.create(ask())).id, 'chatcmpl-e2e-1');
    });

    test('a stream that dies in the middle is an error, not an end', async () => {
      begin((request) => ({ mode: 'cut', sse: true, after: 900, body: Buffer.from(stream_of('chat_stream.sse', request)) }));
      await assert.rejects(async () => {
        const stream = await client.chat.completions.create(ask({ stream: true }));
        for await (const _ of stream);
      });
      await gateway.nothing_held();
    });

    test('the SDK\'s headers do not leak upstream', async () => {
      begin();
      await client_with({ defaultHeaders: { cookie: 'sid=1', 'x-private': 'yes' } }).chat.completions.create(ask());
      const seen = upstream.last.headers;
      assert.equal(seen.cookie, undefined);
      assert.equal(seen['x-private'], undefined);
      assert.equal(seen['content-type'], 'application/json');
    });

    test('the demo model answers without any provider', async () => {
      begin();
      const text = await client.chat.completions.stream(ask({ model: '1chat/demo' })).finalContent();
      assert.match(text, /demo/i);
      assert.equal(upstream.requests.length, 0);
    });
  });
}
