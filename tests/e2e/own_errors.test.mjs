// What the gateway itself refuses is refused in the words of the client's dialect, so that each SDK throws its own class,
// tries again only where that helps, and no provider is asked.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { clients, missing_sdk } from './support/clients/index.mjs';
import { watched } from './support/clients/wire.mjs';
import { QUESTION } from './support/doubles/script.mjs';
import { start_many } from './support/many.mjs';

const history = [{ user: { text: QUESTION } }];
const MODEL = 'openai_chat.text';

// dialect -> trouble -> [class, statuses, a word of the message's JSON]
const expected = {
  openai_chat: {
    key: ['AuthenticationError', [401], /invalid_api_key/], model: ['NotFoundError', [404], /model_not_found/], money: ['APIError', [402], /insufficient_quota/],
    request: ['BadRequestError', [400], /invalid_request_error/],
  },
  openai_responses: {
    key: ['AuthenticationError', [401], /invalid_api_key/], model: ['NotFoundError', [404], /model_not_found/], money: ['APIError', [402], /insufficient_quota/],
    request: ['BadRequestError', [400], /invalid_request_error/],
  },
  anthropic_messages: {
    key: ['AuthenticationError', [401], /authentication_error/], model: ['NotFoundError', [404], /not_found_error/], money: ['APIError', [402], /billing_error/],
    request: ['BadRequestError', [400], /invalid_request_error/],
  },
  gemini: {
    key: ['ApiError', [400, 401], /API key|UNAUTHENTICATED|API_KEY_INVALID/], model: ['ApiError', [404], /NOT_FOUND/], money: ['ApiError', [402, 403, 429], /./],
    request: ['ApiError', [400], /INVALID_ARGUMENT/],
  },
};

describe('errors of the gateway\'s own', () => {
  let many, poor_key;
  before(async () => {
    many = await start_many();
    await many.gateway.cli('project', 'create', 'poor');
    poor_key = (await many.gateway.json('key', 'create', '--project', 'poor')).key;
  });
  after(() => many?.stop());

  const troubles = {
    key: () => [{ key: 'sk-1chat-wrong' }, { model: MODEL, history }],
    model: () => [{}, { model: 'nobody-has-this', history }],
    money: () => [{ key: poor_key }, { model: MODEL, history }],
    request: () => [{}, { model: MODEL, history, max_tokens: 'many' }],
  };

  for (const client of clients) {
    const skip = missing_sdk(client);
    for (const [trouble, made] of Object.entries(troubles)) {
      for (const stream of [false, true]) {
        test(`${client.label}: ${trouble} is wrong${stream ? ', asked to stream' : ''}`, { skip }, async () => {
          const { gateway, doubles } = many;
          const [options, asked] = made();
          const asked_before = doubles.openai_chat.requests.length;
          const sdk = await client.load();
          const session = client.connect(sdk, { url: gateway.url, key: gateway.key, retries: 3, ...options });
          const error = await watched(() => session.ask({ ...asked, stream })).then(() => assert.fail('it did not fail'), (thrown) => thrown);
          const [name, statuses, word] = expected[client.dialect][trouble];
          if (name === 'APIError') assert.ok(error instanceof sdk.APIError, error.stack);
          else assert.equal(error.constructor.name, name, error.stack);
          assert.ok(statuses.includes(error.status), `${error.status} ${error.message}`);
          assert.match(`${error.message} ${JSON.stringify(error.error ?? {})} ${error.code} ${error.type}`, word);
          assert.equal(error.calls.length, 1, 'not tried again');
          if (trouble === 'money' && client.dialect !== 'gemini') assert.equal(error.calls[0].headers.get('x-should-retry'), 'false');
          assert.ok(!error.message.includes('sk-1chat-wrong'), 'the key is not repeated');
          assert.equal(doubles.openai_chat.requests.length, asked_before, 'no provider was asked');
        });
      }
    }
  }
});
