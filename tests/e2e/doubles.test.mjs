// The doubles are worth what the official SDKs make of them: each SDK talks to the double of its own dialect, with no
// gateway between. What fails here is a fault of the double or of a client, never of the gateway.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { corpus_present, recordings } from './support/corpus.mjs';
import { clients, missing_sdk } from './support/clients/index.mjs';
import { KEY, start_double, with_refusals } from './support/doubles/double.mjs';
import { dialects } from './support/doubles/index.mjs';
import { promises_for } from './support/promises.mjs';

for (const client of clients) {
  const skip = missing_sdk(client);

  describe(`${client.label} and the double of ${client.dialect}`, () => {
    const pair = { client, upstream: client.dialect, through_gateway: false };
    let place, double;
    before(async () => {
      if (skip) return;
      double = await start_double(dialects[client.dialect]);
      const session = client.connect(await client.load(), { url: double.url, key: KEY });
      place = { ...pair, session, double, model: (scenario) => scenario, check_charge: () => {} };
    });
    after(() => double?.stop());

    for (const [name, keep] of promises_for(pair)) {
      test(name, { skip }, async () => {
        double.refusals.length = 0;
        try {
          await keep(place);
        } catch (error) {
          throw with_refusals(error, double);
        }
      });
    }
  });
}

// A double that refuses what the real provider took would judge the gateway wrongly.
describe('what real providers accepted', () => {
  const accepted = {
    'openai-chat': ['openai_chat', ['chat.completions'], 'openai'],
    'openai-responses': ['openai_responses', ['responses'], 'openai'],
    'anthropic-messages': ['anthropic_messages', ['messages'], 'anthropic'],
    gemini: ['gemini', ['generateContent', 'streamGenerateContent'], 'gemini-api'],
  };
  const beyond = /replays-search-turns/; // blank text, behind results of a search of Anthropic's own

  for (const [dialect, [name, endpoints, provider]] of Object.entries(accepted)) {
    test(`${dialect}: the double accepts it too`, { skip: !corpus_present && 'no recordings here' }, () => {
      const all = recordings(dialect).filter((r) => r.status === 200 && r.provider === provider && endpoints.includes(r.endpoint) && !beyond.test(r.name));
      assert.ok(all.length > 80, `${all.length} recordings`);
      for (const recording of all) {
        const request = JSON.parse(recording.request());
        try {
          dialects[name].shape(request);
        } catch (error) {
          assert.fail(`${recording.name}: ${error.message}`);
        }
      }
    });
  }
});
