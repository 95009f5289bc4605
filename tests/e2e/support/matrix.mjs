// One client dialect before every upstream dialect, through one gateway: what the matrix_*.test.mjs files run.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { clients, missing_sdk } from './clients/index.mjs';
import { with_refusals } from './doubles/double.mjs';
import { told_usage } from './doubles/index.mjs';
import { PRICES, start_many, upstream_names } from './many.mjs';
import { charge, nano } from './money.mjs';
import { promises_for } from './promises.mjs';

// What a call with this usage costs, in nano-USD: nothing is shared with the gateway's arithmetic.
export function cost_of(upstream, usage) {
  const { fresh, cache_read, cache_write, output, reasoning } = told_usage(upstream, usage);
  return charge({ input: fresh, cache_read, cache_write, output, reasoning }, PRICES);
}

// The charge in the books, and in the head of a whole answer.
export async function check_charge(gateway, upstream, call, usage, { stream }) {
  const wanted = cost_of(upstream, usage);
  if (!stream) assert.equal(nano(call.headers.get('x-1chat-cost')), wanted, 'the cost that the answer tells');
  const trace = await gateway.trace(call.headers.get('x-1chat-trace'));
  assert.equal(nano(trace.charged_usd), wanted, `the charge in the books for ${JSON.stringify(usage)}`);
}

export function run_matrix(dialect) {
  describe(`${dialect} clients`, () => {
    let many;
    before(async () => { many = await start_many(); });
    after(() => many?.stop());

    for (const client of clients.filter((one) => one.dialect === dialect)) {
      for (const upstream of upstream_names) describe_pair(client, upstream, () => many);
    }

    test('afterwards nothing is held and the ledger is whole', async () => {
      await many.gateway.nothing_held();
      await many.gateway.cli('ledger', 'verify');
    });
  });
}

function describe_pair(client, upstream, many) {
  const pair = { client, upstream, through_gateway: true };
  describe(`${client.label} -> ${upstream}`, () => {
    const skip = missing_sdk(client);
    let place;
    before(async () => {
      if (skip) return;
      const sdk = await client.load();
      const { gateway, doubles } = many();
      place = {
        ...pair, double: doubles[upstream], session: client.connect(sdk, { url: gateway.url, key: gateway.key }),
        model: (scenario) => `${upstream}.${scenario}`,
        check_charge: (call, usage, how) => check_charge(gateway, upstream, call, usage, how),
      };
    });

    for (const [name, keep] of promises_for(pair)) {
      test(name, { skip }, () => {
        place.double.refusals.length = 0;
        return Promise.resolve(keep(place)).catch((error) => { throw with_refusals(error, place.double); });
      });
    }
  });
}
