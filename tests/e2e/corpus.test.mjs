// What real providers answered goes through the gateway unharmed, and costs exactly what its usage says.
//
// Every recorded exchange in OpenAI's dialect is replayed: the recorded request is sent to the gateway, a server behind
// it gives the recorded answer, and both ends are compared with the recording.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Gateway } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { payloads, request } from './support/http.mjs';
import { charge, nano, units_of } from './support/money.mjs';
import { corpus_present, recordings } from './support/corpus.mjs';

// Invented, all different, so that a token in the wrong bucket shows.
const PRICES = {
  input: '0.731', output: '3.0375', cache_read: '0.0911', cache_write: '1.13', reasoning: '7.77',
  audio_input: '11.9', audio_output: '23.3',
};
const PATHS = { 'chat.completions': '/v1/chat/completions', embeddings: '/v1/embeddings' };

const cases = recordings('openai-chat').filter((r) => PATHS[r.endpoint]);

// The stream a client that did not ask for usage gets: without the usage-only chunk and the null members. What a
// provider sends unasked on a chunk with content is the provider's and stays.
function as_not_asked(chunks) {
  return chunks
    .filter((chunk) => !(Array.isArray(chunk.choices) && chunk.choices.length === 0 && chunk.usage))
    .map((chunk) => {
      if (chunk === '[DONE]' || chunk.usage !== null) return chunk;
      const { usage, ...rest } = chunk;
      return rest;
    });
}

// The provider's last word on usage, wherever it put it.
function usage_in(recording, body) {
  if (recording.framing === 'json') {
    try {
      return JSON.parse(body)?.usage ?? undefined;
    } catch {
      return undefined;
    }
  }
  return payloads(body).map((chunk) => chunk.usage ?? chunk.x_groq?.usage).filter(Boolean).at(-1);
}

if (!corpus_present) test('recorded traffic, OpenAI dialect', { skip: 'no recordings here' }, () => {});

describe('recorded traffic, OpenAI dialect', { skip: !corpus_present && 'no recordings here', concurrency: 1 }, () => {
  let upstream, gateway, current;

  before(async () => {
    upstream = await ReplayUpstream.start(() => ({
      status: current.status, body: current.response(), sse: current.framing === 'sse', seed: current.framing === 'sse' ? 11 : undefined,
    }));
    const names = new Set(cases.map((c) => JSON.parse(c.request()).model).filter(Boolean));
    const models = Object.fromEntries([...names].map((id) => [id, { price: PRICES }]));
    gateway = await Gateway.start({ upstream_url: upstream.url, models, fund: { usd: '1000000' }, change: one_attempt });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });
  // A recorded failure is asked for once.
  const one_attempt = (config) => { config.retry = { attempts_max: 1 }; };

  for (const recording of cases) {
    test(recording.name, async () => {
      current = recording;
      upstream.requests.length = 0;
      const sent = recording.request();
      const asked = JSON.parse(sent);
      const recorded = recording.response().toString('utf8');

      const answer = await request(gateway, { path: PATHS[recording.endpoint], body: sent });

      assert.equal(upstream.requests.length, 1, `the provider was asked once; the client got ${answer.status} ${answer.text.slice(0, 300)}`);
      const { stream_options, ...forwarded } = upstream.last.json;
      const { stream_options: asked_options, ...original } = asked;
      assert.deepEqual(forwarded, original, 'the request reached the provider unchanged');
      if (asked.stream) assert.deepEqual(stream_options, { ...asked_options, include_usage: true });
      else assert.deepEqual(stream_options, asked_options);

      if (recording.status === 401 || recording.status === 403) {
        // The provider refused OUR key: the client's own key is fine, so it must not be told otherwise.
        assert.ok(answer.status >= 500 || answer.status === recording.status);
        assert.ok(answer.json, 'an error that a client can read');
      } else {
        assert.equal(answer.status, recording.status);
        if (recording.status >= 400) assert.deepEqual(answer.json, JSON.parse(recorded));
        else if (recording.framing === 'json') assert.deepEqual(JSON.parse(answer.text), JSON.parse(recorded));
        else compare_streams(answer.text, recorded, asked);
      }

      const trace = await gateway.trace(answer.headers['x-1chat-trace']);
      const usage = usage_in(recording, recorded);
      if (recording.status >= 400) {
        assert.equal(charged(trace), 0n, 'a failed request costs nothing');
      } else if (usage) {
        const expected = charge(units_of(usage), PRICES);
        assert.equal(charged(trace), expected, `charge for ${JSON.stringify(usage)}`);
        if (recording.framing === 'json') assert.equal(nano(answer.headers['x-1chat-cost']), expected);
      } else {
        assert.ok(charged(trace) > 0n || !recorded.trim(), 'usage that was not told is estimated, not given away');
      }
    });
  }

  test('afterwards nothing is held and the ledger is whole', async () => {
    await gateway.nothing_held();
    await gateway.cli('ledger', 'verify');
  });

  function compare_streams(text, recorded, asked) {
    if (asked.stream_options?.include_usage) {
      assert.equal(text, recorded, 'what was asked for is passed on to the byte');
    } else {
      assert.deepEqual(payloads(text).map(told), as_not_asked(payloads(recorded)).map(told));
    }
  }

  // An error inside a stream is told by the gateway (a provider's may hold secrets): its words and its code stay.
  function told(chunk) {
    return chunk.error ? { message: chunk.error.message, code: chunk.error.code } : chunk;
  }

  function charged(trace) {
    return nano(trace.charged_usd);
  }
});
