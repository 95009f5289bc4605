// What the model behind a double does, said once for all four dialects. The model's name is the scenario. A double reads
// the request into a view, `act` looks at it as a model would (and refuses what a faithful client could not have said),
// and the double writes the reply in its own dialect.
//
// view:  {system: [text], users: [{text, images: [{mime, base64}]}], tools: [{name, schema}], rounds: [{calls, results}],
//         schema, thinks, stream, max_tokens}
//        a round is one assistant turn with calls [{id, name, args}] and the results [{id, name, text}] given for them
// reply: {reasoning, text: [pieces], calls: [{name, args}], finish, usage} or {fails: status} or {breaks: how}
import { isDeepStrictEqual } from 'node:util';
import { Refused } from './strict.mjs';

export const SYSTEM = 'You answer briefly.';
export const QUESTION = 'How cold is it in Oslo and in Rome?';
export const RESULTS = { Oslo: '-3 °C, "snow"', Rome: '14 °C' };
export const ANSWER = ['In Oslo it is -3, ', 'in Rome 14: ', 'grüße, 你好 🌨.'];
export const HELLO = ['Hello ', 'from the ', 'provider: ', 'grüße, 你好 🌨.'];
export const THOUGHT = ['Oslo lies north, ', 'Rome south.'];
export const CALLS = [
  { name: 'get_temperature', args: { city: 'Oslo', unit: 'c' } },
  { name: 'get_temperature', args: { city: 'Rome', unit: 'c' } },
];
export const NOTES_CALL = { name: 'list_notes', args: {} };
export const WEATHER_TOOL = {
  name: 'get_temperature',
  description: 'Temperature of a city now',
  schema: {
    type: 'object',
    properties: { city: { type: 'string', description: 'Its name' }, unit: { type: 'string', enum: ['c', 'f'] } },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
};
export const NOTES_TOOL = {
  name: 'list_notes', description: 'All notes', schema: { type: 'object', properties: {}, required: [], additionalProperties: false },
};
export const CITY_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, degrees: { type: 'number' }, tags: { type: 'array', items: { type: 'string' } } },
  required: ['city', 'degrees', 'tags'],
  additionalProperties: false,
};
export const CITY = { city: 'Oslo', degrees: -3, tags: ['snow', 'wind'] };
export const SAMPLING = { temperature: 0.5, top_p: 0.75, stop: ['END'] };
// A PNG of one red pixel.
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

// Disjoint buckets, all different, so that a token in the wrong one shows.
export const USAGE = { fresh: 211, cache_read: 64, cache_write: 32, output: 29, reasoning: 0 };
export const THINKING_USAGE = { fresh: 307, cache_read: 128, cache_write: 16, output: 41, reasoning: 83 };

const must = (condition, what) => {
  if (!condition) throw new Refused(`the model was not asked what the client asked: ${what}`);
};
const same = (got, wanted, what) => must(isDeepStrictEqual(got, wanted), `${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);

const said_by = (view) => view.users.map((user) => user.text).filter(Boolean);
const says = (text, rest = {}) => ({ text, finish: 'stop', usage: USAGE, ...rest });
const calls = (wanted, rest = {}) => ({ calls: wanted, finish: 'tool', usage: USAGE, ...rest });

// Some dialects only know results that are objects: text is then a member of one, by the habit of each client.
const results_of = (round) => round.results.map(({ text }) => {
  if (!text.startsWith('{')) return text;
  const { output, content, result } = JSON.parse(text);
  return output ?? content ?? result ?? text;
});

function asked(view, question = QUESTION) {
  same(view.system, [SYSTEM], 'the system instruction');
  same(said_by(view), [question], 'what the user said');
}

// The two-step loop: calls on the first request, all results back in their order on the second.
function two_steps(view, reasoning) {
  asked(view);
  same(view.tools, [WEATHER_TOOL, NOTES_TOOL], 'the tools');
  const usage = reasoning ? THINKING_USAGE : USAGE;
  if (view.rounds.length === 0) return calls(CALLS, { reasoning, usage });
  must(view.rounds.length <= 2, `there are ${view.rounds.length} rounds`);
  const [first, second] = view.rounds;
  same(first.calls.map(({ name, args }) => ({ name, args })), CALLS, 'the calls told again');
  same(results_of(first), [RESULTS.Oslo, RESULTS.Rome], 'the results');
  if (!second) return calls([NOTES_CALL], { reasoning, usage, text: ['One more look. '] });
  same(second.calls.map(({ name, args }) => ({ name, args })), [NOTES_CALL], 'the second round of calls');
  same(results_of(second), ['[]'], 'the second round of results');
  return says(ANSWER, { usage });
}

// Every agent has some tool that reads a file or runs a command; its schema says how it is called.
function call_that_reads(tools, file) {
  for (const name of ['read', 'Read', 'read_file', 'exec_command', 'shell', 'shell_command']) {
    const properties = tools.find((tool) => tool.name === name)?.schema?.properties;
    if (!properties) continue;
    for (const key of ['file_path', 'filePath', 'absolute_path', 'path']) if (properties[key]) return { name, args: { [key]: file } };
    const key = ['command', 'cmd'].find((one) => properties[one]);
    if (key) return { name, args: { [key]: properties[key].type === 'array' ? ['cat', file] : `cat ${file}` } };
  }
  return undefined;
}

const scenarios = {
  text(view) {
    asked(view);
    return says(HELLO);
  },
  // A conversation of several turns: earlier answers come back as they were.
  turns(view) {
    same(view.system, [SYSTEM], 'the system instruction');
    same(view.answers, view.users.slice(1).map(() => HELLO.join('')), 'the earlier answers');
    return says(HELLO);
  },
  tools: (view) => two_steps(view),
  alternates: (view) => ({ ...two_steps(view), alternates: true }),
  reason(view) {
    must(view.thinks, 'reasoning was not asked for');
    return two_steps(view, { text: THOUGHT });
  },
  think(view) {
    must(view.thinks, 'reasoning was not asked for');
    asked(view);
    return says(HELLO, { reasoning: { text: THOUGHT }, usage: THINKING_USAGE });
  },
  // Goes on with what another model began: its reasoning is not ours to see, in no form.
  takes_over(view) {
    asked(view);
    must(!JSON.stringify(view).includes(THOUGHT[0].trim()), 'the reasoning of another model is told as text');
    same(view.rounds.map((round) => round.calls.map(({ name, args }) => ({ name, args }))), [CALLS], 'the calls told again');
    same(results_of(view.rounds[0]), [RESULTS.Oslo, RESULTS.Rome], 'the results');
    return says(ANSWER);
  },
  // A coding agent at work: it is told to read the file its user names with a tool of its own, then says what is in it.
  agent(view) {
    const [file] = /\/[\w./-]*note\.txt/.exec(said_by(view).join(' ')) ?? [];
    const call = file && call_that_reads(view.tools ?? [], file);
    if (!call) return says(['A title']); // agents also ask small things beside
    if (view.rounds.length === 0) return calls([call], { text: ['I will look. '] });
    const result = view.rounds.at(-1).results.at(-1).text;
    const [found] = /it snows in \w+/.exec(result) ?? [];
    return says(['The note says: ', found ?? `nothing, but: ${result}`]);
  },
  forced(view) {
    same(view.choice, { required: true, name: 'get_temperature' }, 'the tool choice');
    return calls([CALLS[0]]);
  },
  structured(view) {
    asked(view);
    must(view.schema, 'no schema');
    same(view.schema, CITY_SCHEMA, 'the schema');
    const json = JSON.stringify(CITY);
    return says([json.slice(0, 9), json.slice(9, 30), json.slice(30)]);
  },
  image(view) {
    same(said_by(view), [QUESTION], 'what the user said');
    same(view.users.flatMap((user) => user.images), [{ mime: 'image/png', base64: PIXEL }], 'the image');
    return says(['A red pixel.']);
  },
  sampling(view) {
    same(view.sampling, { ...SAMPLING, stop: view.has_stop ? SAMPLING.stop : [] }, 'the sampling');
    return says(HELLO);
  },
  sampling_without_stop(view) {
    same(view.sampling, { ...SAMPLING, stop: [] }, 'the sampling');
    return says(HELLO);
  },
  long: () => says(HELLO, { finish: 'length' }),
  filter: () => says([HELLO[0]], { finish: 'filter' }),
  slow: () => says(Array.from({ length: 200 }, (_, i) => `piece ${i} `), { piece_ms: 5 }),
  never: () => ({ breaks: 'never' }),
  dies: () => says(HELLO, { breaks: 'dies' }),
  dies_in_call: () => calls(CALLS, { breaks: 'dies' }),
  stops_early: () => says(HELLO, { breaks: 'no_end' }), // the body is whole but the dialect's last word is missing
  error_inside: () => says(HELLO, { breaks: 'error_inside' }),
  e400: () => ({ fails: 400 }),
  e401: () => ({ fails: 401 }),
  e404: () => ({ fails: 404 }),
  e429: () => ({ fails: 429 }),
  e500: () => ({ fails: 500 }),
  e503: () => ({ fails: 503 }),
};

export const scenario_names = Object.keys(scenarios);
export const FAILURE = 'The provider says no, for a reason of its own.';

export function act(model, view) {
  const scenario = scenarios[model];
  if (!scenario) throw new Refused(`The model ${model} does not exist`, { status: 404, code: 'model_not_found' });
  return scenario(view);
}
