// A double that lets everything pass proves nothing: each refuses what its real provider refuses. A tool loop with
// reasoning is played with it honestly, then with one thing wrong.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { KEY, double_of } from './support/doubles/double.mjs';
import { dialects } from './support/doubles/index.mjs';
import { NOTES_TOOL, QUESTION, RESULTS, SYSTEM, WEATHER_TOOL } from './support/doubles/script.mjs';

const tools = [WEATHER_TOOL, NOTES_TOOL];
const results_for = (calls, result) => calls.map((call) => result(call, RESULTS[(call.args ?? call.input ?? JSON.parse(call.arguments ?? call.function.arguments)).city]));

// dialect -> {path, headers, first: request, second(request, answer): request, wrongs: {name: [change(second request), words]}}
const plays = {
  openai_chat: {
    path: '/v1/chat/completions', headers: { authorization: `Bearer ${KEY}` },
    first: {
      model: 'reason', reasoning_effort: 'low', messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: QUESTION }],
      tools: tools.map(({ name, description, schema }) => ({ type: 'function', function: { name, description, parameters: schema, strict: true } })),
    },
    second: (request, { choices: [{ message }] }) => ({
      ...request,
      messages: [...request.messages, message, ...results_for(message.tool_calls, (call, content) => ({ role: 'tool', tool_call_id: call.id, content }))],
    }),
    wrongs: {
      'a result is missing': [({ messages }) => messages.pop(), /did not have response messages/],
      'a result stands alone': [({ messages }) => messages.splice(2, 1), /must be a response to a preceeding message/],
      'something stands between call and result': [({ messages }) => messages.splice(3, 0, { role: 'user', content: 'Well?' }), /must be followed by tool messages/],
      'an id was never given': [({ messages }) => { messages[2].tool_calls[0].id = messages[3].tool_call_id = 'call_x'; }, /never given/],
      'arguments were changed': [({ messages }) => { messages[2].tool_calls[0].function.arguments = '{}'; }, /was get_temperature/],
      'results were exchanged': [({ messages }) => { [messages[3].content, messages[4].content] = [messages[4].content, messages[3].content]; }, /the results/],
      'reasoning was changed': [({ messages }) => { messages[2].reasoning_content += '!'; }, /not what this model thought/],
      'a member is unknown': [(request) => { request.top_k = 3; }, /Unrecognized request argument/],
      'a member of a message is unknown': [({ messages }) => { messages[1].cache_control = {}; }, /Additional properties/],
      'no tool calls, but an array for them': [({ messages }) => { messages.push({ role: 'assistant', content: 'x', tool_calls: [] }); }, /too short/],
      'both names for max_tokens': [(request) => Object.assign(request, { max_tokens: 9, max_completion_tokens: 9 }), /cannot both/],
      'a schema that is not closed': [(request) => { request.tools[0].function.parameters.additionalProperties = true; }, /additionalProperties/],
    },
  },
  openai_responses: {
    path: '/v1/responses', headers: { authorization: `Bearer ${KEY}` },
    first: {
      model: 'reason', instructions: SYSTEM, input: [{ role: 'user', content: QUESTION }], reasoning: { effort: 'low', summary: 'auto' },
      include: ['reasoning.encrypted_content'], store: false,
      tools: tools.map(({ name, description, schema }) => ({ type: 'function', name, description, parameters: schema, strict: true })),
    },
    second: (request, { output }) => ({
      ...request,
      input: [...request.input, ...output, ...results_for(output.filter((item) => item.type === 'function_call'), (call, text) => ({ type: 'function_call_output', call_id: call.call_id, output: text }))],
    }),
    wrongs: {
      'a result is missing': [({ input }) => input.pop(), /No tool output found/],
      'a result stands alone': [({ input }) => { input[4].call_id = 'call_x'; }, /No tool call found/],
      'the reasoning is missing': [({ input }) => input.splice(1, 1), /without its required 'reasoning' item/],
      'the reasoning was changed': [({ input }) => { input[1].encrypted_content += 'AA=='; }, /could not be verified/],
      'the reasoning leads to nothing': [({ input }) => input.push(input[1]), /without its required following item/],
      'arguments were changed': [({ input }) => { input[2].arguments = '{}'; }, /was get_temperature/],
      'an id of another kind': [({ input }) => { input[2].id = 'call_7'; }, /fc/],
      'a role that has no input_text': [({ input }) => input.push({ role: 'assistant', content: [{ type: 'input_text', text: 'x' }] }), /input_text/],
      'a member is unknown': [(request) => { request.stop = ['x']; }, /Unknown parameter: 'stop'/],
      'tools as chat has them': [(request) => { request.tools[0] = { type: 'function', function: request.tools[0] }; }, /tools\[0\]/],
      'too few output tokens': [(request) => { request.max_output_tokens = 9; }, /max_output_tokens/],
    },
  },
  anthropic_messages: {
    path: '/v1/messages', headers: { 'x-api-key': KEY, 'anthropic-version': '2023-06-01' },
    first: {
      model: 'reason', max_tokens: 4000, system: SYSTEM, messages: [{ role: 'user', content: QUESTION }], thinking: { type: 'enabled', budget_tokens: 1024 },
      tools: tools.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
    },
    second: (request, { content }) => ({
      ...request,
      messages: [...request.messages, { role: 'assistant', content }, {
        role: 'user', content: results_for(content.filter((block) => block.type === 'tool_use'), (call, text) => ({ type: 'tool_result', tool_use_id: call.id, content: text })),
      }],
    }),
    wrongs: {
      'a result is missing': [({ messages }) => messages[2].content.pop(), /without `tool_result` blocks immediately after/],
      'something stands before the results': [({ messages }) => messages[2].content.unshift({ type: 'text', text: 'Well.' }), /without `tool_result` blocks immediately after/],
      'a result stands alone': [({ messages }) => messages[2].content.push({ type: 'tool_result', tool_use_id: 'toolu_x', content: 'x' }), /unexpected `tool_use_id`/],
      'the results come in two turns': [({ messages }) => messages.splice(2, 1, { role: 'user', content: [messages[2].content[0]] }, { role: 'assistant', content: 'Go on.' }, { role: 'user', content: [messages[2].content[1]] }), /without `tool_result`/],
      'the thinking is missing': [({ messages }) => messages[1].content.shift(), /Expected `thinking`/],
      'the redacted thinking is missing': [({ messages }) => messages[1].content.splice(1, 1), /Expected `thinking`/],
      'the thinking was changed': [({ messages }) => { messages[1].content[0].thinking = ''; }, /cannot be modified/],
      'the signature was changed': [({ messages }) => { messages[1].content[0].signature = 'AAAA'; }, /Invalid `signature`/],
      'the thinking comes in another order': [({ messages }) => messages[1].content.unshift(messages[1].content.splice(1, 1)[0]), /in their order/],
      'input was changed': [({ messages }) => { messages[1].content.at(-1).input = {}; }, /was get_temperature/],
      'an empty text': [({ messages }) => messages[0].content = [{ type: 'text', text: '' }], /must be non-empty/],
      'a member is unknown': [(request) => { request.seed = 1; }, /seed: Extra inputs are not permitted/],
      'a member of the newer version is gone': [(request, headers) => { request.temperature = 1; headers['anthropic-version'] = '2026-10-21'; }, /temperature: Extra inputs/],
      'no version': [(_, headers) => { delete headers['anthropic-version']; }, /header is required/],
      'more thinking than tokens': [(request) => { request.thinking.budget_tokens = 4000; }, /must be greater than/],
      'a forced tool while thinking': [(request) => { request.tool_choice = { type: 'any' }; }, /forces tool use/],
      'too warm': [(request) => { request.temperature = 1.5; }, /temperature/],
    },
  },
  gemini: {
    path: '/v1beta/models/reason:generateContent', headers: { 'x-goog-api-key': KEY },
    first: {
      systemInstruction: { parts: [{ text: SYSTEM }] }, contents: [{ role: 'user', parts: [{ text: QUESTION }] }],
      generationConfig: { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } },
      tools: [{ functionDeclarations: tools.map(({ name, description, schema }) => ({ name, description, parametersJsonSchema: schema })) }],
    },
    second: (request, { candidates: [{ content }] }) => ({
      ...request,
      contents: [...request.contents, content, {
        role: 'user',
        parts: results_for(content.parts.filter((part) => part.functionCall).map((part) => part.functionCall), (call, output) => ({ functionResponse: { name: call.name, response: { output } } })),
      }],
    }),
    wrongs: {
      'a result is missing': [({ contents }) => contents[2].parts.pop(), /number of function response parts/],
      'the results come in two turns': [({ contents }) => contents.splice(2, 1, { role: 'user', parts: [contents[2].parts[0]] }, { role: 'model', parts: [{ text: 'x' }] }, { role: 'user', parts: [contents[2].parts[1]] }), /number of function response parts/],
      'a result under another name': [({ contents }) => { contents[2].parts[0].functionResponse.name = 'f'; }, /is named f/],
      'the signature is missing': [({ contents }) => contents[1].parts.forEach((part) => { delete part.thoughtSignature; }), /missing a thought_signature/],
      'the signature is at another call': [({ contents }) => {
        const { thoughtSignature, ...unsigned } = contents[1].parts[2];
        contents[1].parts.splice(2, 2, unsigned, { ...contents[1].parts[3], thoughtSignature });
      }, /missing a thought_signature/],
      'the signature was changed': [({ contents }) => { contents[1].parts[2].thoughtSignature = 'AAAA'; }, /not valid/],
      'arguments were changed': [({ contents }) => { contents[1].parts[2].functionCall.args = {}; }, /never made/],
      'a response that is no object': [({ contents }) => { contents[2].parts[0].functionResponse.response = 'x'; }, /expected an object/],
      'a member is unknown': [(request) => { request.stream = true; }, /Unknown name "stream"/],
      'a schema with more than the dialect has': [(request) => { request.tools[0].functionDeclarations[0] = { name: 'f', parameters: WEATHER_TOOL.schema }; }, /Unknown name "additionalProperties"/],
      'two ways to say how much to think': [(request) => { request.generationConfig.thinkingConfig.thinkingLevel = 'LOW'; }, /only one of thinking budget/],
      'a role that is not': [({ contents }) => { contents[1].role = 'assistant'; }, /role/],
      'empty text': [({ contents }) => { contents[0].parts.push({ text: '' }); }, /must not be empty/],
    },
  },
};

for (const [name, { path, headers, first, second, wrongs }] of Object.entries(plays)) {
  describe(`the double of ${name}`, () => {
    // Plays the loop up to its second request, changed; what is answered.
    function play(change = () => {}) {
      const double = double_of(dialects[name]);
      const say = (json, with_headers = headers) => double.respond({ method: 'POST', path, headers: with_headers, json: structuredClone(json) });
      const opened = say(first);
      assert.equal(opened.status, undefined, opened.body);
      const request = structuredClone(second(first, JSON.parse(opened.body)));
      const own_headers = { ...headers };
      change(request, own_headers);
      return say(request, own_headers);
    }

    test('accepts an honest loop', () => assert.equal(play().status, undefined, play().body));

    for (const [wrong, [change, words]] of Object.entries(wrongs)) {
      test(`refuses it when ${wrong}`, () => {
        const { status, body } = play(change);
        assert.equal(status, 400, body);
        assert.match(JSON.parse(body).error.message, words);
      });
    }

    test('refuses a wrong key', () => {
      const answer = double_of(dialects[name]).respond({ method: 'POST', path, headers: { 'anthropic-version': '2023-06-01' }, json: first });
      assert.ok([400, 401].includes(answer.status));
    });
  });
}
