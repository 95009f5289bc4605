// Responses that are kept: they can be read again, gone on from, and deleted; whoever answered.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { with_refusals } from './support/doubles/double.mjs';
import { ANSWER, HELLO, NOTES_TOOL, QUESTION, RESULTS, SYSTEM, WEATHER_TOOL } from './support/doubles/script.mjs';
import { start_many, upstream_names } from './support/many.mjs';

const tools = [WEATHER_TOOL, NOTES_TOOL].map(({ name, description, schema }) => ({ type: 'function', name, description, parameters: schema, strict: true }));
const ask = (model, rest = {}) => ({ model, instructions: SYSTEM, input: QUESTION, max_output_tokens: 4000, ...rest });
const outputs_of = (response) => response.output.filter((item) => item.type === 'function_call').map((call) => ({
  type: 'function_call_output', call_id: call.call_id, output: call.name === 'list_notes' ? '[]' : RESULTS[JSON.parse(call.arguments).city],
}));
const plain = ({ _request_id, output_text, ...response }) => response;

const promises = {
  'what was answered can be read again': async ({ client, model }) => {
    const created = await client.responses.create(ask(model('text')));
    assert.equal(created.store ?? true, true);
    assert.deepEqual(plain(await client.responses.retrieve(created.id)), plain(created));
  },
  'what was streamed can be read again': async ({ client, model }) => {
    const runner = client.responses.stream(ask(model('text')));
    const streamed = await runner.finalResponse();
    const kept = await client.responses.retrieve(streamed.id);
    assert.equal(kept.output_text, HELLO.join(''));
    assert.deepEqual(kept.usage, streamed.usage);
    assert.equal(kept.status, 'completed');
  },
  'what was asked can be read again': async ({ client, model }) => {
    const { id } = await client.responses.create(ask(model('text')));
    const items = [];
    for await (const item of client.responses.inputItems.list(id)) items.push(item);
    assert.equal(items.length, 1);
    assert.equal(items[0].role, 'user');
    assert.equal(items[0].content[0].text, QUESTION);
    assert.ok(items[0].id, 'items that are listed have ids');
  },
  'a conversation goes on from an answer': async ({ client, model }) => {
    const first = await client.responses.create(ask(model('turns')));
    const second = await client.responses.create(ask(model('turns'), { input: 'And then?', previous_response_id: first.id }));
    assert.equal(second.previous_response_id, first.id);
    const third = await client.responses.create(ask(model('turns'), { input: 'And now?', previous_response_id: second.id }));
    assert.equal(third.output_text, HELLO.join(''));
  },
  'a tool loop needs only the new results': (place) => tool_loop(place, 'tools', {}),
  'a streamed tool loop needs only the new results': (place) => tool_loop(place, 'tools', {}, true),
  'a tool loop with reasoning needs only the new results': (place) => tool_loop(place, 'reason', { reasoning: { effort: 'low', summary: 'auto' } }),
  'a deleted answer is gone': async ({ client, sdk, model }) => {
    const { id } = await client.responses.create(ask(model('turns')));
    await client.responses.delete(id);
    await assert.rejects(client.responses.retrieve(id), sdk.NotFoundError);
    await assert.rejects(client.responses.create(ask(model('turns'), { previous_response_id: id })), (error) => [400, 404].includes(error.status));
  },
  'nothing is kept that must not be': async ({ client, sdk, model }) => {
    const { id } = await client.responses.create(ask(model('text'), { store: false }));
    await assert.rejects(client.responses.retrieve(id), sdk.NotFoundError);
  },
  'nobody else can read it': async ({ client, stranger, sdk, model }) => {
    const { id } = await client.responses.create(ask(model('text')));
    await assert.rejects(stranger.responses.retrieve(id), sdk.NotFoundError);
    await assert.rejects(stranger.responses.delete(id), sdk.NotFoundError);
    await assert.rejects(stranger.responses.create(ask(model('turns'), { previous_response_id: id })), (error) => [400, 404].includes(error.status));
    await client.responses.retrieve(id);
  },
  'an answer that never was: 404': async ({ client, sdk, model }) => {
    await assert.rejects(client.responses.retrieve('resp_nobody'), sdk.NotFoundError);
    await assert.rejects(client.responses.create(ask(model('text'), { previous_response_id: 'resp_nobody' })), (error) => {
      assert.ok([400, 404].includes(error.status));
      assert.equal(error.code, 'previous_response_not_found');
      return true;
    });
  },
};

async function tool_loop({ client, model }, scenario, rest, stream = false) {
  const create = async (asked) => (stream ? client.responses.stream(asked).finalResponse() : client.responses.create(asked));
  let response = await create(ask(model(scenario), { tools, ...rest }));
  for (let step = 0; step < 2; step += 1) {
    response = await create(ask(model(scenario), { tools, ...rest, input: outputs_of(response), previous_response_id: response.id }));
  }
  const text = response.output.filter((item) => item.type === 'message').flatMap((item) => item.content).map((part) => part.text).join('');
  assert.equal(text, ANSWER.join(''));
}

describe('kept responses', () => {
  let many, other_key;
  before(async () => {
    many = await start_many();
    await many.gateway.cli('project', 'create', 'strangers');
    await many.gateway.cli('deposit', '--project', 'strangers', '--usd', '10', '--id', 'theirs');
    other_key = (await many.gateway.json('key', 'create', '--project', 'strangers')).key;
  });
  after(() => many?.stop());

  for (const name of ['openai6', 'openai7']) {
    for (const upstream of upstream_names) {
      describe(`${name} -> ${upstream}`, () => {
        for (const [promise, keep] of Object.entries(promises)) {
          test(promise, async (t) => {
            const sdk = await import(name).catch(() => undefined);
            if (!sdk) return t.skip(`${name} does not load in this node`);
            const { gateway, doubles } = many;
            const connect = (apiKey) => new sdk.OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
            doubles[upstream].refusals.length = 0;
            const place = { sdk, client: connect(gateway.key), stranger: connect(other_key), model: (scenario) => `${upstream}.${scenario}` };
            return keep(place).catch((error) => { throw with_refusals(error, doubles[upstream]); });
          });
        }
      });
    }
  }
});
