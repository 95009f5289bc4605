// What the four doubles have in common: a provider that checks every request as strictly as the real one, and answers
// what the script says, in its own dialect. It is a function from a request to an answer of ReplayUpstream.
import { isDeepStrictEqual } from 'node:util';
import { ReplayUpstream } from '../replay_upstream.mjs';
import { Refused } from './strict.mjs';
import { FAILURE, act } from './script.mjs';

export const KEY = 'upstream-secret-key';

// What this provider has told so far: a conversation may only repeat what was said in it.
export class Issued {
  #count = 0;
  #tag;

  calls = new Map();  // id -> {name, args, state}
  items = new Map();  // Responses: item id -> item, of answers that are stored
  states = new Map(); // signature or encrypted reasoning -> {text, model}

  // `tag` is the dialect's own: ids of two doubles are never the same.
  constructor(tag) {
    this.#tag = tag;
  }

  next(prefix) {
    this.#count += 1;
    return `${prefix}${this.#tag}${String(this.#count).padStart(6, '0')}`;
  }

  // base64 that is different each time, with all the letters that are easily harmed on the way.
  state(text, model) {
    const bytes = Buffer.concat([Buffer.from([0xfb, 0xef, 0xbe, 0xff]), Buffer.from(this.next(`state of ${model} `))]);
    const state = bytes.toString('base64');
    this.states.set(state, { text, model });
    return state;
  }

  // A call told again: the id and arguments are those that were given. Who takes over a conversation has not seen it, and
  // a coding agent need not keep ids that its dialect has no use for.
  check_call({ id, name, args }, path, model) {
    const told = this.calls.get(id);
    if (!told && ['takes_over', 'agent'].includes(model)) return {};
    if (!told) throw new Refused(`${path}: the call id ${id} was never given`, { path });
    if (told.name !== name || !isDeepStrictEqual(told.args, args)) {
      throw new Refused(`${path}: the call ${id} was ${told.name}(${JSON.stringify(told.args)}), now it is ${name}(${JSON.stringify(args)})`, { path });
    }
    return told;
  }
}

// A dialect gives: authorised(request), handlers {route: (request, issued) => answer}, error(status, refusal) => answer.
export function double_of(dialect) {
  const issued = new Issued(dialect.tag);
  const refusals = [];
  const respond = (request) => {
    try {
      dialect.authorise(request);
      const handle = dialect.handler(request);
      if (!handle) throw new Refused(`no such path: ${request.method} ${request.path}`, { status: 404 });
      if (request.method === 'POST' && request.json === undefined) throw new Refused('the body is no JSON');
      return handle(request, issued);
    } catch (error) {
      if (!(error instanceof Refused)) refusals.push(error.stack);
      else if (!error.wanted) refusals.push(error.message);
      return dialect.error(error instanceof Refused ? error : new Refused(String(error), { status: 500 }));
    }
  };
  return { respond, refusals, issued };
}

// Reads the request, asks the script, renders. `dialect` has read(), whole() and stream().
export function generate(dialect, request, issued, model, stream) {
  const view = dialect.read(request.json, issued, model);
  const reply = act(model, { ...view, stream });
  if (reply.fails) {
    throw Object.assign(new Refused(FAILURE, { status: reply.fails, code: 'scripted' }), { wanted: true });
  }
  if (reply.breaks === 'never') return { mode: 'never' };
  const context = { request: request.json, issued, model, view };
  if (!stream) {
    const body = JSON.stringify(dialect.whole(reply, context));
    if (reply.piece_ms) return { mode: 'never' };
    if (reply.breaks === 'dies') return { mode: 'cut', after: 60, body };
    return { headers: dialect.headers(issued), body };
  }
  const events = dialect.stream(reply, context);
  return streamed(events, reply, dialect.headers(issued));
}

function streamed(events, reply, headers) {
  const seed = events.length * 7 + events[0].length;
  if (reply.breaks === 'dies') {
    const body = Buffer.from(events.slice(0, Math.ceil(events.length * 0.6)).join(''));
    return { headers, sse: true, mode: 'cut', after: body.length, body };
  }
  return { headers, sse: true, seed, piece_ms: reply.piece_ms, body: events.join('') };
}

// Starts the double as a server. `refusals` says what it did not like; a test that fails prints it.
export async function start_double(dialect) {
  const double = double_of(dialect);
  const server = await ReplayUpstream.start(double.respond);
  return Object.assign(server, double);
}

// A failed test says what the double refused.
export function with_refusals(error, double) {
  if (double.refusals.length) error.message += `\nthe double refused: ${double.refusals.join('\n')}`;
  return error;
}
