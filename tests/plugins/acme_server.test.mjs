// The stand-in keeps to the API that sdk/template/README.md describes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { answerEvents, startAcme } from './acme_server.mjs';

let acme;
before(async () => { acme = await startAcme({ key: 'k' }); });
after(() => acme.close());

const ask = (text, more = {}) => ({ engine: 'acme-large', tier: 'standard',
  script: [{ who: 'human', lines: [text] }], ...more });

async function post(body, key = 'k') {
  const answer = await fetch(`${acme.url}/v2/generate`, {
    method: 'POST', headers: { 'x-acme-key': key }, body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
}
const eventsOf = (text) => text.split('\n\n').filter(Boolean).map((e) => JSON.parse(e.replace(/^data: /, '')));
const said = (events) => events.filter((e) => e.kind === 'tok').map((e) => e.t).join('');

test('says what it heard and counts words', async () => {
  const { status, text } = await post(ask('Hello there'));
  assert.equal(status, 200);
  const events = eventsOf(text);
  assert.equal(events[0].kind, 'hello');
  assert.equal(said(events), 'Acme heard: Hello there');
  assert.deepEqual(events.find((e) => e.kind === 'stat'), { kind: 'stat', in: 2, hit: 0, out: 4, think: 0 });
  assert.deepEqual(events.at(-1), { kind: 'end', why: 'stop' });
});

test('stops at the cap', () => {
  const events = answerEvents(ask('one two three', { cap: 3 }));
  assert.equal(said(events), 'Acme heard: one');
  assert.deepEqual(events.at(-1), { kind: 'end', why: 'cap' });
});

test('calls an offered function, then uses what it gave', () => {
  const fns = [{ name: 'weather', shape: {} }];
  const call = answerEvents(ask('call weather', { fns }));
  assert.equal(call.filter((e) => e.kind === 'arg').map((e) => e.t).join(''), '{"city":"Rome"}');
  assert.deepEqual(call.at(-1), { kind: 'end', why: 'fn' });
  const script = [{ who: 'human', lines: ['call weather'] },
    { who: 'bot', lines: [{ id: 'call-1', fn: 'weather', arg: '{"city":"Rome"}' }] },
    { who: 'human', lines: [{ id: 'call-1', gave: 'sunny' }] }];
  assert.equal(said(answerEvents(ask('', { fns, script }))), 'The call gave: sunny');
});

test('thinks in a part of its own', () => {
  const events = answerEvents(ask('think hard'));
  assert.deepEqual([...new Set(events.filter((e) => e.kind === 'think').map((e) => e.p))], [0]);
  assert.deepEqual([...new Set(events.filter((e) => e.kind === 'tok').map((e) => e.p))], [1]);
});

test('refuses with a status and words', async () => {
  assert.deepEqual(await post(ask('fail 429')),
    { status: 429, text: '{"msg":"Acme refuses with 429","wait_ms":1500}' });
  assert.equal((await post(ask('hi'), 'wrong')).status, 401);
  assert.equal((await post('{')).status, 400);
  assert.equal((await post({ ...ask('hi'), tier: 'gold' })).status, 400);
});

test('breaks off inside an answer', async () => {
  const broken = eventsOf((await post(ask('break 503'))).text).at(-1);
  assert.deepEqual(broken, { kind: 'err', code: 503, msg: 'Acme stumbled', wait_ms: 250 });
  assert.equal(eventsOf((await post(ask('cut'))).text).at(-1).kind, 'tok');
});

test('keeps what it was asked', async () => {
  await post(ask('remember me'));
  assert.equal(acme.requests.at(-1).body.script[0].lines[0], 'remember me');
});
