// Requests as a program without an SDK makes them, and as no program should.
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';

const PATIENCE_MS = 20_000; // nothing may hang: a request without an answer fails its test

// One request on a connection of its own: {status, headers, text, json}.
export function request(gateway, { method = 'POST', path = '/v1/chat/completions', key = gateway.key, headers = {}, body, signal = AbortSignal.timeout(PATIENCE_MS) } = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    const sent = http.request(gateway.url + path, {
      method,
      agent: false,
      signal,
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    }, async (answer) => {
      const pieces = [];
      let cut = false;
      try {
        for await (const piece of answer) pieces.push(piece);
      } catch {
        cut = true; // the connection ended before the body did
      }
      const bytes = Buffer.concat(pieces);
      const whole = { status: answer.statusCode, headers: answer.headers, bytes, text: bytes.toString('utf8'), cut };
      try {
        whole.json = JSON.parse(whole.text);
      } catch {
        whole.json = undefined;
      }
      resolve(whole);
    });
    sent.on('error', reject);
    sent.end(text);
  });
}

export function chat(gateway, fields = {}, rest = {}) {
  const body = { model: 'test-model', messages: [{ role: 'user', content: 'Say hello.' }], max_tokens: 50, ...fields };
  return request(gateway, { body, ...rest });
}

// The data payloads of an SSE body, in order; JSON where it is JSON.
export function payloads(text) {
  const found = [];
  for (const block of text.split(/\r?\n\r?\n/)) {
    const data = block.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).replace(/^ /, ''));
    if (!data.length) continue;
    const joined = data.join('\n');
    found.push(joined === '[DONE]' ? joined : JSON.parse(joined));
  }
  return found;
}

// Raw bytes out, everything that comes back until the other side closes or `ms` pass: {text, closed}.
export async function raw(gateway, pieces, { ms = 3000, pause_ms = 0, half_close = false } = {}) {
  const socket = net.connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  let text = '';
  socket.on('data', (bytes) => { text += bytes.toString('latin1'); });
  const closed = new Promise((resolve) => { socket.once('close', () => resolve(true)); }); // a reset is a close too
  for (const piece of [pieces].flat()) {
    if (socket.destroyed) break;
    socket.write(piece);
    if (pause_ms) await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, pause_ms))]);
  }
  if (half_close) socket.end();
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(resolve, ms, false); });
  const ended = await Promise.race([closed, late]);
  clearTimeout(timer);
  socket.destroy();
  return { text, closed: ended };
}
