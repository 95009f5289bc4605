// Embeddings through every SDK that has them, from every provider that has them.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { start_many } from './support/many.mjs';
import { tokens_of, vector_of } from './support/doubles/embeddings.mjs';
import { charge, nano } from './support/money.mjs';
import { watched } from './support/clients/wire.mjs';

const TEXTS = ['snow', 'rain in the mountains', 'Ø'];
const PRICE = { input: '0.731', output: '3.0375' };
const close_to = (got, wanted) => {
  assert.equal(got.length, wanted.length);
  got.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-6, `${value} is not ${wanted[i]}`));
};

const clients = { openai6: openai_embed, openai7: openai_embed, genai2: gemini_embed, genai3: gemini_embed };

async function openai_embed(sdk, { url, key }, model, texts, dimensions) {
  const client = new sdk.OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  const { data, usage } = await client.embeddings.create({ model, input: texts, dimensions });
  assert.deepEqual(data.map((one) => one.index), texts.map((_, i) => i));
  return { vectors: data.map((one) => Array.from(one.embedding)), usage };
}

async function gemini_embed(sdk, { url, key }, model, texts, outputDimensionality) {
  const client = new sdk.GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  const { embeddings } = await client.models.embedContent({ model, contents: texts, config: { outputDimensionality } });
  return { vectors: embeddings.map((one) => one.values) };
}

describe('embeddings', () => {
  let many;
  before(async () => {
    many = await start_many({
      change: (config) => {
        for (const name of Object.keys(config.providers)) config.models[`${name}.embed`] = { targets: [{ provider: name, model: 'embed' }], price: PRICE };
      },
    });
  });
  after(() => many?.stop());

  for (const [name, embed] of Object.entries(clients)) {
    for (const upstream of ['openai_chat', 'gemini']) {
      test(`${name} -> ${upstream}: each text its own vector, in order`, async (t) => {
        const sdk = await import(name).catch(() => undefined);
        if (!sdk) return t.skip(`${name} does not load in this node`);
        const { vectors, usage } = await embed(sdk, many.gateway, `${upstream}.embed`, TEXTS);
        vectors.forEach((vector, i) => close_to(vector, vector_of(TEXTS[i])));
        assert.equal(vectors.length, TEXTS.length);
        if (usage && upstream === 'openai_chat') assert.equal(usage.prompt_tokens, tokens_of(TEXTS));
        return undefined;
      });

      test(`${name} -> ${upstream}: as many dimensions as asked for, and paid`, async (t) => {
        const sdk = await import(name).catch(() => undefined);
        if (!sdk) return t.skip(`${name} does not load in this node`);
        const { result, calls } = await watched(() => embed(sdk, many.gateway, `${upstream}.embed`, TEXTS, 7));
        result.vectors.forEach((vector, i) => close_to(vector, vector_of(TEXTS[i], 7)));
        const cost = nano(calls[0].headers.get('x-1chat-cost'));
        if (upstream === 'openai_chat') assert.equal(cost, charge({ input: tokens_of(TEXTS) }, PRICE));
        else assert.ok(cost > 0n, 'tokens that were not told are estimated');
        return undefined;
      });
    }
  }

  test('a model that cannot embed: a 4xx that says so', async (t) => {
    const sdk = await import('openai6').catch(() => undefined);
    if (!sdk) return t.skip('openai6 does not load in this node');
    return assert.rejects(openai_embed(sdk, many.gateway, 'anthropic_messages.embed', TEXTS), (error) => error.status >= 400 && error.status < 500);
  });
});
