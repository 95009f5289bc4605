// A4: many clients at many gateways on one small wallet. What is charged is never more than what was paid in, to the
// nano; something was refused; what is left is less than one request.
//
//   node tests/chaos/drain_wallet.mjs --backend postgres --nodes 8 --requests 10000 --usd 10 --leased 1
import assert from 'node:assert/strict';
import { Gateway } from '../e2e/support/gateway.mjs';
import { is_main, main, random_of } from './support/arguments.mjs';
import { start_backend } from './support/backends.mjs';
import { agent_of, ask, charges, nano } from './support/load.mjs';
import { PRICE, PricedUpstream, charge_of } from './support/priced_upstream.mjs';

export const DEFAULTS = { backend: 'postgres', nodes: 2, requests: 800, usd: '0.5', leased: 0, clients: 24, seed: 1 };
const OUTPUT_MAX = 1000; // tokens: a request costs at most 0.0023 USD

export async function drain_wallet({ backend, nodes, requests, usd, leased, clients, seed, log = () => {} }) {
  const books = await start_backend(backend);
  if (books.missing) return { skipped: books.missing };
  const random = random_of(seed);
  const upstream = await PricedUpstream.start();
  const gateways = [];
  const when = `${backend}, ${nodes} nodes, ${leased ? 'leased' : 'direct'}, seed ${seed}`;
  try {
    for (let node = 1; node <= nodes; ++node) {
      gateways.push(await Gateway.start({
        upstream_url: upstream.url, models: { 'test-model': { price: PRICE } },
        change: (config) => {
          config.ledger = books.ledger();
          config.node = node;
          config.workers = 1;
          config.leases = { above_per_s: leased ? 1 : 0, spend_s: 1, wallet_permille: 100 };
        },
        fund: { usd: node === 1 ? usd : '0' }, // the same steps give the same wallet and key everywhere
      }));
    }
    let n = 0;
    const got = new Map();
    const client = async (i) => {
      const gateway = gateways[i % nodes];
      const agent = agent_of(1);
      while (n < requests) {
        const mine = ++n;
        const wish = { n: mine, input: 1 + Math.floor(random() * 100), output: 1 + Math.floor(random() * OUTPUT_MAX), ms: Math.floor(random() * 10) };
        got.set(mine, await ask(gateway, agent, wish, { stream: random() < 0.3 }));
      }
      agent.destroy();
    };
    await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));

    const answers = [...got.values()];
    const refused = answers.filter((a) => a.status === 402 || a.status === 429).length;
    const answered = [...got].filter(([, a]) => a.status === 200 && a.whole);
    const other = answers.filter((a) => a.status !== 200 && a.status !== 402 && a.status !== 429);
    assert.equal(other.length, 0, `${when}: ${other.length} answers of neither kind, the first: ${other[0]?.status} ${other[0]?.body}`);
    await Promise.all(gateways.slice(1).map((gateway) => gateway.stop())); // leases go back
    const gateway = gateways[0];
    gateway.signal('SIGTERM');
    await gateway.exited;
    await gateway.restart();
    await gateway.nothing_held(undefined, 20_000);
    const found = await charges(gateway);
    const spent = found.reduce((sum, charge) => sum + charge.nano, 0n);
    const expected = answered.reduce((sum, [mine]) => sum + charge_of(upstream.served.get(mine)), 0n);
    const left = nano((await gateway.balance()).available);
    assert.equal(spent, expected, `${when}: charged is what was answered`);
    assert.ok(spent <= nano(usd), `${when}: ${spent} charged of ${nano(usd)}`);
    assert.ok(left >= 0n, `${when}: the wallet is below zero: ${left}`);
    assert.equal(spent + left, nano(usd), `${when}: charged and left is what was paid in`);
    assert.ok(refused > 0, `${when}: nothing was refused`);
    const most = charge_of({ input: 4096, output: OUTPUT_MAX });
    assert.ok(left < most, `${when}: ${left} is left, though a request holds at most ${most}`);
    const verified = await gateway.run('ledger', 'verify');
    assert.equal(verified.code, 0, `${when}: ${verified.stdout}`);
    const result = { backend, nodes, leased: Boolean(leased), seed, requests: answers.length, answered: answered.length, refused, spent_nano: String(spent), left_nano: String(left) };
    log(JSON.stringify(result));
    return result;
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream.stop();
    await books.stop();
  }
}

if (is_main(import.meta)) await main(drain_wallet, DEFAULTS);
