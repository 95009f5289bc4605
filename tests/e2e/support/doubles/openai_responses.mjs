// OpenAI's Responses API, as strict as the real one.
import { any, base64, bool, closed_schema, hosted, list, matching, nullable, object, record, refuse, str, tagged, text, text_or, whole, within, word } from './strict.mjs';
import { generate } from './double.mjs';
import { authorise_bearer, openai_error } from './openai_chat.mjs';
import { embeddings_openai } from './embeddings.mjs';

const unknown = (path, name) => `Unknown parameter: '${path ? `${path}.${name}` : name}'.`;
const closed = (required, optional) => record(required, optional, unknown);

const name = matching(/^[a-zA-Z0-9_-]{1,64}$/);
const id_of = (prefix) => matching(new RegExp(`^${prefix}[_0-9a-zA-Z-]{1,64}$`));
const status = nullable(word('in_progress', 'completed', 'incomplete'));
const image = (url, path) => {
  const data = /^data:(image\/[a-z]+);base64,(.*)$/s.exec(url);
  if (data) base64(data[2], path);
  else matching(/^https?:\/\//)(url, path);
};
const input_text = closed({ type: str, text: str });
const input_parts = list(tagged('type', {
  input_text,
  input_image: closed({ type: str }, { image_url: image, file_id: text, detail: word('auto', 'low', 'high') }),
  input_file: closed({ type: str }, { file_id: text, file_data: text, filename: text, file_url: text }),
  input_audio: closed({ type: str, input_audio: object }),
}), { min: 1 });
const output_parts = list(tagged('type', {
  output_text: closed({ type: str, text: str }, { annotations: list(any), logprobs: list(any) }),
  refusal: closed({ type: str, refusal: str }),
}), { min: 1 });
const said = (parts) => closed({ role: str, content: text_or(parts) }, { type: word('message'), id: id_of('msg'), status, phase: nullable(str) });
const message = tagged('role', { user: said(input_parts), system: said(input_parts), developer: said(input_parts), assistant: said(output_parts) });

const item = tagged('type', {
  message,
  function_call: closed({ type: str, call_id: text, name, arguments: str }, { id: id_of('fc'), status, namespace: nullable(str) }),
  function_call_output: closed({ type: str, call_id: text, output: text_or(input_parts) }, { id: id_of('fc'), status }),
  custom_tool_call: closed({ type: str, call_id: text, name, input: str }, { id: id_of('ctc'), status }),
  custom_tool_call_output: closed({ type: str, call_id: text, output: text_or(input_parts) }, { id: id_of('ctc'), status }),
  reasoning: closed({ type: str, summary: list(closed({ type: word('summary_text'), text: str })) },
    { id: id_of('rs'), encrypted_content: nullable(text), content: nullable(list(any)), status: status }),
  item_reference: closed({ type: str, id: text }),
  ...hosted('tool_search_call', 'tool_search_output', 'additional_tools', 'code_interpreter_call', 'file_search_call', 'web_search_call', 'mcp_call',
    'mcp_list_tools', 'image_generation_call', 'compaction', 'local_shell_call', 'local_shell_call_output', 'shell_call', 'shell_call_output'),
}, 'message');

const tool = tagged('type', {
  function: closed({ type: str, name }, { description: nullable(str), parameters: nullable(object), strict: nullable(bool), defer_loading: bool }),
  custom: closed({ type: str, name }, { description: str, format: object }),
  ...hosted('web_search', 'web_search_preview', 'tool_search', 'code_interpreter', 'file_search', 'mcp', 'image_generation', 'shell', 'local_shell'),
  namespace: closed({ type: str, name, tools: list(object) }, { description: str }),
});
const format = tagged('type', {
  text: closed({ type: str }),
  json_object: closed({ type: str }),
  json_schema: closed({ type: str, name, schema: object }, { description: str, strict: nullable(bool) }),
});
const schema_of_request = record({ model: text, input: text_or(list(item, { min: 1 })) }, {
  background: nullable(bool), client_metadata: object, context_management: nullable(list(object)), conversation: any,
  include: nullable(list(word('reasoning.encrypted_content', 'message.output_text.logprobs', 'message.input_image.image_url',
    'file_search_call.results', 'web_search_call.action.sources', 'code_interpreter_call.outputs', 'computer_call_output.output.image_url'))),
  instructions: nullable(str), max_output_tokens: nullable(whole(16)), max_tool_calls: nullable(whole(1)), metadata: nullable(object),
  moderation: any, parallel_tool_calls: nullable(bool), previous_response_id: nullable(text), prompt: nullable(object),
  prompt_cache_key: nullable(str), prompt_cache_options: object, prompt_cache_retention: nullable(str),
  reasoning: nullable(closed({}, {
    effort: nullable(word('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')), summary: nullable(word('auto', 'concise', 'detailed')),
    generate_summary: nullable(str), context: nullable(str), mode: nullable(str),
  })),
  safety_identifier: nullable(str), service_tier: nullable(str), store: nullable(bool), stream: nullable(bool),
  stream_options: nullable(closed({}, { include_obfuscation: bool })), temperature: nullable(within(0, 2)),
  text: nullable(closed({}, { format, verbosity: nullable(word('low', 'medium', 'high')) })), tool_choice: any, tools: list(tool),
  top_logprobs: nullable(whole(0, 20)), top_p: nullable(within(0, 1)), truncation: nullable(word('auto', 'disabled')), user: str,
}, unknown);

function check(json, model) {
  schema_of_request(json, '');
  if (json.stream_options && !json.stream) refuse('stream_options', "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  json.tools?.forEach((item_, i) => {
    if (item_.type === 'function' && item_.strict !== false) closed_schema(item_.parameters, `tools[${i}].parameters`);
  });
  const wanted = json.text?.format;
  if (wanted?.strict) closed_schema(wanted.schema, 'text.format.schema');
  if (['reason', 'think'].includes(model) && (json.temperature ?? 1) !== 1) {
    refuse('temperature', "Unsupported parameter: 'temperature' is not supported with this model.");
  }
}

const flat = (content) => (typeof content === 'string' ? content : content.map((part) => part.text ?? '').join(''));

function read_user({ content }) {
  if (typeof content === 'string') return { text: content, images: [] };
  const images = content.filter((part) => part.type === 'input_image').map((part) => {
    const [, mime, data] = /^data:([^;]+);base64,(.*)$/s.exec(part.image_url);
    return { mime, base64: data };
  });
  return { text: flat(content.filter((part) => part.type === 'input_text')), images };
}

// Encrypted reasoning is only readable as it was given, and stands before what it led to.
function check_reasoning(item_, path, issued, model) {
  const token = item_.encrypted_content ?? issued.items.get(item_.id)?.state;
  if (!token) refuse(path, `Item with id '${item_.id}' not found. Items are not persisted when \`store\` is set to false.`);
  const told = issued.states.get(token);
  if (!told || told.model !== model) refuse(path, `The encrypted content ${token} could not be verified.`);
  return token;
}

function read_items(items, issued, model) {
  const view = { system: [], users: [], answers: [], rounds: [] };
  let round, state;
  items.forEach((at, i) => {
    const path = `input[${i}]`;
    const type = at.type ?? 'message';
    if (type === 'reasoning') {
      const next = items[i + 1];
      if (!next || !(['reasoning', 'function_call'].includes(next.type) || next.role === 'assistant')) {
        refuse(path, `Item '${at.id}' of type 'reasoning' was provided without its required following item.`);
      }
      state = check_reasoning(at, path, issued, model);
    } else if (type === 'function_call') {
      const call = { id: at.call_id, name: at.name, args: JSON.parse(at.arguments) };
      const told = issued.check_call(call, path, model);
      if (told.state && told.state !== state) {
        refuse(path, `Item '${at.call_id}' of type 'function_call' was provided without its required 'reasoning' item.`);
      }
      if (!round || round.results.length) view.rounds.push(round = { calls: [], results: [] });
      round.calls.push(call);
    } else if (type === 'function_call_output') {
      if (!round?.calls.some((call) => call.id === at.call_id)) refuse(path, `No tool call found for function call output with call_id ${at.call_id}.`);
      round.results.push({ id: at.call_id, text: flat(at.output) });
    } else if (at.role === 'user') view.users.push(read_user(at));
    else if (at.role === 'assistant') {
      const goes_on = i > 0 && items[i - 1].role === 'assistant'; // messages in a row are one answer
      if (goes_on) view.answers[view.answers.length - 1] += flat(at.content);
      else view.answers.push(flat(at.content));
    } else view.system.push(flat(at.content));
    if (type !== 'reasoning' && type !== 'function_call' && at.role !== 'assistant') state = undefined;
  });
  for (const { calls, results } of view.rounds) {
    for (const call of calls) {
      if (!results.some((result) => result.id === call.id)) refuse('input', `No tool output found for function call ${call.id}.`);
    }
    results.sort((a, b) => calls.findIndex((call) => call.id === a.id) - calls.findIndex((call) => call.id === b.id));
  }
  return view;
}

function kept_item(id, issued) {
  return issued.items.get(id) ?? refuse('input', `Item with id '${id}' not found.`);
}

function read(json, issued, model) {
  check(json, model);
  const items = typeof json.input === 'string' ? [{ role: 'user', content: json.input }] : json.input;
  const view = read_items(items.map((at) => (at.type === 'item_reference' ? kept_item(at.id, issued) : at)), issued, model);
  if (json.instructions) view.system.unshift(json.instructions);
  const rounds = view.rounds.length;
  // Text beside calls is no answer of its own.
  const answers = rounds ? [] : view.answers;
  const choice = json.tool_choice?.type === 'function' ? { required: true, name: json.tool_choice.name } : undefined;
  return {
    ...view, answers, choice, tools: json.tools?.map((t) => ({ name: t.name, description: t.description, schema: t.parameters })),
    schema: json.text?.format?.schema, thinks: Boolean(json.reasoning?.effort) && json.reasoning.effort !== 'none',
    sampling: { temperature: json.temperature, top_p: json.top_p, stop: [] }, has_stop: false,
  };
}

export function usage_of({ fresh, cache_read, cache_write, output, reasoning }) {
  const input_tokens = fresh + cache_read + cache_write;
  const output_tokens = output + reasoning;
  return {
    input_tokens, input_tokens_details: { cached_tokens: cache_read, cache_write_tokens: cache_write },
    output_tokens, output_tokens_details: { reasoning_tokens: reasoning }, total_tokens: input_tokens + output_tokens,
  };
}

// The output items of a reply, as they are at their end.
function items_of(reply, { issued, model, request }) {
  const items = [];
  let state;
  if (reply.reasoning) {
    const thought = reply.reasoning.text.join('');
    state = issued.state(thought, model);
    const id = issued.next('rs_double');
    const kept = request.store !== false;
    const shown = request.include?.includes('reasoning.encrypted_content');
    const summary = request.reasoning?.summary ? [{ type: 'summary_text', text: thought }] : [];
    items.push({ id, type: 'reasoning', summary, ...(shown ? { encrypted_content: state } : {}), pieces: reply.reasoning.text });
    if (!kept && !shown) state = undefined; // nobody could send it back
  }
  if (reply.text) {
    const part = { type: 'output_text', text: reply.text.join(''), annotations: [], logprobs: [] };
    items.push({ id: issued.next('msg_double'), type: 'message', status: 'completed', role: 'assistant', content: [part], pieces: reply.text });
  }
  for (const { name: called, args } of reply.calls ?? []) {
    const call_id = issued.next('call_');
    issued.calls.set(call_id, { name: called, args, state });
    items.push({ id: issued.next('fc_double'), type: 'function_call', status: 'completed', call_id, name: called, arguments: JSON.stringify(args) });
  }
  if (request.store !== false) for (const item_ of items) issued.items.set(item_.id, { ...item_, state });
  return items;
}

const without_pieces = ({ pieces, ...rest }) => rest;

function response_of(reply, { issued, model, request }, rest) {
  return {
    id: issued.next('resp_double'), object: 'response', created_at: 1790000000, background: false, completed_at: null, error: null,
    frequency_penalty: 0, incomplete_details: null, instructions: request.instructions ?? null, max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: null, model, moderation: null, parallel_tool_calls: request.parallel_tool_calls ?? true, presence_penalty: 0,
    previous_response_id: null, prompt_cache_key: null, prompt_cache_retention: null,
    reasoning: { effort: request.reasoning?.effort ?? null, summary: request.reasoning?.summary ?? null }, safety_identifier: null,
    service_tier: 'default', store: request.store ?? true, temperature: request.temperature ?? 1,
    text: { format: request.text?.format ?? { type: 'text' }, verbosity: 'medium' }, tool_choice: request.tool_choice ?? 'auto',
    tools: request.tools ?? [], top_logprobs: 0, top_p: 1, truncation: 'disabled', usage: null, user: null, metadata: request.metadata ?? {}, ...rest,
  };
}

const ENDS = { stop: {}, tool: {}, length: { incomplete_details: { reason: 'max_output_tokens' } }, filter: { incomplete_details: { reason: 'content_filter' } } };
const ended = (reply) => ({ status: ENDS[reply.finish].incomplete_details ? 'incomplete' : 'completed', ...ENDS[reply.finish], usage: usage_of(reply.usage) });

function whole_answer(reply, context) {
  const output = items_of(reply, context).map(without_pieces);
  return response_of(reply, context, { output, ...ended(reply) });
}

function* events_of_item(item_, output_index) {
  const at = { item_id: item_.id, output_index };
  const done = without_pieces(item_);
  const added = (open) => ({ type: 'response.output_item.added', output_index, item: { ...done, ...open } });
  if (item_.type === 'reasoning') {
    yield added({ summary: [] });
    if (item_.summary.length) {
      yield { type: 'response.reasoning_summary_part.added', ...at, summary_index: 0, part: { type: 'summary_text', text: '' } };
      for (const delta of item_.pieces) yield { type: 'response.reasoning_summary_text.delta', ...at, summary_index: 0, delta, obfuscation: 'aB3' };
      yield { type: 'response.reasoning_summary_text.done', ...at, summary_index: 0, text: item_.summary[0].text };
      yield { type: 'response.reasoning_summary_part.done', ...at, summary_index: 0, part: item_.summary[0] };
    }
  } else if (item_.type === 'message') {
    const [part] = item_.content;
    yield added({ status: 'in_progress', content: [] });
    yield { type: 'response.content_part.added', ...at, content_index: 0, part: { ...part, text: '' } };
    for (const delta of item_.pieces) yield { type: 'response.output_text.delta', ...at, content_index: 0, delta, logprobs: [], obfuscation: 'aB3' };
    yield { type: 'response.output_text.done', ...at, content_index: 0, text: part.text, logprobs: [] };
    yield { type: 'response.content_part.done', ...at, content_index: 0, part };
  } else {
    yield added({ status: 'in_progress', arguments: '' });
    for (const delta of [item_.arguments.slice(0, 4), item_.arguments.slice(4)].filter(Boolean)) {
      yield { type: 'response.function_call_arguments.delta', ...at, delta, obfuscation: 'aB3' };
    }
    yield { type: 'response.function_call_arguments.done', ...at, arguments: item_.arguments };
  }
  yield { type: 'response.output_item.done', output_index, item: done };
}

function stream(reply, context) {
  const items = items_of(reply, context);
  const open = response_of(reply, context, { status: 'in_progress', output: [] });
  const events = [{ type: 'response.created', response: open }, { type: 'response.in_progress', response: open }];
  items.forEach((item_, i) => events.push(...events_of_item(item_, i)));
  if (reply.breaks === 'error_inside') {
    events.length -= 2; // it comes before the last item is done
    const error = { code: 'server_error', message: 'The engine is overloaded.' };
    events.push({ type: 'error', ...error, param: null }, { type: 'response.failed', response: { ...open, status: 'failed', error } });
  } else if (reply.breaks !== 'no_end') {
    const end = { ...open, output: items.map(without_pieces), ...ended(reply) };
    events.push({ type: `response.${end.status}`, response: end });
  }
  return events.map((event, sequence_number) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number })}\n\n`);
}

const count_shape = record({}, { model: str, input: any, instructions: nullable(str), tools: any, tool_choice: any, text: any, reasoning: any, previous_response_id: any, conversation: any, parallel_tool_calls: any, truncation: any });
function count({ json }) {
  count_shape(json, '');
  return { body: JSON.stringify({ object: 'response.input_tokens', input_tokens: JSON.stringify(json.input).length }) };
}

export const openai_responses = {
  tag: 'R',
  authorise: authorise_bearer,
  error: openai_error,
  headers: (issued) => ({ 'x-request-id': issued.next('req_double_'), 'openai-processing-ms': '11', 'openai-version': '2020-10-01' }),
  handler({ method, path }) {
    if (method !== 'POST') return undefined;
    if (path === '/v1/responses') return (request, issued) => generate(openai_responses, request, issued, request.json.model, request.json.stream === true);
    if (path === '/v1/responses/input_tokens') return count;
    if (path === '/v1/embeddings') return embeddings_openai;
    return undefined;
  },
  shape: (json) => check(json, ''),
  read,
  whole: whole_answer,
  stream,
};
