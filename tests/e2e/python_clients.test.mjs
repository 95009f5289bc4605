// The Python SDKs of all dialects before every upstream; their typed models are the strictest readers of our answers.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { clean_environment, root } from './support/gateway.mjs';
import { KEY } from './support/doubles/double.mjs';
import { ANSWER, FAILURE, HELLO, NOTES_TOOL, QUESTION, RESULTS, SYSTEM, WEATHER_TOOL } from './support/doubles/script.mjs';
import { start_many, upstream_names } from './support/many.mjs';

const python = process.env.ONECHAT_PYTHON ?? path.join(root, 'build/venv/bin/python');
const has_all = 'import importlib.util as u, sys; sys.exit(any(u.find_spec(m) is None for m in ("openai", "anthropic", "google.genai")))';
const no_python = !(existsSync(python) && spawnSync(python, ['-c', has_all]).status === 0) && 'the Python SDKs are not installed';
const script = path.join(root, 'tests/e2e/support/python_clients.py');

// case -> the scenario that answers it
const CASES = {
  'an answer': 'text', 'a streamed answer': 'text', 'a tool loop': 'tools', 'a streamed tool loop': 'tools',
  'a tool loop with reasoning': 'reason', 'a streamed tool loop with reasoning': 'reason',
  'a 429': 'e429', 'a 429 instead of a stream': 'e429', 'a stream that dies': 'dies',
};
const words = {
  system: SYSTEM, question: QUESTION, results: RESULTS, hello: HELLO.join(''), answer: ANSWER.join(''), failure: FAILURE, tools: [WEATHER_TOOL, NOTES_TOOL],
};

// Runs all cases of one SDK in one process: {"case model": error}.
function run(dialect, url, key, cases) {
  return new Promise((resolve) => {
    const child = execFile(python, [script, dialect], { env: clean_environment(), timeout: 60_000, maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      const found = {};
      for (const line of stdout.trim().split('\n').filter(Boolean)) {
        const { case: name, model, error: problem } = JSON.parse(line);
        found[`${name} ${model}`] = problem;
      }
      resolve({ found, stderr: stderr || String(error ?? '') });
    });
    child.stdin.end(JSON.stringify({ url, key, words, cases }));
  });
}

function check({ found, stderr }, name, model, double) {
  const problem = found[`${name} ${model}`];
  if (problem === null) return;
  assert.fail(`${problem ?? stderr}\n${double.refusals.length ? `the double refused: ${double.refusals.join('\n')}` : ''}`);
}

describe('Python SDKs', () => {
  let many;
  before(async () => { if (!no_python) many = await start_many(); });
  after(() => many?.stop());

  for (const dialect of upstream_names) {
    describe(dialect, () => {
      let direct, through;
      const skip = no_python;
      before(async () => {
        if (skip) return;
        const { gateway, doubles } = many;
        const cases = upstream_names.flatMap((upstream) => Object.entries(CASES).map(([name, scenario]) => [name, `${upstream}.${scenario}`]));
        [direct, through] = await Promise.all([
          run(dialect, doubles[dialect].url, KEY, Object.entries(CASES)), run(dialect, gateway.url, gateway.key, cases),
        ]);
      });

      for (const [name, scenario] of Object.entries(CASES)) {
        test(`${name}, from the double itself`, { skip }, () => check(direct, name, scenario, many.doubles[dialect]));
        for (const upstream of upstream_names) {
          test(`${name} -> ${upstream}`, { skip }, () => check(through, name, `${upstream}.${scenario}`, many.doubles[upstream]));
        }
      }
    });
  }
});
