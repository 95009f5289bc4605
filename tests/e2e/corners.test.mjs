// Corners of the dialects that the SDKs do not reach, asked for in plain HTTP; each before every upstream.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { payloads, request } from './support/http.mjs';
import { HELLO, QUESTION, SYSTEM, USAGE } from './support/doubles/script.mjs';
import { told_usage } from './support/doubles/index.mjs';
import { start_many, upstream_names } from './support/many.mjs';

const hello = HELLO.join('');
const chat_body = (model, rest = {}) => ({ model, messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: QUESTION }], ...rest });
const gemini_body = { systemInstruction: { parts: [{ text: SYSTEM }] }, contents: [{ role: 'user', parts: [{ text: QUESTION }] }] };
const gemini_text = (chunks) => chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []).map((part) => part.text ?? '').join('');

describe('corners', () => {
  let many, gateway;
  before(async () => {
    many = await start_many();
    gateway = many.gateway;
  });
  after(() => many?.stop());

  // name -> work
  const corners = {
    'chat: a stream tells no usage where none was asked for': async (upstream) => {
      const { text } = await request(gateway, { body: chat_body(`${upstream}.text`, { stream: true }) });
      const chunks = payloads(text);
      assert.equal(chunks.pop(), '[DONE]');
      assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !('usage' in chunk)), text);
      assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? '').join(''), hello);
    },
    'chat: max_tokens, the old name, is understood': async (upstream) => {
      const { status, json, text } = await request(gateway, { body: chat_body(`${upstream}.text`, { max_tokens: 900 }) });
      assert.equal(status, 200, text);
      assert.equal(json.choices[0].message.content, hello);
    },
    'chat: what is unknown does not stop a request to another dialect': async (upstream) => {
      if (upstream === 'openai_chat') return; // passed on, and this double refuses what it does not know
      const { status, text } = await request(gateway, { body: chat_body(`${upstream}.text`, { some_new_field: { a: 1 } }) });
      assert.equal(status, 200, text);
    },
    'chat: a base URL of its own': async (upstream) => {
      const { status, json } = await request(gateway, { path: '/openai/v1/chat/completions', body: chat_body(`${upstream}.text`) });
      assert.equal(status, 200);
      assert.equal(json.choices[0].message.content, hello);
    },
    'anthropic: a base URL of its own, and a key in x-api-key': async (upstream) => {
      const { status, json, text } = await request(gateway, {
        path: '/anthropic/v1/messages', key: undefined, headers: { 'x-api-key': gateway.key, 'anthropic-version': '2023-06-01' },
        body: { model: `${upstream}.text`, max_tokens: 900, system: [{ type: 'text', text: SYSTEM }], messages: [{ role: 'user', content: QUESTION }] },
      });
      assert.equal(status, 200, text);
      assert.equal(json.content[0].text, hello);
    },
    'gemini: without alt=sse a stream is one JSON array': async (upstream) => {
      const { headers, json, text } = await request(gateway, {
        path: `/v1beta/models/${upstream}.text:streamGenerateContent`, key: undefined, headers: { 'x-goog-api-key': gateway.key }, body: gemini_body,
      });
      assert.match(headers['content-type'], /application\/json/);
      assert.ok(Array.isArray(json), text);
      assert.equal(gemini_text(json), hello);
      const { fresh, cache_read, cache_write, output } = told_usage(upstream, USAGE);
      assert.equal(json.at(-1).usageMetadata.totalTokenCount, fresh + cache_read + cache_write + output);
    },
    'gemini: in such an array an error is its last element': async (upstream) => {
      const { json, text } = await request(gateway, {
        path: `/v1beta/models/${upstream}.error_inside:streamGenerateContent`, key: undefined, headers: { 'x-goog-api-key': gateway.key }, body: gemini_body,
      });
      assert.match((json ?? JSON.parse(text)).at(-1).error.message, /overloaded/);
    },
    'gemini: names in snake_case and a key in the query': async (upstream) => {
      const { status, json, text } = await request(gateway, {
        path: `/gemini/v1beta/models/${upstream}.text:generateContent?key=${gateway.key}`, key: undefined,
        body: { system_instruction: { parts: [{ text: SYSTEM }] }, contents: gemini_body.contents, generation_config: { max_output_tokens: 900 } },
      });
      assert.equal(status, 200, text);
      assert.equal(gemini_text([json]), hello);
    },
    'responses: input may be a list of items without types': async (upstream) => {
      const { status, json, text } = await request(gateway, {
        path: '/v1/responses', body: { model: `${upstream}.text`, input: [{ role: 'developer', content: SYSTEM }, { role: 'user', content: QUESTION }] },
      });
      assert.equal(status, 200, text);
      assert.equal(json.output.find((item) => item.type === 'message').content[0].text, hello);
    },
  };

  for (const [name, work] of Object.entries(corners)) {
    for (const upstream of upstream_names) {
      test(`${name} -> ${upstream}`, () => work(upstream));
    }
  }
});
