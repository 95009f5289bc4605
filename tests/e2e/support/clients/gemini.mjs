// A program on Google's SDK. Streamed answers go into the history as the SDK's own chat keeps them: chunk by chunk.
import { SYSTEM } from '../doubles/script.mjs';

const user = ({ text, images = [] }) => ({
  role: 'user', parts: [{ text }, ...images.map(({ mime, base64 }) => ({ inlineData: { mimeType: mime, data: base64 } }))],
});

function contents_of(history) {
  return history.map((step) => {
    if (step.user) return user(step.user);
    if (step.results) {
      return { role: 'user', parts: step.results.map(({ call, text }) => ({ functionResponse: { id: call.id, name: call.name, response: { output: text } } })) };
    }
    return step.native;
  });
}

export function params_of({ model, history, tools, schema, thinks, force, sampling, signal, max_tokens = 4000 }) {
  const functionDeclarations = tools?.map(({ name, description, schema: parametersJsonSchema }) => ({ name, description, parametersJsonSchema }));
  return {
    model, contents: contents_of(history),
    config: {
      systemInstruction: SYSTEM, maxOutputTokens: max_tokens, abortSignal: signal,
      ...(tools ? { tools: [{ functionDeclarations }] } : {}),
      ...(force ? { toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [force] } } } : {}),
      ...(schema ? { responseMimeType: 'application/json', responseJsonSchema: schema } : {}),
      ...(thinks ? { thinkingConfig: { includeThoughts: true, thinkingBudget: 1024 } } : {}),
      ...(sampling ? { temperature: sampling.temperature, topP: sampling.top_p, stopSequences: sampling.stop } : {}),
    },
  };
}

const FINISH = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'filter' };

export function answer_of(chunks) {
  const contents = chunks.map((chunk) => chunk.candidates?.[0]?.content).filter((content) => content?.parts?.length);
  const parts = contents.flatMap((content) => content.parts);
  const calls = parts.filter((part) => part.functionCall).map(({ functionCall }) => ({ id: functionCall.id, name: functionCall.name, args: functionCall.args ?? {} }));
  const thoughts = parts.filter((part) => part.thought && part.text).map((part) => part.text);
  const reason = chunks.map((chunk) => chunk.candidates?.[0]?.finishReason).filter(Boolean).at(-1);
  // An empty text that says nothing is not kept; one that carries a signature is.
  const kept = contents.map((content) => ({ ...content, parts: content.parts.filter((part) => part.text !== '' || part.thoughtSignature) }));
  return {
    text: parts.filter((part) => part.text !== undefined && !part.thought).map((part) => part.text).join(''), calls,
    thought: thoughts.length ? thoughts.join('') : undefined, finish: reason === 'STOP' && calls.length ? 'tool' : FINISH[reason] ?? reason,
    usage: chunks.map((chunk) => chunk.usageMetadata).filter(Boolean).at(-1), id: chunks.at(-1)?.responseId, model: chunks.at(-1)?.modelVersion,
    native: kept.filter((content) => content.parts.length).map((native) => ({ native })),
  };
}

class Session {
  constructor(sdk, { url, key, retries = 0 }) {
    const retryOptions = retries ? { retryOptions: { attempts: retries + 1 } } : {};
    this.client = new sdk.GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url, ...retryOptions } });
  }

  async ask({ stream, on_piece, ...asked }) {
    const params = params_of(asked);
    if (!stream) return answer_of([await this.client.models.generateContent(params)]);
    const chunks = [];
    for await (const chunk of await this.client.models.generateContentStream(params)) {
      chunks.push(chunk);
      const text = chunk.candidates?.[0]?.content?.parts?.find((part) => part.text && !part.thought)?.text;
      if (text) on_piece?.(text);
    }
    if (!chunks.some((chunk) => chunk.candidates?.[0]?.finishReason)) throw new Error('the stream ended without a finish reason');
    return answer_of(chunks);
  }
}

export const gemini = (name) => ({
  name, dialect: 'gemini', label: name,
  load: () => import(name),
  connect: (sdk, options) => new Session(sdk, options),
  has_stop: true,
  errors: { 400: ['ApiError', 400], 404: ['ApiError', 404], 429: ['ApiError', 429], 500: ['ApiError', 500], 503: ['ApiError', 503] },
  aborts: /abort/i,
});
