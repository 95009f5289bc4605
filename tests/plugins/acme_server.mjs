// A stand-in for "Acme Cloud", the vendor of sdk/template: speaks its API (sdk/template/README.md), answers the same
// to the same question. Node.js only.
//
//   import { startAcme } from './acme_server.mjs';
//   const acme = await startAcme({ key: 'acme-key' });    // acme.url, acme.requests, acme.close()
//   node acme_server.mjs --port 0 --key acme-key          // prints "ready http://127.0.0.1:PORT"
//
// The last text of the last human turn chooses the answer:
//   "call NAME"    a call of the function NAME, if it was offered, with {"city":"Rome"}; then text
//   "think ..."    reasoning before the text
//   "fail CODE"    the call is refused with that status (400, 401, 429, 500, 503), 429 with wait_ms 1500
//   "break CODE"   the answer begins, then an `err` event of that code
//   "cut"          the answer begins, then the connection ends without `end`
//   "slow MS"      MS between two events
//   anything else  "Acme heard: " and the text, a word per event
// Usage: `in` is 1 per word of the script, `hit` is 2 if `in` > 10 (and taken from it), `out` 1 per word said,
// `think` 1 per word thought. `cap` ends the answer after that many words said.
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const wordsOf = (text) => text.split(/\s+/).filter(Boolean);

function flatten(lines) {
  return lines.map((line) => (typeof line === 'string' ? line : line.gave ?? line.arg ?? '')).join(' ');
}

function checkRequest(body) {
  if (typeof body?.engine !== 'string' || !body.engine) return 'engine is missing';
  if (!['standard', 'fast'].includes(body.tier)) return 'tier must be standard or fast';
  if (!Array.isArray(body.script) || body.script.length === 0) return 'script is empty';
  if (!body.script.every((t) => ['director', 'human', 'bot'].includes(t.who) && Array.isArray(t.lines))) {
    return 'a turn needs who and lines';
  }
  if (body.cap !== undefined && !(Number.isInteger(body.cap) && body.cap > 0)) return 'cap must be positive';
  return '';
}

// The events of one answer, without `end` or `err` where it is to break.
export function answerEvents(body, id = 'acme-1') {
  const last = body.script[body.script.length - 1];
  const question = last.lines.filter((l) => typeof l === 'string').at(-1) ?? '';
  const gave = last.lines.find((l) => l?.gave !== undefined)?.gave;
  const [verb, argument] = wordsOf(question);
  const events = [{ kind: 'hello', id, engine: body.engine }];
  const spoken = wordsOf(body.script.map((t) => flatten(t.lines)).join(' ')).length;
  const hit = spoken > 10 ? 2 : 0;
  const usage = { kind: 'stat', in: spoken - hit, hit, out: 0, think: 0 };
  let part = 0;

  if (verb === 'think') {
    const thoughts = ['Let ', 'me ', 'think.'];
    thoughts.forEach((t) => events.push({ kind: 'think', p: part, t }));
    usage.think = thoughts.length;
    part += 1;
  }
  if (verb === 'call' && (body.fns ?? []).some((f) => f.name === argument)) {
    events.push({ kind: 'fn', p: part, id: 'call-1', name: argument });
    events.push({ kind: 'arg', p: part, t: '{"city":' }, { kind: 'arg', p: part, t: '"Rome"}' });
    usage.out = 1;
    return [...events, usage, { kind: 'end', why: 'fn' }];
  }
  const words = wordsOf(gave === undefined ? `Acme heard: ${question}` : `The call gave: ${gave}`);
  const said = words.slice(0, body.cap ?? words.length);
  said.forEach((word, i) => events.push({ kind: 'tok', p: part, t: i === 0 ? word : ` ${word}` }));
  usage.out = said.length;
  if (verb === 'cut') return events;
  if (verb === 'break') {
    return [...events, { kind: 'err', code: Number(argument), msg: 'Acme stumbled', wait_ms: 250 }];
  }
  return [...events, usage, { kind: 'new-kind', p: part, t: 'to be ignored' },
    { kind: 'end', why: said.length < words.length ? 'cap' : 'stop' }];
}

function refuse(response, status, msg) {
  const body = { msg };
  if (status === 429) body.wait_ms = 1500;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function generate(request, response, text, key, id) {
  if (request.method !== 'POST' || request.url !== '/v2/generate') return refuse(response, 404, 'no such call');
  if (request.headers['x-acme-key'] !== key) return refuse(response, 401, 'unknown key');
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse(response, 400, 'the body is not JSON');
  }
  const problem = checkRequest(body);
  if (problem) return refuse(response, 400, problem);
  const last = body.script[body.script.length - 1];
  const [verb, argument] = wordsOf(last.lines.filter((l) => typeof l === 'string').at(-1) ?? '');
  if (verb === 'fail') return refuse(response, Number(argument), `Acme refuses with ${argument}`);

  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const wait = verb === 'slow' ? Number(argument) : 0;
  for (const event of answerEvents(body, id)) {
    if (wait) await pause(wait);
    if (response.destroyed) return undefined;
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  }
  return response.end();
}

// requests: {method, url, headers, body} in order of arrival; body parsed, or as text where it is not JSON.
export async function startAcme({ key = 'acme-key', port = 0 } = {}) {
  const requests = [];
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString('utf8');
      let body = text;
      try {
        body = JSON.parse(text);
      } catch {} // kept as text
      requests.push({ method: request.method, url: request.url, headers: request.headers, body });
      generate(request, response, text, key, `acme-${requests.length}`).catch((e) => response.destroy(e));
    });
  });
  await new Promise((ready) => server.listen(port, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    close: () => new Promise((closed) => {
      server.closeAllConnections();
      server.close(closed);
    }),
  };
}

function option(name, otherwise) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const acme = await startAcme({ port: Number(option('port', 0)), key: option('key', 'acme-key') });
  console.log(`ready ${acme.url}`);
}
