// A coding agent as a client: it streams, calls a tool of its own, sends the result back and prints the answer.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gateway, clean_environment } from '../support/gateway.mjs';
import { ReplayUpstream } from '../support/replay_upstream.mjs';

const pi = path.join(path.dirname(fileURLToPath(import.meta.url)), 'node_modules/.bin/pi');

const chunk = (choices, usage) => `data: ${JSON.stringify({ id: 'chatcmpl-a', object: 'chat.completion.chunk', created: 1790000000, model: 'test-model', choices, ...(usage ? { usage } : {}) })}\n\n`;
const delta = (fields, finish_reason = null) => chunk([{ index: 0, delta: fields, finish_reason }]);
const usage = { prompt_tokens: 900, completion_tokens: 20, total_tokens: 920 };
const stream = (...events) => ({ sse: true, seed: 9, body: `${events.join('')}${chunk([], usage)}data: [DONE]\n\n` });

// Reads the note with the agent's `read` tool, then repeats what the tool gave.
function provider({ json }) {
  const last = json.messages.at(-1);
  if (last.role !== 'tool') {
    const call = { index: 0, id: 'call_a', type: 'function', function: { name: 'read', arguments: '{"path":"note.txt"}' } };
    return stream(delta({ role: 'assistant', tool_calls: [call] }), delta({}, 'tool_calls'));
  }
  const text = typeof last.content === 'string' ? last.content : last.content.map((part) => part.text).join('');
  return stream(delta({ role: 'assistant', content: 'The note says: ' }), delta({ content: text.trim() }), delta({}, 'stop'));
}

const skip = Number(process.versions.node.split('.')[0]) < 20 && 'this agent needs a newer node';

describe('pi', { skip, concurrency: 1 }, () => {
  let upstream, gateway, folder;
  before(async () => {
    upstream = await ReplayUpstream.start(provider);
    gateway = await Gateway.start({ upstream_url: upstream.url });
    folder = await mkdtemp(path.join(tmpdir(), '1chat-pi-'));
    await writeFile(path.join(folder, 'note.txt'), 'it snows in Oslo');
    await writeFile(path.join(folder, 'models.json'), JSON.stringify({
      providers: { gateway: { baseUrl: `${gateway.url}/v1`, api: 'openai-completions', apiKey: gateway.key, models: [{ id: 'test-model' }] } },
    }));
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  test('a task with a tool call', async () => {
    const words = ['--offline', '--no-session', '--provider', 'gateway', '--model', 'test-model', '-p', 'What does note.txt say?'];
    const env = clean_environment({ PI_CODING_AGENT_DIR: folder, PI_OFFLINE: '1', PI_TELEMETRY: '0', HOME: folder });
    const { error, stdout, stderr } = await new Promise((resolve) => {
      const child = execFile(pi, words, { cwd: folder, env, timeout: 60_000 }, (failed, out, err) => resolve({ error: failed, stdout: out, stderr: err }));
      child.stdin.end();
    });
    assert.equal(error, null, stderr);
    assert.match(stdout, /The note says: it snows in Oslo/);
    assert.equal(upstream.requests.length, 2);
    await gateway.nothing_held();
  });
});
