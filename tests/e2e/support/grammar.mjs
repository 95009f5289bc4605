// What a stream must look like on the wire, by the grammar of its dialect: for every client, whoever answered.
import assert from 'node:assert/strict';

// Blocks of an SSE body as {event, data}; `end` is the line end that the dialect uses.
function blocks_of(text, end) {
  assert.ok(text.endsWith(end + end), `the last event is closed by a blank line, not by ${JSON.stringify(text.slice(-20))}`);
  if (end === '\n') assert.ok(!text.includes('\r'), 'lines end with LF');
  return text.slice(0, -2 * end.length).split(end + end).filter((block) => !block.startsWith(':')).map((block) => {
    const lines = block.split(end);
    const field = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join('\n');
    return { event: field('event'), data: field('data') };
  });
}

function check_chat(text) {
  const blocks = blocks_of(text, '\n');
  assert.ok(blocks.every((block) => block.event === ''), 'chat has no event names');
  assert.equal(blocks.pop().data, '[DONE]');
  const chunks = blocks.map((block) => JSON.parse(block.data));
  assert.deepEqual(chunks[0].choices[0].delta.role, 'assistant', 'the first chunk tells the role');
  const finishes = chunks.filter((chunk) => chunk.choices[0]?.finish_reason);
  assert.equal(finishes.length, 1, 'one finish reason');
  const usage = chunks.pop();
  assert.deepEqual(usage.choices, [], 'the usage comes last, in a chunk without choices');
  assert.equal(usage.usage.total_tokens, usage.usage.prompt_tokens + usage.usage.completion_tokens);
  const begun = new Set();
  for (const chunk of chunks) {
    assert.equal(chunk.object, 'chat.completion.chunk');
    assert.equal(chunk.id, usage.id, 'one id');
    assert.equal(typeof chunk.model, 'string');
    assert.equal(typeof chunk.created, 'number');
    assert.equal(chunk.usage, null, 'usage is null until it is told');
    for (const call of chunk.choices[0].delta.tool_calls ?? []) {
      assert.equal(typeof call.function.arguments, 'string');
      if (begun.has(call.index)) {
        assert.ok(!('id' in call) && !('name' in call.function), 'id and name are told once');
      } else {
        assert.equal(call.index, begun.size, 'indexes without gaps');
        assert.match(call.id, /./);
        assert.match(call.function.name, /./);
        begun.add(call.index);
      }
    }
  }
}

const RESPONSE_KEYS = ['id', 'object', 'created_at', 'status', 'error', 'incomplete_details', 'instructions', 'metadata', 'model', 'output',
  'parallel_tool_calls', 'temperature', 'tool_choice', 'tools', 'top_p'];

function check_responses(text) {
  const events = blocks_of(text, '\n').map(({ event, data }) => {
    const parsed = JSON.parse(data);
    assert.equal(event, parsed.type, 'the event\'s name is its type');
    return parsed;
  });
  events.forEach((event, i) => assert.equal(event.sequence_number, i, 'sequence numbers without gaps'));
  assert.equal(events[0].type, 'response.created');
  assert.equal(events[1].type, 'response.in_progress');
  const last = events.at(-1);
  assert.match(last.type, /^response\.(completed|incomplete)$/);
  for (const { response } of [events[0], events[1], last]) {
    for (const key of RESPONSE_KEYS) assert.ok(key in response, `response.${key}`);
    assert.equal(response.id, last.response.id, 'one id');
  }
  assert.deepEqual(events[0].response.output, []);
  assert.equal(last.response.usage.total_tokens, last.response.usage.input_tokens + last.response.usage.output_tokens);
  const items = [];
  for (const event of events.slice(2, -1)) check_item_event(event, items);
  assert.ok(items.every((item) => item.done), 'every item is done');
  assert.deepEqual(items.map((item) => item.done), last.response.output);
}

// An item's text grows by its deltas and is told whole by its done events.
function check_item_event(event, items) {
  const { type, output_index } = event;
  if (type === 'response.output_item.added') {
    assert.equal(output_index, items.length, 'output indexes without gaps');
    assert.match(event.item.id, /./);
    return items.push({ id: event.item.id, type: event.item.type, grown: {} });
  }
  const item = items[output_index];
  assert.ok(item && !item.done, `${type} belongs to an open item`);
  if (type === 'response.output_item.done') {
    assert.equal(event.item.id, item.id);
    assert.equal(Object.values(item.grown).filter((part) => !part.done).length, 0, 'every part is done before its item');
    item.done = event.item;
    return undefined;
  }
  assert.equal(event.item_id, item.id);
  const [, what, step] = /^response\.(\w+)\.(added|delta|done)$/.exec(type) ?? [];
  assert.ok(what, `a known event: ${type}`);
  const at = `${what.replace(/_part$|_text$/, '').replace('output', 'content')}${event.content_index ?? event.summary_index ?? ''}`;
  if (what === 'content_part' || what === 'reasoning_summary_part') {
    if (step === 'added') item.grown[at] = { text: '' };
    else item.grown[at].done = true;
    return undefined;
  }
  const grown = item.grown[at] ??= { text: '' };
  if (what === 'output_text') assert.ok(Array.isArray(event.logprobs), `${type} has logprobs`);
  if (step === 'delta') {
    assert.equal(typeof event.delta, 'string');
    grown.text += event.delta;
  } else {
    assert.equal(grown.text, event.text ?? event.arguments ?? event.input ?? event.refusal, 'the deltas make up the whole');
    if (!/text$/.test(what) || what === 'reasoning_text') grown.done = true;
  }
  return undefined;
}

const DELTAS = { text: ['text_delta', 'citations_delta'], thinking: ['thinking_delta', 'signature_delta'], tool_use: ['input_json_delta'], redacted_thinking: [] };

function check_anthropic(text) {
  const events = blocks_of(text, '\n').map(({ event, data }) => {
    const parsed = JSON.parse(data);
    assert.equal(event, parsed.type, 'the event\'s name is its type');
    return parsed;
  }).filter((event) => event.type !== 'ping');
  const [start, ...rest] = events;
  assert.equal(start.type, 'message_start');
  assert.deepEqual(start.message.content, []);
  assert.equal(start.message.stop_reason, null);
  for (const count of ['input_tokens', 'output_tokens']) assert.ok(Number.isInteger(start.message.usage[count]), `message_start has ${count}`);
  assert.equal(rest.pop().type, 'message_stop');
  const end = rest.pop();
  assert.equal(end.type, 'message_delta');
  assert.match(end.delta.stop_reason, /./);
  assert.ok(Number.isInteger(end.usage.output_tokens));
  let open, next = 0;
  for (const event of rest) {
    if (event.type === 'content_block_start') {
      assert.equal(open, undefined, 'one block after the other');
      assert.equal(event.index, next, 'indexes without gaps');
      open = event.content_block;
      if (open.type === 'text') assert.equal(open.text, '');
      if (open.type === 'tool_use') {
        assert.deepEqual(open.input, {});
        assert.match(open.id, /^[a-zA-Z0-9_-]+$/);
      }
    } else {
      assert.ok(open, `${event.type} inside of a block`);
      assert.equal(event.index, next);
      if (event.type === 'content_block_delta') assert.ok(DELTAS[open.type].includes(event.delta.type), `${event.delta.type} in a ${open.type} block`);
      else {
        assert.equal(event.type, 'content_block_stop');
        open = undefined;
        next += 1;
      }
    }
  }
  assert.equal(open, undefined, 'the last block is closed');
}

function check_gemini(text) {
  const chunks = blocks_of(text, '\r\n').map(({ event, data }) => {
    assert.equal(event, '');
    return JSON.parse(data);
  });
  for (const chunk of chunks) {
    assert.equal(typeof chunk.responseId, 'string');
    assert.equal(chunk.responseId, chunks[0].responseId, 'one id');
    assert.equal(typeof chunk.modelVersion, 'string');
    assert.ok(chunk.candidates ?? chunk.promptFeedback, 'candidates');
    for (const { content } of chunk.candidates ?? []) if (content) assert.equal(content.role, 'model');
  }
  const reasons = chunks.filter((chunk) => chunk.candidates?.[0]?.finishReason);
  assert.equal(reasons.length, 1, 'one finish reason');
  const { usageMetadata: usage, candidates } = chunks.at(-1);
  assert.ok(candidates[0].finishReason, 'it comes last');
  const sum = usage.promptTokenCount + (usage.candidatesTokenCount ?? 0) + (usage.thoughtsTokenCount ?? 0) + (usage.toolUsePromptTokenCount ?? 0);
  assert.equal(usage.totalTokenCount, sum);
}

export const stream_grammar = {
  openai_chat: check_chat, openai_responses: check_responses, anthropic_messages: check_anthropic, gemini: check_gemini,
};
