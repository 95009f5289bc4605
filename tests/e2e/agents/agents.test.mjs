// Coding agents as clients: each is told to read a file, calls a tool of its own for it, sends the result back and says
// what it found; its own dialect to every upstream.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { agents, missing_agent, run_agent } from '../support/agents.mjs';
import { with_refusals } from '../support/doubles/double.mjs';
import { start_many, upstream_names } from '../support/many.mjs';

describe('coding agents', { concurrency: 1 }, () => {
  let many;
  before(async () => { many = await start_many(); });
  after(() => many?.stop());

  for (const agent of agents) {
    for (const upstream of upstream_names) {
      const skip = missing_agent(agent);
      test(`${agent.name} -> ${upstream}`, { skip }, async () => {
        const { gateway, doubles } = many;
        const double = doubles[upstream];
        double.requests.length = double.refusals.length = 0;
        const { error, stdout, stderr } = await run_agent(agent, { url: gateway.url, key: gateway.key, model: `${upstream}.agent` });
        try {
          assert.match(stdout, /The note says: it snows in Oslo/, `${stdout}\n${stderr}`);
          assert.equal(error, null, stderr);
          assert.ok(double.requests.length >= 2, 'a call and its result');
        } catch (failure) {
          throw with_refusals(failure, double);
        }
        await gateway.nothing_held();
      });
    }
  }

  test('the books are whole', () => many.gateway.cli('ledger', 'verify'));
});
