// Embeddings in OpenAI's and Gemini's shapes: a vector that depends on the text, so that an exchanged one shows.
import { list, nullable, record, refuse, str, text, text_or, whole, word } from './strict.mjs';

export const vector_of = (input, length = 4) => Array.from({ length }, (_, i) => (input.length * (i + 1)) / 64);
export const tokens_of = (inputs) => inputs.reduce((sum, input) => sum + input.length, 0);

const request_shape = record({ model: text, input: text_or(list(str, { min: 1, max: 2048 })) }, {
  encoding_format: word('float', 'base64'), dimensions: whole(1), user: str,
});

export function embeddings_openai({ json }) {
  request_shape(json, '');
  const inputs = [json.input].flat();
  const data = inputs.map((input, index) => {
    const vector = vector_of(input, json.dimensions);
    const embedding = json.encoding_format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
    return { object: 'embedding', index, embedding };
  });
  const prompt_tokens = tokens_of(inputs);
  return { body: JSON.stringify({ object: 'list', data, model: json.model, usage: { prompt_tokens, total_tokens: prompt_tokens } }) };
}

const content = record({ parts: list(record({ text: str }), { min: 1 }) }, { role: str });
const embed_shape = record({ content }, {
  model: text, taskType: str, title: str, outputDimensionality: nullable(whole(1)),
});
const batch_shape = record({ requests: list(embed_shape, { min: 1 }) });
const value_of = (asked) => ({ values: vector_of(asked.content.parts.map((part) => part.text).join(''), asked.outputDimensionality ?? undefined) });

export const embed_gemini = (model) => ({ json }) => {
  embed_shape(json, '');
  return { body: JSON.stringify({ embedding: value_of(json) }) };
};

export const batch_embed_gemini = (model) => ({ json }) => {
  batch_shape(json, '');
  json.requests.forEach((asked, i) => {
    if (asked.model !== `models/${model}`) refuse(`requests[${i}].model`, `requests[${i}].model: must be models/${model}`);
  });
  return { body: JSON.stringify({ embeddings: json.requests.map(value_of) }) };
};
