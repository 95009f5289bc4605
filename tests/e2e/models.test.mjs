// GET /v1/models means three things: whose it is, the headers say; the mounts of their own say it too.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { start_many } from './support/many.mjs';
import { request } from './support/http.mjs';

describe('models', () => {
  let many, gateway;
  const slashed = 'vendor/model-of-theirs';
  before(async () => {
    many = await start_many({
      change: (config) => { config.models[slashed] = { targets: [{ provider: 'gemini', model: 'text' }], price: { input: '1', output: '2' } }; },
    });
    gateway = many.gateway;
  });
  after(() => many?.stop());

  const shapes = {
    openai: ({ json }) => {
      assert.equal(json.object, 'list');
      assert.equal(json.data.find((model) => model.id === slashed).object, 'model');
    },
    anthropic: ({ json }) => {
      assert.equal(typeof json.has_more, 'boolean');
      assert.equal(json.data[0].type, 'model');
      assert.equal(typeof json.data[0].display_name, 'string');
      assert.ok(!Number.isNaN(Date.parse(json.data[0].created_at)));
    },
    gemini: ({ json }) => {
      const found = json.models.find((model) => model.name === `models/${slashed}`) ?? json.models[0];
      assert.match(found.name, /^models\//);
      assert.ok(found.supportedGenerationMethods.includes('generateContent'));
    },
  };
  const asked = [
    // path, headers, whose
    ['/v1/models', {}, 'openai'],
    ['/v1/models', { 'api-key': 'KEY' }, 'openai'],
    ['/v1/models', { 'anthropic-version': '2023-06-01', 'x-api-key': 'KEY' }, 'anthropic'],
    ['/v1/models', { 'anthropic-version': '2026-10-21', authorization: 'Bearer KEY' }, 'anthropic'],
    ['/v1/models', { 'x-goog-api-key': 'KEY' }, 'gemini'],
    ['/v1/models?key=KEY', {}, 'gemini'],
    ['/v1/models', { 'x-goog-api-client': 'google-genai-sdk/3', authorization: 'Bearer KEY' }, 'gemini'],
    ['/v1beta/models', { 'x-goog-api-key': 'KEY' }, 'gemini'],
    ['/openai/v1/models', {}, 'openai'],
    ['/anthropic/v1/models', { 'anthropic-version': '2023-06-01' }, 'anthropic'],
    ['/gemini/v1beta/models', { 'x-goog-api-key': 'KEY' }, 'gemini'],
    ['/gemini/v1/models', { 'x-goog-api-key': 'KEY' }, 'gemini'],
  ];
  for (const [path, headers, whose] of asked) {
    test(`GET ${path} with ${JSON.stringify(headers)} is answered as ${whose}`, async () => {
      const with_key = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.replace('KEY', gateway.key)]));
      const own_credential = Object.values(headers).some((value) => value.includes('KEY')) || path.includes('KEY');
      const answered = await request(gateway, {
        method: 'GET', path: path.replace('KEY', gateway.key), headers: with_key, key: own_credential ? undefined : gateway.key,
      });
      assert.equal(answered.status, 200, answered.text);
      shapes[whose](answered);
    });
  }

  const unknown = [
    ['GET', '/v1/nothing-here', {}, ({ json }) => assert.equal(typeof json.error.message, 'string')],
    ['GET', '/v1/nothing-here', { 'anthropic-version': '2023-06-01' }, ({ json }) => assert.equal(json.error.type, 'not_found_error')],
    ['POST', '/v1/interactions', { 'x-goog-api-client': 'google-genai-sdk/3' }, ({ json }) => assert.equal(typeof json.error.status, 'string')],
    ['POST', '/v1beta/models/x:notAVerb', { 'x-goog-api-key': 'KEY' }, ({ json }) => assert.equal(typeof json.error.status, 'string')],
  ];
  for (const [method, path, headers, check] of unknown) {
    test(`${method} ${path} with ${JSON.stringify(headers)}: refused in the caller's dialect`, async () => {
      const answered = await request(gateway, { method, path, headers, body: method === 'POST' ? {} : undefined });
      assert.ok([404, 405, 501].includes(answered.status), `${answered.status} ${answered.text}`);
      check(answered);
    });
  }

  for (const name of ['openai6', 'openai7']) {
    test(`${name} lists, finds and misses`, async (t) => {
      const sdk = await import(name).catch(() => undefined);
      if (!sdk) return t.skip(`${name} does not load in this node`);
      const client = new sdk.OpenAI({ apiKey: gateway.key, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
      const ids = [];
      for await (const model of client.models.list()) ids.push(model.id);
      assert.ok(ids.includes(slashed) && ids.includes('gemini.text'));
      assert.equal((await client.models.retrieve('gemini.text')).id, 'gemini.text');
      return assert.rejects(client.models.retrieve('nobody-has-this'), sdk.NotFoundError);
    });
  }

  for (const name of ['anthropic0', 'anthropic1']) {
    test(`${name} lists every page, finds and misses`, async (t) => {
      const sdk = await import(name).catch(() => undefined);
      if (!sdk) return t.skip(`${name} does not load in this node`);
      const client = new sdk.Anthropic({ apiKey: gateway.key, authToken: null, baseURL: gateway.url, maxRetries: 0 });
      const all = [], paged = [];
      for await (const model of client.models.list({ limit: 1000 })) all.push(model.id);
      for await (const model of client.models.list({ limit: 7 })) paged.push(model.id);
      assert.ok(all.includes(slashed) && all.includes('gemini.text'));
      assert.deepEqual(paged, all, 'pages make up the whole');
      assert.equal((await client.models.retrieve('gemini.text')).id, 'gemini.text');
      return assert.rejects(client.models.retrieve('nobody-has-this'), sdk.NotFoundError);
    });
  }

  for (const name of ['genai2', 'genai3']) {
    test(`${name} lists, finds, misses and asks a model whose name has a slash`, async (t) => {
      const sdk = await import(name).catch(() => undefined);
      if (!sdk) return t.skip(`${name} does not load in this node`);
      const client = new sdk.GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
      const names = [];
      for await (const model of await client.models.list({ config: { pageSize: 10 } })) names.push(model.name);
      assert.ok(names.includes('models/gemini.text') && names.includes(`models/${slashed}`), `${names}`);
      assert.equal((await client.models.get({ model: 'gemini.text' })).name, 'models/gemini.text');
      await assert.rejects(client.models.get({ model: 'nobody-has-this' }), (error) => error.status === 404);
      const asked_for = { model: slashed, contents: 'How cold is it in Oslo and in Rome?', config: { systemInstruction: 'You answer briefly.' } };
      return assert.match((await client.models.generateContent(asked_for)).text, /^Hello/);
    });
  }
});
