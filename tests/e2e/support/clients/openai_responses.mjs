// A program on OpenAI's SDK, Responses API, that keeps its own conversation and stores nothing (as coding agents do).
import assert from 'node:assert/strict';
import { SYSTEM } from '../doubles/script.mjs';

const function_of = ({ name, description, schema }) => ({ type: 'function', name, description, parameters: schema, strict: true });

const user = ({ text, images = [] }) => ({
  role: 'user',
  content: images.length === 0 ? text : [
    { type: 'input_text', text },
    ...images.map(({ mime, base64 }) => ({ type: 'input_image', image_url: `data:${mime};base64,${base64}`, detail: 'low' })),
  ],
});

function input_of(history) {
  return history.flatMap((step) => {
    if (step.user) return [user(step.user)];
    if (step.results) return step.results.map(({ call, text }) => ({ type: 'function_call_output', call_id: call.id, output: text }));
    return [step.native];
  });
}

export function body_of({ model, history, tools, schema, thinks, force, sampling, max_tokens = 4000 }) {
  return {
    model, instructions: SYSTEM, input: input_of(history), max_output_tokens: max_tokens, store: false,
    ...(tools ? { tools: tools.map(function_of) } : {}),
    ...(force ? { tool_choice: { type: 'function', name: force } } : {}),
    ...(schema ? { text: { format: { type: 'json_schema', name: 'city', schema, strict: true } } } : {}),
    ...(thinks ? { reasoning: { effort: 'low', summary: 'auto' }, include: ['reasoning.encrypted_content'] } : {}),
    ...(sampling ? { temperature: sampling.temperature, top_p: sampling.top_p } : {}),
  };
}

const FINISH = { max_output_tokens: 'length', content_filter: 'filter' };

export function answer_of(response) {
  const items = (type) => response.output.filter((item) => item.type === type);
  const calls = items('function_call').map((item) => ({ id: item.call_id, name: item.name, args: JSON.parse(item.arguments) }));
  const thoughts = items('reasoning').flatMap((item) => [...item.summary, ...(item.content ?? [])]).map((part) => part.text);
  const ended = response.status === 'completed' ? (calls.length ? 'tool' : 'stop') : FINISH[response.incomplete_details?.reason];
  return {
    text: items('message').flatMap((item) => item.content).map((part) => part.text ?? '').join(''), calls, finish: ended, id: response.id,
    thought: thoughts.length ? thoughts.join('') : undefined, usage: response.usage, model: response.model,
    native: response.output.map((item) => ({ native: item })),
  };
}

class Session {
  constructor(sdk, { url, key, retries = 0 }) {
    this.client = new sdk.OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: retries });
  }

  async ask({ stream, signal, on_piece, ...asked }) {
    const body = body_of(asked);
    if (!stream) return answer_of(await this.client.responses.create(body, { signal }));
    const events = await this.client.responses.create({ ...body, stream: true }, { signal });
    const done = [];
    let response;
    for await (const event of events) {
      if (event.type === 'response.output_text.delta') on_piece?.(event.delta);
      if (event.type === 'response.output_item.done') done[event.output_index] = event.item;
      if (event.type === 'response.failed') throw new Error(`failed: ${event.response.error?.message}`);
      if (['response.completed', 'response.incomplete'].includes(event.type)) response = event.response;
    }
    if (signal?.aborted) throw new Error('aborted by the program'); // the SDK just ends its loop
    if (!response) throw new Error('the stream ended without the response');
    assert.deepEqual(done, response.output, 'the items as they were streamed are those of the whole');
    return answer_of(response);
  }
}

export const openai_responses = (name) => ({
  name, dialect: 'openai_responses', label: `${name} responses`,
  load: () => import(name),
  connect: (sdk, options) => new Session(sdk, options),
  has_stop: false,
  errors: { 400: ['BadRequestError', 400], 404: ['NotFoundError', 404], 429: ['RateLimitError', 429], 500: ['InternalServerError', 500], 503: ['InternalServerError', 503] },
  aborts: /abort/i,
});
