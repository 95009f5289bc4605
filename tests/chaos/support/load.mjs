// Clients that ask as fast as they are answered, and remember what they were told.
import http from 'node:http';
import { message_of } from './priced_upstream.mjs';

// One chat request: {status, trace, whole}; status 0: no answer.
export function ask(gateway, agent, wish, { stream = false, key = gateway.key, patience_ms = 20_000 } = {}) {
  return new Promise((resolve) => {
    const text = JSON.stringify({
      model: 'test-model', stream, max_tokens: wish.max_tokens ?? wish.output,
      messages: [{ role: 'user', content: message_of(wish) }],
    });
    const failed = () => resolve({ status: 0, whole: false });
    const sent = http.request(`${gateway.url}/v1/chat/completions`, {
      method: 'POST', agent, timeout: patience_ms,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) },
    }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => { body += piece; });
      answer.on('error', failed);
      answer.on('aborted', failed);
      answer.on('end', () => {
        const whole = answer.complete && (stream && answer.statusCode === 200 ? body.includes('[DONE]') : body.length > 0);
        resolve({ status: answer.statusCode, trace: answer.headers['x-1chat-trace'], whole, body });
      });
    });
    sent.on('error', failed);
    sent.on('timeout', () => sent.destroy());
    sent.end(text);
  });
}

export const agent_of = (connections) => new http.Agent({ keepAlive: true, maxSockets: connections });

// The charges of a project's statement since `from` (ISO time): [{trace, nano, estimated}].
export async function charges(gateway, from = '1970-01-01', project = gateway.project) {
  const { status, text } = await gateway.admin('GET', `/api/v1/ledger/statement?project=${project}&from=${encodeURIComponent(from)}`);
  if (status !== 200) throw new Error(`statement: ${status} ${text}`);
  return JSON.parse(text).filter((e) => e.trace !== undefined && e.cost !== undefined).map((e) => ({
    trace: e.trace, nano: nano(e.cost) + nano(e.fee), estimated: e.estimated, late: e.late, time: e.time,
  }));
}

// "0.0375" -> 37500000n.
export function nano(usd) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(usd);
  const value = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign ? -value : value;
}
