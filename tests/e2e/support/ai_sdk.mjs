// The `ai` SDK: one program, whichever provider package it was given.
import { RESULTS, CITY_SCHEMA, NOTES_TOOL, QUESTION, SYSTEM, WEATHER_TOOL } from './doubles/script.mjs';

// What each provider package is pointed at. `url` is the gateway's.
const makers = {
  'openai, Responses': { dialect: 'openai_responses', pkg: '@ai-sdk/openai', make: (m, o) => m.createOpenAI({ ...o, baseURL: `${o.url}/v1` }) },
  'openai, Responses, nothing stored': {
    dialect: 'openai_responses', pkg: '@ai-sdk/openai', make: (m, o) => m.createOpenAI({ ...o, baseURL: `${o.url}/v1` }), options: { openai: { store: false } },
  },
  'openai, chat': { dialect: 'openai_chat', pkg: '@ai-sdk/openai', make: (m, o) => m.createOpenAI({ ...o, baseURL: `${o.url}/v1` }).chat },
  'openai-compatible': {
    dialect: 'openai_chat', pkg: '@ai-sdk/openai-compatible',
    make: (m, o) => m.createOpenAICompatible({ ...o, name: 'gateway', baseURL: `${o.url}/v1`, includeUsage: true, supportsStructuredOutputs: true }),
  },
  anthropic: {
    dialect: 'anthropic_messages', pkg: '@ai-sdk/anthropic', make: (m, o) => m.createAnthropic({ ...o, baseURL: `${o.url}/v1` }),
    options: { anthropic: { structuredOutputMode: 'outputFormat' } },
  },
  google: { dialect: 'gemini', pkg: '@ai-sdk/google', make: (m, o) => m.createGoogleGenerativeAI({ ...o, baseURL: `${o.url}/v1beta` }) },
};

export const ai_packages = Object.entries(makers).map(([name, { dialect, pkg, make, options }]) => ({
  name, dialect, connect: async (url, apiKey) => new Program(await import('ai'), make(await import(pkg), { url, apiKey }), options),
}));

// Why the SDK cannot be tried in this node, or false.
export const no_ai_sdk = await Promise.all(['ai', ...Object.values(makers).map((maker) => maker.pkg)].map((name) => import(name)))
  .then(() => false, () => 'the ai SDK does not load in this node');

class Program {
  constructor(ai, provider, providerOptions) {
    Object.assign(this, { ai, provider, providerOptions });
  }

  #common(model) {
    return { model: this.provider(model), instructions: SYSTEM, prompt: QUESTION, maxRetries: 0, maxOutputTokens: 4000, providerOptions: this.providerOptions };
  }

  // With tools, the SDK goes round by itself until the model has its answer.
  #tools() {
    const { tool, jsonSchema, stepCountIs } = this.ai;
    const made = ({ description, schema }, execute) => tool({ description, inputSchema: jsonSchema(schema), execute });
    const tools = { get_temperature: made(WEATHER_TOOL, ({ city }) => RESULTS[city]), list_notes: made(NOTES_TOOL, () => '[]') };
    return { tools, stopWhen: stepCountIs(5) };
  }

  async ask(model, { stream = false, tools = false, signal } = {}) {
    const asked = { ...this.#common(model), ...(tools ? this.#tools() : {}), abortSignal: signal };
    if (!stream) {
      const { text, finishReason, usage, steps } = await this.ai.generateText(asked);
      return { text, finish: finishReason, usage, steps: steps.length };
    }
    let failure;
    const streamed = this.ai.streamText({ ...asked, onError: ({ error }) => { failure = error; } });
    let heard = '';
    for await (const piece of streamed.textStream) heard += piece;
    if (failure) throw Object.assign(failure, { heard });
    return { heard, text: await streamed.text, finish: await streamed.finishReason, usage: await streamed.usage, steps: (await streamed.steps).length };
  }

  async object(model, stream) {
    const { Output, jsonSchema, generateText, streamText } = this.ai;
    const asked = { ...this.#common(model), output: Output.object({ schema: jsonSchema(CITY_SCHEMA) }) };
    if (!stream) return (await generateText(asked)).output;
    return streamText(asked).output;
  }
}
