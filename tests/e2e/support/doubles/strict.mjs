// Shapes for what a provider accepts, as functions (value, path): they throw Refused at the first thing they do not know.
// Real providers refuse unknown members, so the doubles do.

export class Refused extends Error {
  constructor(message, { status = 400, path = '', code, kind } = {}) {
    super(message);
    Object.assign(this, { status, path, code, kind });
  }
}

export const refuse = (path, why, rest = {}) => { throw new Refused(why, { path, ...rest }); };

const named = (name, test) => (value, path) => {
  if (!test(value)) refuse(path, `${path}: expected ${name}, got ${JSON.stringify(value)?.slice(0, 80)}`);
};

export const any = () => {};
export const str = named('a string', (v) => typeof v === 'string');
export const text = named('a string that is not empty', (v) => typeof v === 'string' && v !== '');
export const bool = named('a boolean', (v) => typeof v === 'boolean');
export const num = named('a number', (v) => typeof v === 'number');
export const object = named('an object', (v) => typeof v === 'object' && v !== null && !Array.isArray(v));
export const none = named('null', (v) => v === null);
export const within = (low, high) => named(`a number in ${low}..${high}`, (v) => typeof v === 'number' && v >= low && v <= high);
export const whole = (low, high = 1e9) => named(`a whole number in ${low}..${high}`, (v) => Number.isInteger(v) && v >= low && v <= high);
export const matching = (pattern) => named(`a string like ${pattern}`, (v) => typeof v === 'string' && pattern.test(v));
export const word = (...words) => named(`one of ${words}`, (v) => words.includes(v));
export const base64 = matching(/^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^[A-Za-z0-9+/]{2}==$|^[A-Za-z0-9+/]{3}=$/);

export const nullable = (shape) => (value, path) => value === null || shape(value, path);

export const list = (of, { min = 0, max = 1e6 } = {}) => (value, path) => {
  if (!Array.isArray(value)) refuse(path, `${path}: expected an array`);
  if (value.length < min) refuse(path, `${path}: too short, expected at least ${min}, got ${value.length}`);
  if (value.length > max) refuse(path, `${path}: too long, expected at most ${max}, got ${value.length}`);
  value.forEach((item, i) => of(item, `${path}[${i}]`));
};

export const text_or = (shape) => (value, path) => (typeof value === 'string' ? undefined : shape(value, path));

// An object with these members and no others; `unknown` says it in the words of the dialect.
export const record = (required, optional = {}, unknown = (path, name) => `${path}: unknown member "${name}"`) => (value, path) => {
  object(value, path);
  const inside = (name) => (path ? `${path}.${name}` : name);
  for (const name of Object.keys(required)) {
    if (!(name in value)) refuse(inside(name), `${inside(name)}: required`);
  }
  for (const [name, member] of Object.entries(value)) {
    const shape = required[name] ?? optional[name];
    if (!shape) refuse(inside(name), unknown(path, name), { code: 'unknown' });
    shape(member, inside(name));
  }
};

// An object whose member `key` says which of the shapes it has.
export const tagged = (key, shapes, otherwise) => (value, path) => {
  object(value, path);
  const tag = value[key] ?? otherwise;
  if (!Object.hasOwn(shapes, tag)) refuse(`${path}.${key}`, `${path}.${key}: "${tag}" is none of ${Object.keys(shapes)}`);
  shapes[tag](value, path);
};

// Types that only pass through: the provider's own tools and what they leave in a conversation.
export const hosted = (...types) => Object.fromEntries(types.map((type) => [type, any]));

// What strict function calling demands of a schema: closed objects with every property required.
export function closed_schema(schema, path) {
  if (Array.isArray(schema)) return schema.forEach((item, i) => closed_schema(item, `${path}[${i}]`));
  if (typeof schema !== 'object' || schema === null) return undefined;
  if (schema.type === 'object') {
    if (schema.additionalProperties !== false) refuse(path, `${path}: additionalProperties must be false`);
    const missing = Object.keys(schema.properties ?? {}).filter((name) => !schema.required?.includes(name));
    if (missing.length) refuse(path, `${path}: required must name every property, it lacks ${missing}`);
  }
  for (const [name, member] of Object.entries(schema)) closed_schema(member, `${path}.${name}`);
  return undefined;
}
