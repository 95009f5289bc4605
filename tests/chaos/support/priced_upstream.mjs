// A provider whose answers cost what the request says, and that remembers what it served. The user's message is
// "n=<number> in=<tokens> out=<tokens> ms=<how long>".
import http from 'node:http';
import { once } from 'node:events';

export const PRICE = { input: '1', output: '2' }; // USD per million tokens

// Exact charge in nano-USD at a markup of 10 %, by no code of the gateway's.
export function charge_of({ input, output }) {
  const base = BigInt(input) * 1000n + BigInt(output) * 2000n;
  return (base * 11n + 9n) / 10n;
}

export const message_of = ({ n, input, output, ms }) => `n=${n} in=${input} out=${output} ms=${ms}`;

export class PricedUpstream {
  static async start() {
    const upstream = new PricedUpstream();
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    upstream.url = `http://127.0.0.1:${upstream.server.address().port}`;
    return upstream;
  }

  constructor() {
    this.served = new Map(); // n -> {input, output}: the request was read and is answered
    this.server = http.createServer((request, response) => this.#serve(request, response));
    this.server.keepAliveTimeout = 60_000;
    this.server.on('clientError', (_, socket) => socket.destroy());
  }

  async stop() {
    this.server.close();
    this.server.closeAllConnections();
  }

  async #serve(request, response) {
    let text = '';
    try {
      for await (const piece of request) text += piece;
    } catch {
      return; // the gateway was killed
    }
    const body = JSON.parse(text);
    const [, n, input, wanted, ms] = /n=(\d+) in=(\d+) out=(\d+) ms=(\d+)/.exec(body.messages.at(-1).content).map(Number);
    const output = Math.min(wanted, body.max_tokens ?? body.max_completion_tokens ?? wanted); // as providers do
    this.served.set(n, { input, output });
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
    const common = { id: `answer-${n}`, created: 1, model: body.model };
    setTimeout(() => {
      if (!body.stream) {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({
          ...common, object: 'chat.completion', usage,
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: `answer ${n}` } }],
        }));
        return;
      }
      const event = (more) => response.write(`data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', ...more })}\n\n`);
      response.setHeader('content-type', 'text/event-stream');
      event({ choices: [{ index: 0, delta: { role: 'assistant', content: `answer ` } }] });
      setTimeout(() => {
        event({ choices: [{ index: 0, delta: { content: `${n}` } }] });
        event({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
        event({ choices: [], usage });
        response.end('data: [DONE]\n\n');
      }, ms);
    }, ms);
  }
}
