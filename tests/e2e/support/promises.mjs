// What every client may expect, whoever answers behind the gateway. Each case is a promise: name -> (place) => work, where
// place = {client, session, model(scenario), double, upstream, through_gateway, check_charge(call, usage)}.
import assert from 'node:assert/strict';
import { ANSWER, CALLS, CITY, CITY_SCHEMA, FAILURE, HELLO, NOTES_CALL, NOTES_TOOL, PIXEL, QUESTION, RESULTS, SAMPLING, THINKING_USAGE, THOUGHT, USAGE, WEATHER_TOOL } from './doubles/script.mjs';
import { told_usage, usage_shapes } from './doubles/index.mjs';
import { stream_grammar } from './grammar.mjs';
import { eventually, sleep } from './gateway.mjs';
import { watched } from './clients/wire.mjs';

const question = [{ user: { text: QUESTION } }];
const joined = (pieces) => pieces.join('');
const made = (calls) => calls.map(({ name, args }) => ({ name, args }));

// One question: the answer, with the form of its stream and its money checked.
async function ask(place, scenario, asked) {
  const { result: answer, calls } = await watched(() => place.session.ask({ model: place.model(scenario), history: question, ...asked }));
  assert.equal(calls.length, 1, 'asked once');
  if (asked.stream) stream_grammar[place.client.dialect](calls[0].text);
  return { answer, calls };
}

// The numbers of a usage object that say how many; what else it holds is the provider's.
function check_usage(place, told, usage) {
  const wanted = usage_shapes[place.client.dialect](told_usage(place.upstream, usage));
  const compare = (got, want, path) => {
    for (const [name, value] of Object.entries(want)) {
      if (typeof value === 'number' && (value !== 0 || name in (got ?? {}))) assert.equal(got?.[name], value, `${path}${name} of ${JSON.stringify(told)}`);
      else if (typeof value === 'object' && !Array.isArray(value) && value) compare(got?.[name], value, `${path}${name}.`);
    }
  };
  compare(told, without_details_of_vendor(wanted), 'usage.');
}

// Members that a dialect need not tell when another's answer is translated into it.
function without_details_of_vendor({ cache_creation, cacheTokensDetails, promptTokensDetails, ...rest }) {
  return rest;
}

async function says_hello(place, stream) {
  const { answer, calls } = await ask(place, 'text', { stream });
  assert.equal(answer.text, joined(HELLO));
  assert.equal(answer.finish, 'stop');
  assert.deepEqual(answer.calls, []);
  assert.ok(answer.id, 'an id');
  check_usage(place, answer.usage, USAGE);
  await place.check_charge(calls[0], USAGE, { stream });
}

// Question, two parallel calls, both results, one more call, its result, the answer.
async function tool_loop(place, scenario, { stream, thinks }) {
  const history = [...question];
  const asked = { stream, thinks, history, tools: [WEATHER_TOOL, NOTES_TOOL] };
  const usage = thinks ? THINKING_USAGE : USAGE;

  const first = await ask(place, scenario, asked);
  assert.deepEqual(made(first.answer.calls), CALLS);
  check_ids(place, first.answer.calls);
  assert.equal(first.answer.finish, 'tool');
  check_thought(place, first.answer, thinks);
  check_usage(place, first.answer.usage, usage);
  await place.check_charge(first.calls[0], usage, { stream });
  history.push(...first.answer.native, { results: first.answer.calls.map((call) => ({ call, text: RESULTS[call.args.city] })) });

  const second = await ask(place, scenario, asked);
  assert.deepEqual(made(second.answer.calls), [NOTES_CALL]);
  assert.equal(second.answer.text, 'One more look. ');
  history.push(...second.answer.native, { results: [{ call: second.answer.calls[0], text: '[]' }] });

  const last = await ask(place, scenario, asked);
  assert.equal(last.answer.text, joined(ANSWER));
  assert.equal(last.answer.finish, 'stop');
}

// Calls are told apart by their ids; in Gemini's dialect they need none.
function check_ids(place, calls) {
  if (place.client.dialect === 'gemini' && calls.every((call) => call.id === undefined)) return;
  assert.equal(new Set(calls.map((call) => call.id)).size, calls.length, 'ids of their own');
  assert.ok(calls.every((call) => typeof call.id === 'string' && call.id !== ''));
}

// Some upstreams tell their reasoning only to who asks to see it, which chat has no word for.
const tells_thought = ({ client, upstream }) => client.dialect !== 'openai_chat' || ['openai_chat', 'anthropic_messages'].includes(upstream);

function check_thought(place, answer, thinks) {
  if (!thinks) assert.equal(answer.thought, undefined, 'no reasoning where none was asked for');
  else if (answer.thought !== undefined || tells_thought(place)) assert.equal(answer.thought, joined(THOUGHT), 'the reasoning is told');
  assert.ok(!answer.text.includes(THOUGHT[0].trim()), 'reasoning is no part of the text');
}

async function thinks_aloud(place, stream) {
  const { answer, calls } = await ask(place, 'think', { stream, thinks: true });
  assert.equal(answer.text, joined(HELLO));
  check_thought(place, answer, true);
  check_usage(place, answer.usage, THINKING_USAGE);
  await place.check_charge(calls[0], THINKING_USAGE, { stream });
}

async function several_turns(place, stream) {
  const history = [...question];
  for (let turn = 0; turn < 3; turn += 1) {
    const { answer } = await ask(place, 'turns', { stream, history });
    assert.equal(answer.text, joined(HELLO));
    history.push(...answer.native, { user: { text: `And then? (${turn})` } });
  }
}

async function fills_schema(place, stream) {
  const { answer } = await ask(place, 'structured', { stream, schema: CITY_SCHEMA });
  assert.deepEqual(JSON.parse(answer.text), CITY);
  assert.equal(answer.finish, 'stop');
}

async function sees_image(place, stream) {
  const history = [{ user: { text: QUESTION, images: [{ mime: 'image/png', base64: PIXEL }] } }];
  const { answer } = await ask(place, 'image', { stream, history });
  assert.equal(answer.text, 'A red pixel.');
}

async function samples(place) {
  const stops = place.client.has_stop;
  const { answer, calls } = await ask(place, stops ? 'sampling' : 'sampling_without_stop', { sampling: SAMPLING });
  assert.equal(answer.text, joined(HELLO));
  if (stops && place.through_gateway && place.upstream === 'openai_responses') {
    assert.match(calls[0].headers.get('x-1chat-dropped') ?? '', /stop/, 'what this upstream cannot do is told');
  }
}

async function forces_tool(place) {
  const { answer } = await ask(place, 'forced', { tools: [WEATHER_TOOL, NOTES_TOOL], force: 'get_temperature' });
  assert.deepEqual(made(answer.calls), [CALLS[0]]);
}

async function ends(place, scenario, finish, stream) {
  const { answer } = await ask(place, scenario, { stream });
  assert.equal(answer.finish, finish);
}

// The SDK throws its own class with the status and the provider's words.
async function fails(place, status, stream) {
  const began = Date.now();
  const error = await ask(place, `e${status}`, { stream }).then(() => assert.fail('it did not fail'), (thrown) => thrown);
  if (status === 401) {
    // Our key, not the client's. A provider of the client's own dialect is passed on as it is.
    const own_words = place.client.dialect === place.upstream && error.message.includes(FAILURE);
    assert.ok(own_words || error.status >= 500, `${error.status} ${error.message}`);
  } else {
    const [name, wanted] = place.client.errors[status];
    if (wanted !== 529 || error.status === 529) assert.equal(error.constructor.name, name, error.stack);
    if (status === 503) assert.ok([503, 529].includes(error.status), `${error.status}`);
    else assert.equal(error.status, wanted, error.message);
    assert.ok(error.message.includes(FAILURE), error.message);
    if (status === 429) check_retry_after(place, error);
  }
  assert.ok(!error.message.includes('upstream-secret-key'));
  assert.ok(Date.now() - began < 5000, 'soon');
}

function check_retry_after(place, error) {
  const [call] = error.calls;
  if (place.client.dialect === 'gemini') assert.match(error.message, /"retryDelay":\s*"(6\.5|7)0*s"/);
  else assert.ok(Number(call.headers.get('retry-after')) >= 6, `retry-after: ${call.headers.get('retry-after')}`);
}

// The stream breaks after it began: what came is told, and never an end.
async function breaks(place, scenario, asked = {}) {
  let heard = '';
  const pending = place.session.ask({ model: place.model(scenario), history: question, stream: true, on_piece: (piece) => { heard += piece; }, ...asked });
  const error = await pending.then((answer) => assert.fail(`it looks whole: ${JSON.stringify(answer)}`), (thrown) => thrown);
  assert.ok(!(error instanceof assert.AssertionError), error.message);
  if (!asked.tools) assert.ok(joined(HELLO).startsWith(heard), 'what was heard is a beginning of the answer');
  return error;
}

async function hangs_up(place, stream) {
  const { double } = place;
  const controller = new AbortController();
  const seen = double.requests.length;
  const pending = place.session.ask({
    model: place.model(stream ? 'slow' : 'never'), history: question, stream, signal: controller.signal, on_piece: () => controller.abort(),
  });
  pending.catch(() => {});
  await eventually(() => double.requests.length > seen, 5000, 'the request at the provider');
  if (!stream) controller.abort();
  const error = await pending.then(() => assert.fail('it was not ended'), (thrown) => thrown);
  assert.match(`${error.constructor.name} ${error.name} ${error.message}`, place.client.aborts);
  const at = await Promise.race([double.requests[seen].aborted, sleep(3000).then(() => undefined)]);
  assert.ok(at, 'the provider saw the client go');
}

const promises = {
  'an answer': (place) => says_hello(place, false),
  'a streamed answer': (place) => says_hello(place, true),
  'several turns': (place) => several_turns(place, false),
  'several streamed turns': (place) => several_turns(place, true),
  'parallel tools, three steps': (place) => tool_loop(place, 'tools', { stream: false }),
  'parallel tools, three streamed steps': (place) => tool_loop(place, 'tools', { stream: true }),
  'tools whose calls come in alternating pieces': (place) => tool_loop(place, 'alternates', { stream: true }),
  'a tool that must be called': forces_tool,
  'reasoning is told apart from the answer': (place) => thinks_aloud(place, false),
  'streamed reasoning is told apart from the answer': (place) => thinks_aloud(place, true),
  'reasoning goes back unharmed in a tool loop': (place) => tool_loop(place, 'reason', { stream: false, thinks: true }),
  'reasoning goes back unharmed in a streamed tool loop': (place) => tool_loop(place, 'reason', { stream: true, thinks: true }),
  'structured output': (place) => fills_schema(place, false),
  'streamed structured output': (place) => fills_schema(place, true),
  'an image': (place) => sees_image(place, false),
  'sampling and stop sequences': samples,
  'an answer that was cut by max_tokens': (place) => ends(place, 'long', 'length', false),
  'a stream that was cut by max_tokens': (place) => ends(place, 'long', 'length', true),
  'an answer that was filtered': (place) => ends(place, 'filter', 'filter', true),
  'a 400': (place) => fails(place, 400, false),
  'a 400 instead of a stream': (place) => fails(place, 400, true),
  'a 401 of our key': (place) => fails(place, 401, false),
  'a 404': (place) => fails(place, 404, false),
  'a 429 with its delay': (place) => fails(place, 429, false),
  'a 500': (place) => fails(place, 500, false),
  'an overload': (place) => fails(place, 503, false),
  'an overload instead of a stream': (place) => fails(place, 503, true),
  'an error inside a stream': async (place) => assert.match((await breaks(place, 'error_inside')).message, /overloaded/i),
  'a stream that dies': (place) => breaks(place, 'dies'),
  'a stream that dies in a call': (place) => breaks(place, 'dies_in_call', { tools: [WEATHER_TOOL, NOTES_TOOL] }),
  'a stream without its end': (place) => breaks(place, 'stops_early'),
  'hanging up on a stream': (place) => hangs_up(place, true),
  'hanging up on an answer that does not come': (place) => hangs_up(place, false),
};

const exceptions = {
  // OpenAI's own endpoint does not, and its stream helper could not read it; compatible vendors do.
  'tools whose calls come in alternating pieces': ({ client, upstream }) => upstream === 'openai_chat' && client.dialect !== 'openai_chat',
  'sampling and stop sequences': ({ client }) => !client.no_sampling,
  'a 401 of our key': ({ through_gateway }) => through_gateway,
};

// The promises that a pair {client, upstream, through_gateway} can keep: [name, work].
export function promises_for(pair) {
  return Object.entries(promises).filter(([name]) => exceptions[name]?.(pair) ?? true);
}
