// What a program on the `ai` SDK may expect, whoever answers.
import assert from 'node:assert/strict';
import { ANSWER, CITY, FAILURE, HELLO, USAGE } from './doubles/script.mjs';
import { told_usage } from './doubles/index.mjs';

const hello = HELLO.join('');

function check_usage(place, usage) {
  const { fresh, cache_read, cache_write, output } = told_usage(place.upstream, USAGE);
  assert.equal(usage.inputTokens, fresh + cache_read + cache_write);
  assert.equal(usage.outputTokens, output);
  assert.equal(usage.inputTokenDetails.cacheReadTokens, cache_read);
}

export const ai_promises = {
  'generateText': async (place) => {
    const { text, finish, usage } = await place.program.ask(place.model('text'));
    assert.equal(text, hello);
    assert.equal(finish, 'stop');
    check_usage(place, usage);
  },
  'streamText': async (place) => {
    const { heard, finish, usage } = await place.program.ask(place.model('text'), { stream: true });
    assert.equal(heard, hello);
    assert.equal(finish, 'stop');
    check_usage(place, usage);
  },
  'generateText with tools, to the end': async (place) => {
    const { text, steps } = await place.program.ask(place.model('tools'), { tools: true });
    assert.equal(text, ANSWER.join(''));
    assert.equal(steps, 3);
  },
  'streamText with tools, to the end': async (place) => {
    const { text, steps } = await place.program.ask(place.model('tools'), { tools: true, stream: true });
    assert.equal(text, ANSWER.join(''));
    assert.equal(steps, 3);
  },
  'an object': async (place) => assert.deepEqual(await place.program.object(place.model('structured'), false), CITY),
  'a streamed object': async (place) => assert.deepEqual(await place.program.object(place.model('structured'), true), CITY),
  'a 429 can be tried again, a 400 not': async (place) => {
    for (const [status, again] of [[429, true], [400, false]]) {
      await assert.rejects(place.program.ask(place.model(`e${status}`)), (error) => {
        assert.equal(error.statusCode, status);
        assert.equal(error.isRetryable, again);
        assert.ok(error.message.includes(FAILURE), error.message);
        return true;
      });
    }
  },
  'an error inside a stream': (place) => assert.rejects(place.program.ask(place.model('error_inside'), { stream: true }), /overloaded/i),
};
