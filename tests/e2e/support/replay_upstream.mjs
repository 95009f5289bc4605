// A provider made of recorded bytes, honest or lying. A test says per request what comes back; what was received is kept.
import http from 'node:http';
import { once } from 'node:events';
import { sleep } from './gateway.mjs';

// What an answer may be; every field but status and body is optional.
//   {status, headers, body}                 body: Buffer or string
//   sse: true                               chunked, in random pieces from `seed` (whole when no seed)
//   delay_ms                                before the head          piece_ms   between pieces
//   mode: 'never'                           no byte at all
//         'stall'     after `after` body bytes nothing more comes
//         'cut'       after `after` body bytes the connection is closed in order (mid-body)
//         'reset'     after `after` body bytes the connection is reset
//         'endless_head'  header lines without end
//         'bad_chunking'  a chunk size that is no number
//         'short_length'  content-length beyond the bytes that come
//         'empty'     the connection closes before any byte
//         'garbage'   bytes that are no HTTP
export class ReplayUpstream {
  static async start(respond = () => ({ status: 500, body: '{}' })) {
    const upstream = new ReplayUpstream(respond);
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    upstream.url = `http://127.0.0.1:${upstream.server.address().port}`;
    return upstream;
  }

  constructor(respond) {
    this.respond = respond;
    this.requests = [];
    this.server = http.createServer((request, response) => this.#serve(request, response));
    this.server.keepAliveTimeout = 60_000;
    this.server.on('clientError', (_, socket) => socket.destroy());
  }

  get last() {
    return this.requests.at(-1);
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #serve(request, response) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const seen = { method: request.method, path: request.url, headers: request.headers, body, at: Date.now() };
    try {
      seen.json = JSON.parse(body.toString('utf8'));
    } catch {
      seen.json = undefined;
    }
    // When the other side went away before the answer was whole.
    seen.aborted = new Promise((resolve) => {
      response.on('close', () => { if (!response.writableFinished) resolve(Date.now()); });
    });
    this.requests.push(seen);
    const answer = await this.respond(seen, this.requests.length - 1);
    try {
      await this.#answer(request.socket, response, answer);
    } catch {
      response.destroy();
    }
  }

  async #answer(socket, response, answer) {
    const { status = 200, headers = {}, body = '', delay_ms = 0, mode } = answer;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
    if (delay_ms) await sleep(delay_ms);
    if (mode === 'never') return;
    if (mode) return this.#lie(socket, mode, status, headers, bytes, answer);
    const type = { 'content-type': answer.sse ? 'text/event-stream; charset=utf-8' : 'application/json' };
    if (!answer.sse) {
      response.writeHead(status, { ...type, ...headers, 'content-length': bytes.length });
      response.end(bytes);
      return;
    }
    response.writeHead(status, { ...type, ...headers });
    for (const piece of split(bytes, answer.seed)) {
      if (response.destroyed) return;
      response.write(piece);
      if (answer.piece_ms) await sleep(answer.piece_ms);
      else if (answer.seed !== undefined) await new Promise(setImmediate);
    }
    response.end();
  }

  async #lie(socket, mode, status, headers, bytes, { after = 0, sse = false }) {
    const lines = Object.entries({ 'content-type': sse ? 'text/event-stream' : 'application/json', ...headers })
      .map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const head = `HTTP/1.1 ${status} X\r\n${lines}`;
    const chunk = (piece) => Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]);
    switch (mode) {
      case 'empty':
        socket.end();
        return;
      case 'garbage':
        socket.end('220 mail.example ESMTP ready\r\nthis is not the protocol you look for\r\n');
        return;
      case 'endless_head':
        socket.write(head);
        for (let i = 0; i < 20_000 && !socket.destroyed; i += 1) {
          if (!socket.write(`x-filler-${i}: ${'f'.repeat(100)}\r\n`)) await Promise.race([once(socket, 'drain'), once(socket, 'close')]);
        }
        return;
      case 'bad_chunking':
        socket.end(`${head}transfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n`);
        return;
      case 'short_length':
        socket.write(`${head}content-length: ${bytes.length + 100}\r\n\r\n`);
        socket.end(bytes);
        return;
    }
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    if (after > 0) socket.write(chunk(bytes.subarray(0, after)));
    await sleep(50); // so that what was written is delivered before the end
    if (mode === 'cut') socket.end();
    if (mode === 'reset') socket.resetAndDestroy();
  }
}

// Bytes in pieces of 1..200 bytes chosen by a seed; in one piece without.
function* split(bytes, seed) {
  if (seed === undefined) {
    yield bytes;
    return;
  }
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let at = 0; at < bytes.length;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const size = 1 + (state >>> 16) % 200;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
