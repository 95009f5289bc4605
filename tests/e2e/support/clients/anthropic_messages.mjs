// A program on Anthropic's SDK.
import { SYSTEM } from '../doubles/script.mjs';

const user = ({ text, images = [] }) => ({
  role: 'user',
  content: images.length === 0 ? text : [
    ...images.map(({ mime, base64 }) => ({ type: 'image', source: { type: 'base64', media_type: mime, data: base64 } })),
    { type: 'text', text },
  ],
});

function messages_of(history) {
  return history.map((step) => {
    if (step.user) return user(step.user);
    if (step.results) {
      return { role: 'user', content: step.results.map(({ call, text }) => ({ type: 'tool_result', tool_use_id: call.id, content: text })) };
    }
    return step.native;
  });
}

export function body_of({ model, history, tools, schema, thinks, force, sampling, max_tokens = 4000 }) {
  return {
    model, system: SYSTEM, messages: messages_of(history), max_tokens,
    ...(tools ? { tools: tools.map(({ name, description, schema: input_schema }) => ({ name, description, input_schema })) } : {}),
    ...(force ? { tool_choice: { type: 'tool', name: force } } : {}),
    ...(schema ? { output_config: { format: { type: 'json_schema', schema } } } : {}),
    ...(thinks ? { thinking: { type: 'enabled', budget_tokens: 1024 } } : {}),
    ...(sampling ? { temperature: sampling.temperature, top_p: sampling.top_p, stop_sequences: sampling.stop } : {}),
  };
}

const FINISH = { end_turn: 'stop', tool_use: 'tool', max_tokens: 'length', refusal: 'filter', stop_sequence: 'stop' };

export function answer_of(message) {
  const blocks = (type) => message.content.filter((block) => block.type === type);
  const thoughts = blocks('thinking').map((block) => block.thinking);
  return {
    text: blocks('text').map((block) => block.text).join(''), thought: thoughts.length ? thoughts.join('') : undefined,
    calls: blocks('tool_use').map(({ id, name, input }) => ({ id, name, args: input })), finish: FINISH[message.stop_reason] ?? message.stop_reason,
    usage: message.usage, id: message.id, model: message.model, native: [{ native: { role: 'assistant', content: message.content } }],
  };
}

class Session {
  constructor(sdk, { url, key, retries = 0 }) {
    this.client = new sdk.Anthropic({ apiKey: key, authToken: null, baseURL: url, maxRetries: retries });
  }

  async ask({ stream, signal, on_piece, ...asked }) {
    const body = body_of(asked);
    if (!stream) return answer_of(await this.client.messages.create(body, { signal }));
    const runner = this.client.messages.stream(body, { signal });
    runner.on('text', (piece) => on_piece?.(piece));
    return answer_of(await runner.finalMessage());
  }
}

export const anthropic_messages = (name) => ({
  name, dialect: 'anthropic_messages', label: name,
  load: () => import(name),
  connect: (sdk, options) => new Session(sdk, options),
  has_stop: true, no_sampling: name === 'anthropic1',
  errors: { 400: ['BadRequestError', 400], 404: ['NotFoundError', 404], 429: ['RateLimitError', 429], 500: ['InternalServerError', 500], 503: [name === 'anthropic1' ? 'OverloadedError' : 'InternalServerError', 529] },
  aborts: /APIUserAbortError/,
});
