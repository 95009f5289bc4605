// A program on OpenAI's SDK, chat completions: what it asks and how it keeps its conversation.
import { SYSTEM } from '../doubles/script.mjs';

const function_of = ({ name, description, schema }) => ({ type: 'function', function: { name, description, parameters: schema, strict: true } });

const user = ({ text, images = [] }) => ({
  role: 'user',
  content: images.length === 0 ? text : [
    { type: 'text', text },
    ...images.map(({ mime, base64 }) => ({ type: 'image_url', image_url: { url: `data:${mime};base64,${base64}`, detail: 'low' } })),
  ],
});

function messages_of(history) {
  return [{ role: 'system', content: SYSTEM }, ...history.flatMap((step) => {
    if (step.user) return [user(step.user)];
    if (step.results) return step.results.map(({ call, text }) => ({ role: 'tool', tool_call_id: call.id, content: text }));
    return [step.native];
  })];
}

function body_of({ model, history, tools, schema, thinks, force, sampling, max_tokens = 4000 }) {
  return {
    model, messages: messages_of(history), max_completion_tokens: max_tokens,
    ...(tools ? { tools: tools.map(function_of) } : {}),
    ...(force ? { tool_choice: { type: 'function', function: { name: force } } } : {}),
    ...(schema ? { response_format: { type: 'json_schema', json_schema: { name: 'city', schema, strict: true } } } : {}),
    ...(thinks ? { reasoning_effort: 'low' } : {}),
    ...(sampling ? { temperature: sampling.temperature, top_p: sampling.top_p, stop: sampling.stop } : {}),
  };
}

const FINISH = { stop: 'stop', tool_calls: 'tool', length: 'length', content_filter: 'filter' };

function answer_of(completion, native, thought) {
  const [{ message, finish_reason }] = completion.choices;
  return {
    text: message.content ?? '', thought, finish: FINISH[finish_reason] ?? finish_reason, usage: completion.usage, id: completion.id, model: completion.model,
    calls: (message.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, args: JSON.parse(call.function.arguments) })),
    native: [{ native }],
  };
}

class Session {
  constructor(sdk, { url, key, retries = 0 }) {
    this.client = new sdk.OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: retries });
  }

  async ask({ stream, signal, on_piece, ...asked }) {
    const body = body_of(asked);
    if (!stream) {
      const completion = await this.client.chat.completions.create(body, { signal });
      const [{ message }] = completion.choices;
      return answer_of(completion, message, message.reasoning_content);
    }
    const runner = this.client.chat.completions.stream({ ...body, stream_options: { include_usage: true } }, { signal });
    let thought;
    runner.on('chunk', (chunk) => {
      const { reasoning_content, content } = chunk.choices[0]?.delta ?? {};
      if (reasoning_content) thought = (thought ?? '') + reasoning_content;
      if (content) on_piece?.(content);
    });
    const completion = await runner.finalChatCompletion();
    const { content, tool_calls } = completion.choices[0].message;
    const told = tool_calls?.map(({ id, type, function: { name, arguments: args } }) => ({ id, type, function: { name, arguments: args } }));
    return answer_of(completion, { role: 'assistant', content, ...(told?.length ? { tool_calls: told } : {}) }, thought);
  }
}

export const openai_chat = (name) => ({
  name, dialect: 'openai_chat', label: `${name} chat`,
  load: () => import(name),
  connect: (sdk, options) => new Session(sdk, options),
  has_stop: true,
  errors: { 400: ['BadRequestError', 400], 404: ['NotFoundError', 404], 429: ['RateLimitError', 429], 500: ['InternalServerError', 500], 503: ['InternalServerError', 503] },
  aborts: /APIUserAbortError/,
});
