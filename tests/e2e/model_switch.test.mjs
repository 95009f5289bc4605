// A conversation may change its model in the middle of a tool loop. Another provider's reasoning is nobody else's: it is
// left out, neither sent as state nor told as text, and the conversation goes on.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { clients, missing_sdk } from './support/clients/index.mjs';
import { with_refusals } from './support/doubles/double.mjs';
import { ANSWER, NOTES_TOOL, QUESTION, RESULTS, WEATHER_TOOL } from './support/doubles/script.mjs';
import { start_many, upstream_names } from './support/many.mjs';

const newest = clients.filter((client) => ['openai7', 'anthropic1', 'genai3'].includes(client.name));

describe('changing the model in a conversation', () => {
  let many;
  before(async () => { many = await start_many(); });
  after(() => many?.stop());

  async function begin_and_change({ client, from, to, stream }) {
    const { gateway } = many;
    const session = client.connect(await client.load(), { url: gateway.url, key: gateway.key });
    const history = [{ user: { text: QUESTION } }];
    const tools = [WEATHER_TOOL, NOTES_TOOL];
    const begun = await session.ask({ model: `${from}.reason`, history, tools, thinks: true, stream });
    assert.equal(begun.calls.length, 2);
    history.push(...begun.native, { results: begun.calls.map((call) => ({ call, text: RESULTS[call.args.city] })) });
    const { text } = await session.ask({ model: `${to}.takes_over`, history, tools, stream });
    assert.equal(text, ANSWER.join(''));
  }

  for (const client of newest) {
    for (const from of upstream_names) {
      for (const to of upstream_names.filter((name) => name !== from)) {
        const skip = missing_sdk(client);
        for (const stream of [false, true]) {
          test(`${client.label}: ${from} -> ${to}${stream ? ', streamed' : ''}`, { skip }, async () => {
            const double = many.doubles[to];
            double.refusals.length = 0;
            await begin_and_change({ client, from, to, stream }).catch((error) => { throw with_refusals(error, double); });
          });
        }
      }
    }
  }
});
