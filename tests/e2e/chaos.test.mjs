// An upstream that is not ours, lenient and then broken on purpose: whatever it does, every SDK gets a proper error soon,
// nothing that broke looks whole, and no money stays held.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { clients, missing_sdk } from './support/clients/index.mjs';
import { Gateway } from './support/gateway.mjs';
import { PRICES, base_paths, upstream_names } from './support/many.mjs';

const LONG_TEXT = Array.from({ length: 60 }, (_, i) => `word ${i} `).join('');
const library = await import('@copilotkit/aimock').catch(() => undefined);
const no_library = library === undefined && 'aimock does not load in this node';

// What is asked -> how it is answered.
const troubles = {
  'drop it': { response: { content: LONG_TEXT }, chaos: { dropRate: 1 } },
  'garble it': { response: { content: LONG_TEXT }, chaos: { malformedRate: 1 } },
  'disconnect it': { response: { content: LONG_TEXT }, chaos: { disconnectRate: 1 } },
  'limit it': { response: { content: LONG_TEXT }, chaos: { rateLimitRate: 1 } },
  'fail it': { response: { error: { message: 'Out of order.', type: 'server_error' }, status: 500 } },
};
const broken_streams = {
  'truncate it': { response: { content: LONG_TEXT }, chunkSize: 20, truncateAfterChunks: 4 },
  'cut it': { response: { content: LONG_TEXT }, chunkSize: 5, latency: 10, disconnectAfterMs: 120 },
};

describe('an upstream in chaos', () => {
  let mock, gateway;
  before(async () => {
    if (no_library) return;
    mock = new library.LLMock({ port: 0, host: '127.0.0.1', logLevel: 'silent' });
    mock.on({ userMessage: 'behave' }, { content: LONG_TEXT });
    for (const [asked, { response, ...rest }] of Object.entries({ ...troubles, ...broken_streams })) mock.on({ userMessage: asked }, response, rest);
    await mock.start();
    gateway = await Gateway.start({
      change: (config) => {
        config.surfaces = upstream_names;
        config.providers = {};
        config.models = {};
        config.retry = { attempts_max: 1 };
        for (const name of upstream_names) {
          config.providers[name] = { use: name, base_url: mock.url + base_paths[name], api_key: 'mock-key' };
          config.models[`${name}.model`] = { targets: [{ provider: name, model: 'some-model' }], price: PRICES };
        }
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await mock?.stop();
  });

  async function ask(client, upstream, text, stream) {
    const session = client.connect(await client.load(), { url: gateway.url, key: gateway.key });
    return session.ask({ model: `${upstream}.model`, history: [{ user: { text } }], stream });
  }

  // An error of the SDK's own making, or of the network; never one of this test, never an answer.
  async function fails_soon(client, upstream, text, stream) {
    const began = Date.now();
    const error = await ask(client, upstream, text, stream).then((answer) => assert.fail(`it looks whole: ${JSON.stringify(answer).slice(0, 300)}`), (thrown) => thrown);
    assert.ok(!(error instanceof assert.AssertionError), error.message);
    assert.ok(!/timed? ?out/i.test(error.message), error.message);
    assert.ok(!error.message.includes('mock-key'));
    assert.ok(Date.now() - began < 8000, `after ${Date.now() - began} ms`);
    return error;
  }

  for (const client of clients) {
    for (const upstream of upstream_names) {
      const skip = no_library || missing_sdk(client);
      describe(`${client.label} -> aimock as ${upstream}`, () => {
        test('while it behaves, it is understood', { skip }, async () => {
          for (const stream of [false, true]) assert.equal((await ask(client, upstream, 'behave', stream)).text, LONG_TEXT);
        });
        for (const trouble of Object.keys(troubles)) {
          test(`told to ${trouble}: an error`, { skip }, async () => {
            for (const stream of [false, true]) {
              const error = await fails_soon(client, upstream, trouble, stream);
              assert.ok(error.status === undefined || error.status >= 400, `${error.status}`);
              if (!stream) assert.ok(error.status >= 400, `an HTTP status, not ${error.message}`);
            }
          });
        }
        for (const trouble of Object.keys(broken_streams)) {
          test(`told to ${trouble} in its stream: an error`, { skip }, () => fails_soon(client, upstream, trouble, true));
        }
      });
    }
  }

  test('afterwards nothing is held and the ledger is whole', { skip: no_library }, async () => {
    await gateway.nothing_held();
    await gateway.cli('ledger', 'verify');
  });
});
