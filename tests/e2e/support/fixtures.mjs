// Our own fixtures in OpenAI's shape, and a provider that picks the one a request asks for.
import { readFileSync } from 'node:fs';

const folder = new URL('../fixtures/', import.meta.url);
export const bytes_of = (name) => readFileSync(new URL(name, folder));
export const json_of = (name) => JSON.parse(bytes_of(name).toString('utf8'));

// A recorded stream as the provider sends it to who did not ask for usage: no usage members, no usage chunk.
export function without_usage(sse) {
  return sse.toString('utf8').split('\n\n')
    .filter((block) => !block.includes('"choices":[],'))
    .map((block) => block.replace(',"usage":null', ''))
    .join('\n\n');
}

export function stream_of(name, request) {
  const recorded = bytes_of(name);
  return request.json.stream_options?.include_usage ? recorded : without_usage(recorded);
}

// What a well-behaved provider answers: tools are called once, then the result is used; a schema is filled in.
export function honest_provider(request) {
  const { path, json } = request;
  if (path.endsWith('/embeddings')) {
    return { body: bytes_of(json.encoding_format === 'base64' ? 'embedding_base64.json' : 'embedding_float.json') };
  }
  const wants_tool = json.tools?.length && json.messages.at(-1).role !== 'tool';
  if (json.stream) return { sse: true, seed: 7, body: stream_of(wants_tool ? 'tool_call_stream.sse' : 'chat_stream.sse', request) };
  if (wants_tool) return { body: bytes_of('tool_call.json') };
  if (json.tools?.length) return { body: bytes_of('tool_answer.json') };
  if (json.response_format?.type === 'json_schema') return { body: bytes_of('structured.json') };
  return { body: bytes_of('chat.json') };
}
