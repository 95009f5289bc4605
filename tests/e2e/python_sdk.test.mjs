// The Python SDK, whose typed models are the strictest reader of our answers.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Gateway, clean_environment, root } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { honest_provider } from './support/fixtures.mjs';

const python = process.env.ONECHAT_PYTHON ?? path.join(root, 'build/venv/bin/python');
const skip = !existsSync(python) && 'the Python SDK is not installed';

describe('Python openai SDK', { concurrency: 1 }, () => {
  let upstream, gateway;
  before(async () => {
    if (skip) return;
    upstream = await ReplayUpstream.start(honest_provider);
    gateway = await Gateway.start({ upstream_url: upstream.url });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  for (const scenario of ['create', 'stream', 'tools', 'embeddings', 'errors']) {
    test(scenario, { skip }, () => new Promise((resolve, reject) => {
      const script = path.join(root, 'tests/e2e/support/python_sdk.py');
      execFile(python, [script, scenario, `${gateway.url}/v1`, gateway.key], { env: clean_environment(), timeout: 30_000 }, (error, _, stderr) => {
        if (error) reject(new assert.AssertionError({ message: stderr || String(error) }));
        else resolve();
      });
    }));
  }
});
