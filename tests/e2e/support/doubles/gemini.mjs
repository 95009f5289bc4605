// Google's generateContent, as strict as the real one. Calls carry no ids, as most of the real ones do not: a result
// belongs to a call by its name and its place.
import { isDeepStrictEqual } from 'node:util';
import { any, base64, bool, list, matching, num, object, record, refuse, str, text, whole, within, word } from './strict.mjs';
import { KEY, generate } from './double.mjs';
import { batch_embed_gemini, embed_gemini } from './embeddings.mjs';

const unknown = (path, name) => `Invalid JSON payload received. Unknown name "${name}"${path ? ` at '${path}'` : ''}: Cannot find field.`;
const closed = (required, optional) => record(required, optional, unknown);

const part_shape = closed({}, {
  text: str, thought: bool, thoughtSignature: (value, path) => (DUMMIES.includes(value) ? undefined : base64(value, path)),
  inlineData: closed({ mimeType: matching(/^[a-z]+\/[a-z0-9.+-]+$/), data: base64 }, { displayName: str }),
  fileData: closed({ fileUri: text }, { mimeType: text }),
  functionCall: closed({ name: matching(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/) }, { id: text, args: object }),
  functionResponse: closed({ name: text, response: object }, { id: text, parts: list(any), willContinue: bool }),
  executableCode: object, codeExecutionResult: object, toolCall: object, toolResponse: object, videoMetadata: object,
});
const DATA = ['text', 'inlineData', 'fileData', 'functionCall', 'functionResponse', 'executableCode', 'codeExecutionResult', 'toolCall', 'toolResponse'];
const part = (value, path) => {
  part_shape(value, path);
  const held = DATA.filter((name) => name in value);
  if (held.length !== 1) refuse(path, `${path}: required oneof field 'data' must have one initialized field`);
  if (value.text === '' && !value.thoughtSignature) refuse(path, `${path}.text: must not be empty`);
};
const content = (roles) => closed({ parts: list(part, { min: 1 }) }, { role: word(...roles) });

const SCHEMA_MEMBERS = ['type', 'format', 'title', 'description', 'nullable', 'enum', 'maxItems', 'minItems', 'properties', 'required', 'minProperties',
  'maxProperties', 'minLength', 'maxLength', 'pattern', 'example', 'anyOf', 'propertyOrdering', 'default', 'items', 'minimum', 'maximum'];
function openapi_schema(value, path) {
  object(value, path);
  for (const [name, member] of Object.entries(value)) {
    if (!SCHEMA_MEMBERS.includes(name)) refuse(path, unknown(path, name));
    if (name === 'properties') Object.entries(member).forEach(([key, schema]) => openapi_schema(schema, `${path}.properties.${key}`));
    if (name === 'items') openapi_schema(member, `${path}.items`);
    if (name === 'anyOf') member.forEach((schema, i) => openapi_schema(schema, `${path}.anyOf[${i}]`));
    if (name === 'enum') list(str)(member, `${path}.enum`);
  }
}
// What such a schema says in JSON Schema; objects are closed, which it cannot say.
function as_json_schema(schema) {
  const { type, properties, items, ...rest } = schema;
  const closed_ = type?.toLowerCase() === 'object' ? { properties: {}, required: [], additionalProperties: false } : {};
  return {
    ...rest, ...(type ? { type: type.toLowerCase() } : {}), ...closed_,
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, as_json_schema(v)])) } : {}),
    ...(schema.required ? { required: schema.required } : {}),
    ...(items ? { items: as_json_schema(items) } : {}),
  };
}

const declaration = (value, path) => {
  closed({ name: matching(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/) }, {
    description: str, parameters: openapi_schema, parametersJsonSchema: object, response: object, responseJsonSchema: object, behavior: str,
  })(value, path);
  if (value.parameters && value.parametersJsonSchema) refuse(path, `${path}: parameters and parametersJsonSchema are exclusive`);
};
const thinking = (value, path) => {
  closed({}, { includeThoughts: bool, thinkingBudget: whole(-1), thinkingLevel: word('MINIMAL', 'LOW', 'MEDIUM', 'HIGH', 'minimal', 'low', 'medium', 'high') })(value, path);
  if ('thinkingBudget' in value && 'thinkingLevel' in value) refuse(path, 'You can only set only one of thinking budget and thinking level.');
};
const generation = closed({}, {
  temperature: within(0, 2), topP: within(0, 1), topK: num, candidateCount: whole(1, 8), maxOutputTokens: whole(1), stopSequences: list(text, { max: 5 }),
  responseMimeType: word('text/plain', 'application/json', 'text/x.enum'), responseSchema: openapi_schema, responseJsonSchema: object, responseFormat: object,
  presencePenalty: within(-2, 2), frequencyPenalty: within(-2, 2), seed: whole(-(2 ** 31), 2 ** 31), responseLogprobs: bool, logprobs: whole(0, 20),
  responseModalities: list(str), speechConfig: object, imageConfig: object, mediaResolution: str, thinkingConfig: thinking, enableEnhancedCivicAnswers: bool,
});
const function_calling = (value, path) => {
  closed({}, { mode: matching(/^(AUTO|ANY|NONE|VALIDATED)$/i), allowedFunctionNames: list(text), streamFunctionCallArguments: bool })(value, path);
  if (value.allowedFunctionNames?.length && !['ANY', 'VALIDATED'].includes(value.mode)) {
    refuse(path, 'Function calling config is set without function_declarations mode ANY; allowed_function_names needs it.');
  }
};
const members = {
  systemInstruction: content(['user', 'system', 'model']),
  tools: list(closed({}, { functionDeclarations: list(declaration, { min: 1 }), googleSearch: object, codeExecution: object, urlContext: object, fileSearch: object })),
  toolConfig: closed({}, { functionCallingConfig: function_calling, retrievalConfig: object, includeServerSideToolInvocations: bool }),
  safetySettings: list(object), cachedContent: text, generationConfig: generation, serviceTier: str, store: bool, labels: object,
};
const contents = list(content(['user', 'model']), { min: 1 });
const schema_of_request = record({ contents }, members, unknown);

// Names may be written either way; what is not ours to read stays as it is.
// Bytes may come in either alphabet of base64: Google's Python SDK sends back another than it was given.
const BYTES = ['thoughtSignature', 'data'];
const standard_base64 = (value) => (/^[\w-]+=*$/.test(value) ? Buffer.from(value, 'base64').toString('base64') : value);
const FREE = ['args', 'response', 'parametersJsonSchema', 'responseJsonSchema', 'parameters', 'responseSchema', 'labels'];
function camel_cased(value) {
  if (Array.isArray(value)) return value.map(camel_cased);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => {
    const camel = name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
    if (BYTES.includes(camel) && typeof member === 'string' && !DUMMIES.includes(member)) return [camel, standard_base64(member)];
    return [camel, FREE.includes(camel) ? member : camel_cased(member)];
  }));
}

function check(json) {
  schema_of_request(json, '');
  const config = json.generationConfig ?? {};
  const schema = config.responseSchema ?? config.responseJsonSchema;
  if (schema && config.responseMimeType !== 'application/json') refuse('generationConfig', "Function calling with a response schema: responseMimeType must be 'application/json'.");
  if (config.responseSchema && config.responseJsonSchema) refuse('generationConfig', 'responseSchema and responseJsonSchema are exclusive');
  if (json.toolConfig?.functionCallingConfig?.mode === 'ANY' && !json.tools) refuse('toolConfig', 'Function calling mode ANY needs function declarations.');
}

// Consecutive contents of one role count as one.
function merged(list_) {
  const turns = [];
  for (const { role = 'user', parts } of list_) {
    if (turns.at(-1)?.role === role) turns.at(-1).parts.push(...parts);
    else turns.push({ role, parts: [...parts] });
  }
  return turns;
}

// What Google documents for histories that came from elsewhere: accepted where nothing was signed.
const DUMMIES = ['skip_thought_signature_validator', 'context_engineering_is_the_way_to_go'];

// The signature of the first call of a step must come back at that call, in the words it was given.
function check_signature(calls, path, issued, model, thinks) {
  const [first] = calls;
  const told = issued.signed?.find((step) => isDeepStrictEqual(step.calls, calls.map(({ name, args }) => ({ name, args }))) && step.model === model);
  if (DUMMIES.includes(first.signature) && !told) return;
  if (first.signature) {
    const state = issued.states.get(first.signature);
    if (!state || state.model !== model) refuse(path, `${path}: Thought signature is not valid.`);
  } else if (told && thinks) {
    refuse(path, `Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly. Additional data, function call \`default_api:${first.name}\`, position 2.`);
  }
  if (calls.slice(1).some((call) => call.signature)) refuse(path, `${path}: the signature belongs to the first call`);
}

function read_round(turns, at, issued, model, thinks) {
  const path = `contents[${at}]`;
  const calls = turns[at].parts.filter((p) => p.functionCall)
    .map((p) => ({ id: p.functionCall.id, name: p.functionCall.name, args: p.functionCall.args ?? {}, signature: p.thoughtSignature }));
  const given = issued.signed?.some((step) => isDeepStrictEqual(step.calls, calls.map(({ name, args }) => ({ name, args }))));
  if (!given && model !== 'takes_over') refuse(path, `${path}: these calls were never made: ${JSON.stringify(calls)}`);
  check_signature(calls, path, issued, model, thinks);
  const answers = (turns[at + 1]?.parts ?? []).filter((p) => p.functionResponse).map((p) => p.functionResponse);
  if (turns[at + 1]?.role !== 'user' || answers.length !== calls.length) {
    refuse(path, 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.');
  }
  const results = answers.map((answer, i) => {
    if (answer.name !== calls[i].name) refuse(path, `${path}: the response to ${calls[i].name} is named ${answer.name}`);
    if ((answer.id ?? calls[i].id) !== calls[i].id) refuse(path, `${path}: the response to the call ${calls[i].id} has the id ${answer.id}`);
    return { text: text_of_response(answer.response) };
  });
  return { calls: calls.map(({ name, args }) => ({ name, args })), results };
}

// A result that is text is an object of one text here; which member holds it is the client's choice.
function text_of_response(response) {
  const values = Object.values(response);
  return values.length === 1 && typeof values[0] === 'string' ? values[0] : JSON.stringify(values.length === 1 ? values[0] : response);
}

function read(sent, issued, model) {
  const json = camel_cased(sent);
  check(json);
  const config = json.generationConfig ?? {};
  const { thinkingBudget, thinkingLevel, includeThoughts } = config.thinkingConfig ?? {};
  const thinks = thinkingBudget !== 0 && (thinkingBudget !== undefined || thinkingLevel !== undefined || includeThoughts === true);
  const view = { users: [], answers: [], rounds: [] };
  const turns = merged(json.contents);
  if (turns[0].role !== 'user') refuse('contents[0]', 'Please ensure that the conversation begins with a user turn.');
  turns.forEach(({ role, parts }, at) => {
    const texts = parts.filter((p) => p.text !== undefined && !p.thought).map((p) => p.text).join('');
    if (role === 'user') {
      if (parts.some((p) => p.functionResponse) && !turns[at - 1]?.parts.some((p) => p.functionCall)) {
        refuse(`contents[${at}]`, 'Please ensure that function response turn comes immediately after a function call turn.');
      }
      const images = parts.filter((p) => p.inlineData).map((p) => ({ mime: p.inlineData.mimeType, base64: p.inlineData.data }));
      if (texts || images.length) view.users.push({ text: texts, images });
    } else if (parts.some((p) => p.functionCall)) view.rounds.push(read_round(turns, at, issued, model, thinks));
    else view.answers.push(texts);
    for (const p of parts) {
      if (p.thoughtSignature && !DUMMIES.includes(p.thoughtSignature) && !issued.states.has(p.thoughtSignature)) refuse(`contents[${at}]`, 'Thought signature is not valid.');
    }
  });
  const declared = json.tools?.flatMap((t) => t.functionDeclarations ?? []);
  const calling = json.toolConfig?.functionCallingConfig;
  const schema = config.responseJsonSchema ?? (config.responseSchema && as_json_schema(config.responseSchema));
  return {
    ...view, thinks, schema, system: (json.systemInstruction?.parts ?? []).map((p) => p.text),
    tools: declared?.map((d) => ({
      name: d.name, description: d.description,
      schema: d.parametersJsonSchema ?? as_json_schema(d.parameters ?? { type: 'object' }),
    })),
    choice: calling?.mode === 'ANY' && calling.allowedFunctionNames ? { required: true, name: calling.allowedFunctionNames[0] } : undefined,
    sampling: { temperature: config.temperature, top_p: config.topP, stop: config.stopSequences ?? [] }, has_stop: true,
  };
}

// Caches are not written by a request here: what others report as written counts as read afresh.
export function usage_of({ fresh, cache_read, cache_write, output, reasoning }) {
  const promptTokenCount = fresh + cache_read + cache_write;
  return {
    promptTokenCount, candidatesTokenCount: output, totalTokenCount: promptTokenCount + output + reasoning,
    ...(cache_read ? { cachedContentTokenCount: cache_read, cacheTokensDetails: [{ modality: 'TEXT', tokenCount: cache_read }] } : {}),
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
    ...(reasoning ? { thoughtsTokenCount: reasoning } : {}),
  };
}

// Parts as they come, one chunk each: thoughts only when asked for, the signature on the first call or on the last part.
function parts_of(reply, { issued, model, request }) {
  const parts = [];
  const thought = reply.reasoning?.text.join('');
  if (thought && camel_cased(request).generationConfig?.thinkingConfig?.includeThoughts) {
    for (const piece of reply.reasoning.text) parts.push({ text: piece, thought: true });
  }
  for (const piece of reply.text ?? []) parts.push({ text: piece });
  const state = reply.reasoning ? issued.state(thought, model) : undefined;
  const made = (reply.calls ?? []).map((call, i) => ({ functionCall: { name: call.name, args: call.args }, ...(state && i === 0 ? { thoughtSignature: state } : {}) }));
  if (made.length) (issued.signed ??= []).push({ calls: reply.calls, model: state ? model : undefined });
  else if (state) parts.push({ text: '', thoughtSignature: state });
  return [...parts, ...made];
}

const REASON = { stop: 'STOP', tool: 'STOP', length: 'MAX_TOKENS', filter: 'SAFETY' };
const answer_of = ({ issued, model }, usageMetadata, id) => ({ usageMetadata, modelVersion: `${model}-001`, responseId: id ?? issued.next('double') });

function whole_answer(reply, context) {
  const parts = parts_of(reply, context);
  return { candidates: [{ content: { parts, role: 'model' }, finishReason: REASON[reply.finish], index: 0 }], ...answer_of(context, usage_of(reply.usage)) };
}

// In parallel calls the first comes in a chunk of its own; the end is told in a later chunk than the last call.
function stream(reply, context) {
  const usage = usage_of(reply.usage);
  const early = { promptTokenCount: usage.promptTokenCount, totalTokenCount: usage.promptTokenCount };
  const id = context.issued.next('double');
  const chunks = parts_of(reply, context).map((p) => ({ candidates: [{ content: { parts: [p], role: 'model' }, index: 0 }], ...answer_of(context, early, id) }));
  if (reply.breaks === 'error_inside') {
    chunks.push({ error: { code: 503, message: 'The engine is overloaded.', status: 'UNAVAILABLE' } });
  } else if (reply.breaks !== 'no_end') {
    const last = { content: { parts: [{ text: '' }], role: 'model' }, finishReason: REASON[reply.finish], index: 0 };
    chunks.push({ candidates: [last], ...answer_of(context, usage, id) });
  }
  if (!context.array) return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
  return chunks.map((chunk, i) => `${i ? ',\r\n' : '['}${JSON.stringify(chunk, null, 2)}${i === chunks.length - 1 ? '\n]\n' : ''}`);
}

const STATUS = { 400: 'INVALID_ARGUMENT', 403: 'PERMISSION_DENIED', 404: 'NOT_FOUND', 429: 'RESOURCE_EXHAUSTED', 500: 'INTERNAL', 503: 'UNAVAILABLE' };
const TYPE = 'type.googleapis.com/google.rpc.';

function error({ status, message, path, code }) {
  const bad_key = status === 401; // a wrong key is a 400 here
  const number = bad_key ? 400 : status;
  const details = [];
  if (bad_key) details.push({ '@type': `${TYPE}ErrorInfo`, reason: 'API_KEY_INVALID', domain: 'googleapis.com' });
  if (number === 429) details.push({ '@type': `${TYPE}RetryInfo`, retryDelay: '7s' });
  if (path && code === 'unknown') details.push({ '@type': `${TYPE}BadRequest`, fieldViolations: [{ field: path, description: message }] });
  const body = { error: { code: number, message, status: STATUS[number] ?? 'INTERNAL', ...(details.length ? { details } : {}) } };
  return { status: number, body: JSON.stringify(body) };
}

const count_shape = record({}, { contents, generateContentRequest: object }, unknown);
function count({ json: sent }) {
  const json = camel_cased(sent);
  count_shape(json, '');
  const inside = json.generateContentRequest;
  if (inside) record({ contents, model: text }, members, unknown)(inside, 'generateContentRequest');
  const totalTokens = JSON.stringify((inside ?? json).contents).length;
  return { body: JSON.stringify({ totalTokens, promptTokensDetails: [{ modality: 'TEXT', tokenCount: totalTokens }] }) };
}

export const gemini = {
  tag: 'G',
  authorise({ headers, path }) {
    const key = headers['x-goog-api-key'] ?? new URL(path, 'http://x').searchParams.get('key');
    if (key !== KEY) refuse('', 'API key not valid. Please pass a valid API key.', { status: 401 });
  },
  error,
  headers: () => ({ 'server-timing': 'gfet4t7; dur=11', 'x-gemini-service-tier': 'standard' }),
  handler({ method, path }) {
    const url = new URL(path, 'http://x');
    const [, model, verb] = /^\/v1(?:beta)?\/models\/([^:]+):(\w+)$/.exec(decodeURIComponent(url.pathname)) ?? [];
    if (method !== 'POST' || !model) return undefined;
    const array = url.searchParams.get('alt') !== 'sse';
    return {
      generateContent: (request, issued) => generate(gemini, request, issued, model, false),
      streamGenerateContent: (request, issued) => generate({ ...gemini, stream: (reply, context) => stream(reply, { ...context, array }) }, request, issued, model, true),
      countTokens: count,
      embedContent: embed_gemini(model),
      batchEmbedContents: batch_embed_gemini(model),
    }[verb];
  },
  shape: (json) => check(camel_cased(json)),
  read,
  whole: whole_answer,
  stream,
};
