// Counting tokens costs nothing and is answered for every model, by its provider where that can count, else by estimate.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { start_many, upstream_names } from './support/many.mjs';
import { NOTES_TOOL, QUESTION, SYSTEM, WEATHER_TOOL } from './support/doubles/script.mjs';
import { nano } from './support/money.mjs';

const content = [{ role: 'user', content: QUESTION }];

// name -> dialect and how its SDK counts
const counters = {
  openai7: {
    dialect: 'openai_responses',
    count: async (sdk, { url, key }, model) => {
      const client = new sdk.OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
      const tools = [{ type: 'function', name: WEATHER_TOOL.name, parameters: WEATHER_TOOL.schema, strict: true }];
      const counted = await client.responses.inputTokens.count({ model, input: content, instructions: SYSTEM, tools });
      assert.equal(counted.object, 'response.input_tokens');
      return counted.input_tokens;
    },
  },
  ...Object.fromEntries(['anthropic0', 'anthropic1'].map((name) => [name, {
    dialect: 'anthropic_messages',
    count: async (sdk, { url, key }, model) => {
      const client = new sdk.Anthropic({ apiKey: key, authToken: null, baseURL: url, maxRetries: 0 });
      const tools = [WEATHER_TOOL, NOTES_TOOL].map((tool) => ({ name: tool.name, description: tool.description, input_schema: tool.schema }));
      return (await client.messages.countTokens({ model, messages: content, system: SYSTEM, tools })).input_tokens;
    },
  }])),
  ...Object.fromEntries(['genai2', 'genai3'].map((name) => [name, {
    dialect: 'gemini',
    count: async (sdk, { url, key }, model) => {
      const client = new sdk.GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
      return (await client.models.countTokens({ model, contents: QUESTION })).totalTokens;
    },
  }])),
};

describe('counting tokens', () => {
  let many, spent_before;
  before(async () => {
    many = await start_many();
    spent_before = (await many.gateway.balance()).spent;
  });
  after(() => many?.stop());

  for (const [name, { dialect, count }] of Object.entries(counters)) {
    for (const upstream of upstream_names) {
      test(`${name} of a model at ${upstream}`, async (t) => {
        const sdk = await import(name).catch(() => undefined);
        if (!sdk) return t.skip(`${name} does not load in this node`);
        const counted = await count(sdk, many.gateway, `${upstream}.text`);
        assert.ok(Number.isInteger(counted) && counted > 0, `${counted}`);
        const double = many.doubles[upstream];
        if (dialect === upstream) {
          const { json } = double.last;
          assert.equal(counted, JSON.stringify(json.messages ?? json.input ?? json.contents).length, 'the provider\'s own number');
        }
        assert.ok(!double.requests.some((request) => /messages$|responses$|generateContent|completions/.test(request.path)), 'no answer was asked for');
        return undefined;
      });
    }
  }

  test('it was free', async () => {
    const { spent } = await many.gateway.nothing_held();
    assert.equal(nano(spent), nano(spent_before));
  });
});
