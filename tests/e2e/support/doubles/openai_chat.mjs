// OpenAI's Chat Completions, as strict as the real one.
import { any, bool, closed_schema, base64, list, matching, none, nullable, num, object, record, refuse, str, tagged, text, text_or, whole, within, word } from './strict.mjs';
import { KEY, generate } from './double.mjs';
import { embeddings_openai } from './embeddings.mjs';

const unknown_inside = (path, name) => `Additional properties are not allowed ('${name}' was unexpected) - '${path}'`;
const closed = (required, optional) => record(required, optional, unknown_inside);

const tool_name = matching(/^[a-zA-Z0-9_-]{1,64}$/);
const text_part = closed({ type: word('text'), text: str }, { prompt_cache_breakpoint: any });
const image_url = (url, path) => {
  const data = /^data:(image\/[a-z]+);base64,(.*)$/s.exec(url);
  if (data) base64(data[2], path);
  else matching(/^https?:\/\//)(url, path);
};
const user_parts = list(tagged('type', {
  text: text_part,
  image_url: closed({ type: str, image_url: closed({ url: image_url }, { detail: word('auto', 'low', 'high') }) }),
  input_audio: closed({ type: str, input_audio: closed({ data: base64, format: word('wav', 'mp3') }) }),
  file: closed({ type: str, file: closed({}, { file_id: text, file_data: text, filename: text }) }),
}), { min: 1 });
const texts = text_or(list(text_part, { min: 1 }));
const tool_call = tagged('type', {
  function: closed({ id: text, type: str, function: closed({ name: tool_name, arguments: str }) }),
  custom: closed({ id: text, type: str, custom: closed({ name: tool_name, input: str }) }),
});
const assistant = closed({ role: str }, {
  content: nullable(text_or(list(tagged('type', { text: text_part, refusal: closed({ type: str, refusal: str }) }), { min: 1 }))),
  refusal: nullable(str), name: text, audio: nullable(object), tool_calls: list(tool_call, { min: 1, max: 128 }), function_call: none,
  annotations: list(any), // what the answer had may be sent back
  reasoning_content: str, // of compatible vendors: checked against what was given
});
const message = tagged('role', {
  system: closed({ role: str, content: texts }, { name: text }),
  developer: closed({ role: str, content: texts }, { name: text }),
  user: closed({ role: str, content: text_or(user_parts) }, { name: text }),
  assistant: (value, path) => {
    assistant(value, path);
    if ((value.content ?? null) === null && !value.tool_calls && !value.refusal) refuse(path, `${path}: content or tool_calls`);
  },
  tool: closed({ role: str, tool_call_id: text, content: texts }),
});
const function_tool = closed({ name: tool_name }, { description: str, parameters: object, strict: nullable(bool) });
const tool = tagged('type', {
  function: closed({ type: str, function: function_tool }),
  custom: closed({ type: str, custom: closed({ name: tool_name }, { description: str, format: object }) }),
});
const json_schema = closed({ name: tool_name }, { description: str, schema: object, strict: nullable(bool) });
const schema_of_request = record({ model: text, messages: list(message, { min: 1 }) }, {
  audio: nullable(object), frequency_penalty: nullable(within(-2, 2)), functions: list(object), function_call: any, logit_bias: nullable(object), logprobs: nullable(bool),
  max_completion_tokens: nullable(whole(1)), max_tokens: nullable(whole(1)), metadata: nullable(object), modalities: nullable(list(str)),
  moderation: any, n: nullable(whole(1, 128)), parallel_tool_calls: bool, prediction: nullable(object),
  presence_penalty: nullable(within(-2, 2)), prompt_cache_key: nullable(str), prompt_cache_options: object,
  prompt_cache_retention: nullable(str), reasoning_effort: nullable(word('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
  response_format: tagged('type', {
    text: closed({ type: str }), json_object: closed({ type: str }), json_schema: closed({ type: str, json_schema }),
  }),
  safety_identifier: str, seed: nullable(num), service_tier: nullable(str), stop: nullable(text_or(list(text, { min: 1, max: 4 }))),
  store: nullable(bool), stream: nullable(bool),
  stream_options: nullable(closed({}, { include_usage: bool, include_obfuscation: bool })),
  temperature: nullable(within(0, 2)), tool_choice: any, tools: list(tool, { min: 1, max: 128 }), top_logprobs: nullable(whole(0, 20)),
  top_p: nullable(within(0, 1)), user: str, verbosity: nullable(word('low', 'medium', 'high')), web_search_options: object,
}, (path, name) => `Unrecognized request argument supplied: ${name}`);

function check(json, model) {
  schema_of_request(json, '');
  if (json.stream_options && !json.stream) refuse('stream_options', "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  if (json.max_tokens && json.max_completion_tokens) refuse('max_tokens', 'max_tokens and max_completion_tokens cannot both be set.');
  if (json.tool_choice && !json.tools) refuse('tool_choice', "'tool_choice' is only allowed when 'tools' are specified.");
  if ('parallel_tool_calls' in json && !json.tools) refuse('parallel_tool_calls', "'parallel_tool_calls' is only allowed when 'tools' are specified.");
  if (json.top_logprobs && !json.logprobs) refuse('top_logprobs', "'top_logprobs' needs 'logprobs'.");
  json.tools?.forEach((item, i) => {
    if (item.function?.strict) closed_schema(item.function.parameters, `tools[${i}].function.parameters`);
  });
  const format = json.response_format?.json_schema;
  if (format?.strict) closed_schema(format.schema, 'response_format.json_schema.schema');
  if (['reason', 'think'].includes(model)) {
    if ((json.temperature ?? 1) !== 1) refuse('temperature', "Unsupported value: 'temperature' does not support this value with this model.");
    if (json.max_tokens) refuse('max_tokens', "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.");
  }
}

const flat = (content) => (typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join(''));

function read_user({ content }) {
  if (typeof content === 'string') return { text: content, images: [] };
  const images = content.filter((part) => part.type === 'image_url').map((part) => {
    const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(part.image_url.url);
    return { mime, base64: data };
  });
  return { text: flat(content.filter((part) => part.type === 'text')), images };
}

// All results directly behind the calls they answer, and nothing before they are complete.
function read_round(messages, at, issued, model) {
  const calls = messages[at].tool_calls.map((call, i) => {
    const path = `messages[${at}].tool_calls[${i}]`;
    const read = { id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) };
    issued.check_call(read, path, model);
    return read;
  });
  const thought = messages[at].reasoning_content;
  if (thought !== undefined && issued.calls.get(calls[0].id)?.thought !== thought) {
    refuse(`messages[${at}].reasoning_content`, `messages[${at}]: reasoning_content is not what this model thought`);
  }
  const results = calls.map((call, i) => {
    const answer = messages[at + 1 + i];
    if (answer?.role !== 'tool') {
      refuse(`messages[${at}]`, `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${call.id}`);
    }
    return { id: answer.tool_call_id, text: flat(answer.content) };
  });
  const ids = calls.map((call) => call.id);
  if (!results.every((result) => ids.includes(result.id)) || new Set(results.map((r) => r.id)).size !== ids.length) {
    refuse(`messages[${at}]`, `the results ${results.map((r) => r.id)} do not answer the calls ${ids}`);
  }
  return { calls, results: ids.map((id) => results.find((result) => result.id === id)), model };
}

function read(json, issued, model) {
  check(json, model);
  const view = { system: [], users: [], answers: [], rounds: [] };
  const { messages } = json;
  for (let i = 0; i < messages.length; i += 1) {
    const at = messages[i];
    if (at.role === 'system' || at.role === 'developer') view.system.push(flat(at.content));
    else if (at.role === 'user') view.users.push(read_user(at));
    else if (at.role === 'tool') refuse(`messages[${i}]`, "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.");
    else if (at.tool_calls) {
      const round = read_round(messages, i, issued, model);
      view.rounds.push(round);
      i += round.calls.length;
    } else view.answers.push(flat(at.content));
  }
  const choice = json.tool_choice?.function && { required: true, name: json.tool_choice.function.name };
  const tools = json.tools?.map(({ function: f }) => ({ name: f.name, description: f.description, schema: f.parameters }));
  return {
    ...view, tools, choice, schema: json.response_format?.json_schema?.schema,
    thinks: Boolean(json.reasoning_effort) && json.reasoning_effort !== 'none',
    sampling: { temperature: json.temperature, top_p: json.top_p, stop: [json.stop ?? []].flat() }, has_stop: true,
  };
}

const FINISH = { stop: 'stop', tool: 'tool_calls', length: 'length', filter: 'content_filter' };

export function usage_of({ fresh, cache_read, cache_write, output, reasoning }) {
  const prompt_tokens = fresh + cache_read + cache_write;
  const completion_tokens = output + reasoning;
  return {
    prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens,
    prompt_tokens_details: { cached_tokens: cache_read, cache_write_tokens: cache_write, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  };
}

function made_calls(reply, issued) {
  return (reply.calls ?? []).map(({ name, args }) => {
    const id = issued.next('call_');
    issued.calls.set(id, { name, args, thought: reply.reasoning?.text.join('') });
    return { id, type: 'function', function: { name, arguments: JSON.stringify(args) } };
  });
}

const base = (issued, model, object) => ({ id: issued.next('chatcmpl-'), object, created: 1790000000, model, service_tier: 'default', system_fingerprint: 'fp_double' });

function whole_answer(reply, { issued, model }) {
  const tool_calls = made_calls(reply, issued);
  const message = {
    role: 'assistant', content: reply.text?.join('') ?? null, refusal: null, annotations: [],
    ...(reply.reasoning ? { reasoning_content: reply.reasoning.text.join('') } : {}),
    ...(tool_calls.length ? { tool_calls } : {}),
  };
  return {
    ...base(issued, model, 'chat.completion'),
    choices: [{ index: 0, message, logprobs: null, finish_reason: FINISH[reply.finish] }],
    usage: usage_of(reply.usage),
  };
}

// One call after the other; or in turns, as the dialect allows: `index` says whose a piece is.
function call_deltas(tool_calls, alternates) {
  const of_call = tool_calls.map((call, index) => {
    const { arguments: args } = call.function;
    const cuts = [args.slice(0, 3), args.slice(3, 9), args.slice(9)].filter(Boolean);
    return [{ index, ...call, function: { ...call.function, arguments: '' } }, ...cuts.map((piece) => ({ index, function: { arguments: piece } }))];
  });
  if (!alternates) return of_call.flat().map((piece) => ({ tool_calls: [piece] }));
  const longest = Math.max(0, ...of_call.map((pieces) => pieces.length));
  const alternating = Array.from({ length: longest }, (_, i) => of_call.map((pieces) => pieces[i]).filter(Boolean)).flat();
  return alternating.map((piece) => ({ tool_calls: [piece] }));
}

function stream(reply, { issued, model, request }) {
  const head = { ...base(issued, model, 'chat.completion.chunk') };
  const wants_usage = request.stream_options?.include_usage;
  const nonce = request.stream_options?.include_obfuscation === false ? {} : { obfuscation: 'xQ7' };
  const chunk = (delta, finish_reason = null) =>
    `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason }], ...(wants_usage ? { usage: null } : {}), ...nonce })}\n\n`;
  const events = [chunk({ role: 'assistant', content: '', refusal: null })];
  for (const piece of reply.reasoning?.text ?? []) events.push(chunk({ reasoning_content: piece }));
  for (const piece of reply.text ?? []) events.push(chunk({ content: piece }));
  for (const delta of call_deltas(made_calls(reply, issued), reply.alternates)) events.push(chunk(delta));
  if (reply.breaks === 'error_inside') {
    return [...events, `data: ${JSON.stringify({ error: { message: 'The engine is overloaded.', type: 'server_error', param: null, code: 'overloaded' } })}\n\n`];
  }
  if (reply.breaks === 'no_end') return events;
  events.push(chunk({}, FINISH[reply.finish]));
  if (wants_usage) events.push(`data: ${JSON.stringify({ ...head, choices: [], usage: usage_of(reply.usage), ...nonce })}\n\n`);
  return [...events, 'data: [DONE]\n\n'];
}

const ERRORS = {
  400: ['invalid_request_error', 'invalid_value'], 401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', 'model_not_found'], 429: ['requests', 'rate_limit_exceeded'],
  500: ['server_error', null], 503: ['server_error', 'server_is_overloaded'],
};

export function openai_error({ status, message, path, code }) {
  const [type, usual] = ERRORS[status] ?? ERRORS[500];
  const limits = status === 429 ? { 'retry-after': '7', 'retry-after-ms': '6500', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6s' } : {};
  const error = { message, type, param: path || null, code: code === 'unknown' ? 'unknown_parameter' : usual };
  return { status, headers: { 'x-request-id': 'req_double_error', ...limits }, body: JSON.stringify({ error }) };
}

export function authorise_bearer({ headers }) {
  if (headers.authorization !== `Bearer ${KEY}`) refuse('', 'Incorrect API key provided.', { status: 401 });
}

export const openai_chat = {
  tag: 'C',
  authorise: authorise_bearer,
  error: openai_error,
  headers: (issued) => ({ 'x-request-id': issued.next('req_double_'), 'openai-processing-ms': '11', 'openai-version': '2020-10-01' }),
  handler({ method, path }) {
    if (method !== 'POST') return undefined;
    if (path === '/v1/chat/completions') return (request, issued) => generate(openai_chat, request, issued, request.json.model, request.json.stream === true);
    if (path === '/v1/embeddings') return embeddings_openai;
    return undefined;
  },
  shape: (json) => check(json, ''),
  read,
  whole: whole_answer,
  stream,
};
