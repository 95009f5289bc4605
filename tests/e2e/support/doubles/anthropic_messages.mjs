// Anthropic's Messages API, both versions in use, as strict as the real one.
import { any, base64, bool, hosted, list, matching, nullable, object, record, refuse, str, tagged, text, text_or, whole, within, word } from './strict.mjs';
import { KEY, generate } from './double.mjs';

const dotted = (path) => path.replace(/\[(\d+)\]/g, '.$1');
const extra = (path, name) => `${dotted(path ? `${path}.${name}` : name)}: Extra inputs are not permitted`;
const closed = (required, optional) => record(required, optional, extra);

const cache_control = nullable(closed({ type: word('ephemeral') }, { ttl: word('5m', '1h') }));
const tool_id = matching(/^[a-zA-Z0-9_-]+$/);
const tool_name = matching(/^[a-zA-Z0-9_-]{1,128}$/);
const said = (value, path) => {
  str(value, path);
  if (value === '') refuse(path, 'messages: text content blocks must be non-empty');
  if (!value.trim()) refuse(path, 'messages: text content blocks must contain non-whitespace text');
};
const text_block = closed({ type: str, text: said }, { cache_control, citations: nullable(any) });
const image = closed({
  type: str,
  source: tagged('type', {
    base64: closed({ type: str, media_type: word('image/jpeg', 'image/png', 'image/gif', 'image/webp'), data: base64 }),
    url: closed({ type: str, url: matching(/^https?:/) }),
    file: closed({ type: str, file_id: text }),
  }),
}, { cache_control });
const document = closed({ type: str, source: object }, { cache_control, title: nullable(str), context: nullable(str), citations: nullable(object) });
const tool_result = closed({ type: str, tool_use_id: tool_id }, {
  content: text_or(list(tagged('type', { text: text_block, image, document, search_result: any, tool_reference: any }))),
  is_error: bool, cache_control,
});
const user_content = list(tagged('type', { text: text_block, image, document, tool_result, ...hosted('search_result', 'container_upload') }), { min: 1 });
const assistant_content = list(tagged('type', {
  text: text_block,
  tool_use: closed({ type: str, id: tool_id, name: tool_name, input: object }, { cache_control, caller: any }),
  thinking: closed({ type: str, thinking: str, signature: text }),
  redacted_thinking: closed({ type: str, data: text }),
  ...hosted('server_tool_use', 'web_search_tool_result', 'web_fetch_tool_result', 'code_execution_tool_result', 'bash_code_execution_tool_result',
    'text_editor_code_execution_tool_result', 'tool_search_tool_result', 'advisor_tool_result', 'mcp_tool_use', 'mcp_tool_result', 'compaction'),
}));
const message = tagged('role', {
  user: closed({ role: str, content: (v, p) => (typeof v === 'string' ? said(v, p) : user_content(v, p)) }),
  assistant: closed({ role: str, content: (v, p) => (typeof v === 'string' ? said(v, p) : assistant_content(v, p)) }),
  system: closed({ role: str, content: text_or(list(tagged('type', { text: text_block, ...hosted('tool_addition', 'tool_removal') }), { min: 1 })) }),
});
const function_tool = closed({ name: tool_name }, {
  type: word('custom'), description: str, input_schema: object, cache_control, strict: bool, eager_input_streaming: bool, defer_loading: bool, allowed_callers: any,
});
// Tools of Anthropic's own have a date in their type; what they take is not looked at.
const is_hosted = (tool) => /_\d{8}$|^mcp_toolset$/.test(tool?.type ?? '');
const tool = (value, path) => (is_hosted(value) ? undefined : function_tool(value, path));
const choice_shape = tagged('type', {
  auto: closed({ type: str }, { disable_parallel_tool_use: bool }),
  any: closed({ type: str }, { disable_parallel_tool_use: bool }),
  tool: closed({ type: str, name: tool_name }, { disable_parallel_tool_use: bool }),
  none: closed({ type: str }),
});
const thinking = tagged('type', {
  enabled: closed({ type: str, budget_tokens: whole(1024) }, { display: word('summarized', 'omitted') }),
  adaptive: closed({ type: str }, { display: word('summarized', 'omitted') }),
  disabled: closed({ type: str }),
});
const output_config = closed({}, {
  effort: nullable(word('low', 'medium', 'high', 'xhigh', 'max')),
  format: nullable(closed({ type: word('json_schema'), schema: object })),
});
const system = text_or(list(text_block, { min: 1 }));
const shared = {
  system, tools: list(tool), tool_choice: choice_shape, thinking, output_config, cache_control,
};
const schema_of_request = record({ model: text, messages: list(message, { min: 1 }), max_tokens: whole(1) }, {
  ...shared, stop_sequences: list(text), stream: bool, temperature: within(0, 1), top_p: within(0, 1), top_k: whole(0),
  metadata: nullable(closed({}, { user_id: nullable(str) })), service_tier: word('auto', 'standard_only'), speed: word('standard', 'fast'),
  container: any, inference_geo: any,
}, extra);
const schema_of_count = record({ model: text, messages: list(message, { min: 1 }) }, shared, extra);

function open_objects(schema, path) {
  if (typeof schema !== 'object' || schema === null) return;
  if (schema.type === 'object' && schema.additionalProperties !== false) {
    refuse(path, `${dotted(path)}: For 'object' type, 'additionalProperties' must be explicitly set to false`);
  }
  for (const [name, member] of Object.entries(schema)) open_objects(member, `${path}.${name}`);
}

// Members that only a beta header opens.
const BETA_MEMBERS = ['context_management', 'mcp_servers', 'diagnostics', 'thread', 'user_profile_id'];

function check(json, headers) {
  const version = headers['anthropic-version'];
  if (!version) refuse('', 'anthropic-version: header is required');
  if (!['2023-06-01', '2026-10-21'].includes(version)) refuse('', `anthropic-version: "${version}" is not a version`);
  const newer = version === '2026-10-21';
  for (const gone of ['temperature', 'top_p', 'top_k']) {
    if (newer && gone in json) refuse(gone, extra('', gone));
  }
  const mixed = newer || /mid-conversation/.test(headers['anthropic-beta'] ?? '');
  if (!mixed && json.messages.some((m) => m.role === 'system')) refuse('messages', 'messages: Unexpected role "system".');
  if (json.tool_choice && !json.tools?.length) refuse('tool_choice', 'tool_choice: may only be specified while providing tools');
  json.tools?.forEach((t, i) => { if (!is_hosted(t) && t.input_schema?.type !== 'object') refuse(`tools[${i}]`, `tools.${i}.custom.input_schema.type: Field required`); });
  if (json.output_config?.format) open_objects(json.output_config.format.schema, 'output_config.format.schema');
  const marks = JSON.stringify(json).split('"cache_control":{').length - 1;
  if (marks > 4) refuse('', `A maximum of 4 blocks with cache_control may be provided. Found ${marks}.`);
  if (json.thinking?.type === 'enabled' || json.thinking?.type === 'adaptive') check_thinking(json);
}

function check_thinking(json) {
  if (json.thinking.budget_tokens >= json.max_tokens) refuse('max_tokens', '`max_tokens` must be greater than `thinking.budget_tokens`.');
  if ((json.temperature ?? 1) !== 1) refuse('temperature', '`temperature` may only be set to 1 when thinking is enabled.');
  if ('top_k' in json) refuse('top_k', '`top_k` must be unset when thinking is enabled.');
  if (json.top_p !== undefined && json.top_p < 0.95) refuse('top_p', '`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.');
  if (json.thinking.type === 'enabled' && ['any', 'tool'].includes(json.tool_choice?.type)) refuse('tool_choice', 'Thinking may not be enabled when tool_choice forces tool use.');
}

// Consecutive messages of one role count as one.
function merged(messages) {
  const turns = [];
  for (const { role, content } of messages) {
    const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
    if (turns.at(-1)?.role === role) turns.at(-1).blocks.push(...blocks);
    else turns.push({ role, blocks: [...blocks] });
  }
  return turns;
}

const flat = (content) => (typeof content === 'string' ? content : (content ?? []).map((block) => block.text ?? '').join(''));

function check_state(block, path, issued, model) {
  const token = block.signature ?? block.data;
  const told = issued.states.get(token);
  if (!told || told.model !== model) refuse(path, `${dotted(path)}: Invalid \`signature\` in \`thinking\` block`);
  if (block.type === 'thinking' && block.thinking !== told.text) {
    refuse(path, `${dotted(path)}: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified.`);
  }
  return token;
}

function read_round(turns, at, issued, model, thinks) {
  const { blocks } = turns[at];
  const states = [];
  const calls = [];
  blocks.forEach((block, i) => {
    const path = `messages[${at}].content[${i}]`;
    if (block.type === 'thinking' || block.type === 'redacted_thinking') states.push(check_state(block, path, issued, model));
    if (block.type !== 'tool_use') return;
    const call = { id: block.id, name: block.name, args: block.input };
    const told = issued.check_call(call, path, model);
    const missing = thinks && told.states && told.states.some((state) => !states.includes(state));
    if (missing) {
      refuse(path, `messages.${at}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${blocks[0].type}\`. When \`thinking\` is enabled, a final \`assistant\` message must start with a thinking block.`);
    }
    if (told.states && (thinks || states.length) && String(told.states) !== String(states)) refuse(path, `${dotted(path)}: the thinking blocks are not those that were given, in their order`);
    calls.push(call);
  });
  const next = turns[at + 1];
  const leading = [];
  for (const block of next?.role === 'user' ? next.blocks : []) {
    if (block.type !== 'tool_result') break;
    leading.push(block);
  }
  for (const call of calls) {
    if (leading.filter((block) => block.tool_use_id === call.id).length !== 1) {
      refuse(`messages[${at}]`, `messages.${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${call.id}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`);
    }
  }
  const results = calls.map((call) => {
    const block = leading.find((b) => b.tool_use_id === call.id);
    return { id: call.id, text: flat(block.content) };
  });
  return { calls, results };
}

function read(json, issued, model) {
  const view = { users: [], answers: [], rounds: [] };
  const thinks = ['enabled', 'adaptive'].includes(json.thinking?.type);
  const turns = merged(json.messages.filter((m) => m.role !== 'system'));
  turns.forEach(({ role, blocks }, at) => {
    const texts = blocks.filter((block) => block.type === 'text').map((block) => block.text).join('');
    if (role === 'user') {
      const asked = turns[at - 1]?.blocks.filter((block) => block.type === 'tool_use').map((block) => block.id) ?? [];
      for (const block of blocks) {
        if (block.type === 'tool_result' && !asked.includes(block.tool_use_id)) {
          refuse(`messages[${at}]`, `messages.${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${block.tool_use_id}.`);
        }
      }
      const images = blocks.filter((block) => block.type === 'image').map(({ source }) => ({ mime: source.media_type, base64: source.data }));
      if (texts || images.length) view.users.push({ text: texts, images });
    } else if (blocks.some((block) => block.type === 'tool_use')) {
      view.rounds.push(read_round(turns, at, issued, model, thinks));
    } else view.answers.push(texts);
  });
  const instructions = typeof json.system === 'string' ? [json.system] : (json.system ?? []).map((block) => block.text);
  const later = json.messages.filter((m) => m.role === 'system').map((m) => flat(m.content));
  const choice = json.tool_choice?.type === 'tool' ? { required: true, name: json.tool_choice.name } : undefined;
  return {
    ...view, choice, thinks, system: [...instructions, ...later], schema: json.output_config?.format?.schema,
    tools: json.tools?.map((t) => ({ name: t.name, description: t.description, schema: t.input_schema })),
    sampling: { temperature: json.temperature, top_p: json.top_p, stop: json.stop_sequences ?? [] }, has_stop: true,
  };
}

export function usage_of({ fresh, cache_read, cache_write, output, reasoning }) {
  return {
    input_tokens: fresh, cache_creation_input_tokens: cache_write, cache_read_input_tokens: cache_read,
    cache_creation: { ephemeral_5m_input_tokens: cache_write, ephemeral_1h_input_tokens: 0 }, output_tokens: output + reasoning,
    output_tokens_details: { thinking_tokens: reasoning }, service_tier: 'standard', inference_geo: 'not_available',
  };
}

// The blocks of a reply; two thinking blocks, one of them redacted: both must come back, in this order.
function blocks_of(reply, { issued, model, request }) {
  const blocks = [];
  let states;
  if (reply.reasoning) {
    const thought = request.thinking.display === 'omitted' ? '' : reply.reasoning.text.join('');
    const signature = issued.state(thought, model);
    const data = issued.state('', model);
    states = [signature, data];
    blocks.push({ type: 'thinking', thinking: thought, signature, pieces: thought ? reply.reasoning.text : [] }, { type: 'redacted_thinking', data });
  }
  if (reply.text) blocks.push({ type: 'text', text: reply.text.join(''), pieces: reply.text });
  for (const { name, args } of reply.calls ?? []) {
    const id = issued.next('toolu_double');
    issued.calls.set(id, { name, args, states });
    blocks.push({ type: 'tool_use', id, name, input: args });
  }
  return blocks;
}

const STOP = { stop: 'end_turn', tool: 'tool_use', length: 'max_tokens', filter: 'refusal' };
const head_of = (issued, model) => ({ id: issued.next('msg_double'), type: 'message', role: 'assistant', model });
const end_of = (reply) => ({
  stop_reason: STOP[reply.finish], stop_sequence: null,
  stop_details: reply.finish === 'filter' ? { type: 'refusal', category: null, explanation: null } : null,
});

function whole_answer(reply, context) {
  const content = blocks_of(reply, context).map(({ pieces, ...block }) => block);
  return { ...head_of(context.issued, context.model), content, ...end_of(reply), container: null, usage: usage_of(reply.usage) };
}

function* events_of_block({ pieces = [], ...block }, index) {
  const delta = (fields) => ({ type: 'content_block_delta', index, delta: fields });
  const start = (content_block) => ({ type: 'content_block_start', index, content_block });
  if (block.type === 'text') {
    yield start({ type: 'text', text: '' });
    for (const piece of pieces) yield delta({ type: 'text_delta', text: piece });
  } else if (block.type === 'thinking') {
    yield start({ type: 'thinking', thinking: '', signature: '' });
    for (const piece of pieces) yield delta({ type: 'thinking_delta', thinking: piece });
    yield delta({ type: 'signature_delta', signature: block.signature });
  } else if (block.type === 'tool_use') {
    const args = Object.keys(block.input).length ? JSON.stringify(block.input) : '';
    yield start({ ...block, input: {} });
    yield delta({ type: 'input_json_delta', partial_json: '' });
    for (const piece of [args.slice(0, 5), args.slice(5)].filter(Boolean)) yield delta({ type: 'input_json_delta', partial_json: piece });
  } else {
    yield start(block);
  }
  yield { type: 'content_block_stop', index };
}

function stream(reply, context) {
  const { issued, model } = context;
  const usage = usage_of(reply.usage);
  const message_ = { ...head_of(issued, model), content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 1 } };
  const events = [{ type: 'message_start', message: message_ }, { type: 'ping' }];
  blocks_of(reply, context).forEach((block, i) => events.push(...events_of_block(block, i)));
  if (reply.breaks === 'error_inside') {
    events.pop();
    events.push({ type: 'error', error: { type: 'overloaded_error', message: 'The engine is overloaded.', details: null }, request_id: issued.next('req_double') });
  } else if (reply.breaks !== 'no_end') {
    events.push({ type: 'message_delta', delta: end_of(reply), usage }, { type: 'message_stop' });
  }
  // The real one pads its data lines with blanks.
  return events.map((event, i) => `event: ${event.type}\ndata: ${JSON.stringify(event)}${' '.repeat(i % 5)}\n\n`);
}

const ERRORS = {
  400: 'invalid_request_error', 401: 'authentication_error', 402: 'billing_error', 403: 'permission_error', 404: 'not_found_error',
  413: 'request_too_large', 429: 'rate_limit_error', 500: 'api_error', 504: 'timeout_error', 529: 'overloaded_error',
};

function error({ status, message: words }) {
  const code = status === 503 ? 529 : status; // overload has a number of its own here
  const limits = code === 429 ? { 'retry-after': '7', 'anthropic-ratelimit-requests-remaining': '0' } : {};
  const body = { type: 'error', error: { type: ERRORS[code] ?? 'api_error', message: words, details: null }, request_id: 'req_double_error' };
  return { status: code, headers: { 'request-id': 'req_double_error', ...limits }, body: JSON.stringify(body) };
}

function count({ json, headers }) {
  schema_of_count(json, '');
  check({ ...json, max_tokens: 1e9 }, headers);
  return { body: JSON.stringify({ input_tokens: JSON.stringify(json.messages).length }) };
}

function shape(json, headers) {
  const betas = headers['anthropic-beta'] ?? '';
  const known = Object.entries(json ?? {}).filter(([name]) => !(betas && BETA_MEMBERS.includes(name)));
  schema_of_request(Object.fromEntries(known), '');
  check(json, headers);
}

export const anthropic_messages = {
  tag: 'A',
  authorise({ headers }) {
    const key = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /, '');
    if (key !== KEY) refuse('', 'invalid x-api-key', { status: 401 });
  },
  error,
  headers: (issued) => ({ 'request-id': issued.next('req_double'), 'anthropic-organization-id': 'org-double', 'anthropic-ratelimit-requests-remaining': '49' }),
  handler({ method, path }) {
    const [target] = path.split('?');
    if (method !== 'POST') return undefined;
    if (target === '/v1/messages/count_tokens') return count;
    if (target !== '/v1/messages') return undefined;
    return (request, issued) => {
      shape(request.json, request.headers);
      return generate(anthropic_messages, request, issued, request.json.model, request.json.stream === true);
    };
  },
  shape: (json) => shape(json, { 'anthropic-version': '2023-06-01', 'anthropic-beta': 'mid-conversation' }),
  read,
  whole: whole_answer,
  stream,
};
