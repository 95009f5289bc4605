// A4: many clients at many gateways on one small wallet. What is charged is never more than what was paid in, to the
// nano; something was refused; what is left is less than one request.
// A11: the same with clocks that are `skew_s` apart in both directions, and one machine that stands still for `pause_s`
// while it has a lease and requests.
//
//   node tests/chaos/drain_wallet.mjs --backend postgres --nodes 8 --requests 10000 --usd 10 --leased 1
//   node tests/chaos/drain_wallet.mjs --nodes 3 --requests 3000 --usd 2 --leased 1 --skew_s 3600 --pause_s 60
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { Gateway, sleep } from '../e2e/support/gateway.mjs';
import { is_main, main, random_of } from './support/arguments.mjs';
import { start_backend } from './support/backends.mjs';
import { agent_of, ask, charges, nano } from './support/load.mjs';
import { PRICE, PricedUpstream, charge_of } from './support/priced_upstream.mjs';

export const DEFAULTS = { backend: 'postgres', nodes: 2, requests: 800, usd: '0.5', leased: 0, clients: 24, seed: 1, skew_s: 0, pause_s: 0 };
const OUTPUT_MAX = 1000; // tokens: a request costs at most 0.0023 USD

export async function drain_wallet(options) {
  const { backend, nodes, requests, usd, leased, clients, seed, skew_s = 0, pause_s = 0, log = () => {} } = options;
  const clock = skew_s === 0 ? () => ({}) : await skewed_clocks(skew_s);
  if (!clock) return { skipped: 'faketime is not installed' };
  const books = await start_backend(backend);
  if (books.missing) return { skipped: books.missing };
  const random = random_of(seed);
  const upstream = await PricedUpstream.start();
  const gateways = [];
  const when = `${backend}, ${nodes} nodes, ${leased ? 'leased' : 'direct'}, seed ${seed}${skew_s ? `, clocks ${skew_s} s apart` : ''}`;
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
        env: clock(node),
        fund: { usd: node === 1 ? usd : '0' }, // the same steps give the same wallet and key everywhere
      }));
    }
    let n = 0;
    let resumed = false;
    const sleeper = pause_s > 0 ? gateways.at(-1) : undefined;
    const asked_of_sleeper = new Set(); // may find that they waited too long for the books
    const got = new Map();
    const client = async (i) => {
      const gateway = gateways[i % nodes];
      const agent = agent_of(1);
      while (n < requests) {
        const mine = ++n;
        if (gateway === sleeper && !resumed) asked_of_sleeper.add(mine);
        const wish = { n: mine, input: 1 + Math.floor(random() * 100), output: 1 + Math.floor(random() * OUTPUT_MAX), ms: Math.floor(random() * 10) };
        got.set(mine, await ask(gateway, agent, wish, { stream: random() < 0.3, patience_ms: 20_000 + pause_s * 1000 }));
      }
      agent.destroy();
    };
    const paused = sleeper && stand_still(sleeper, pause_s * 1000, () => n > requests / 4).then(() => { resumed = true; });
    await Promise.all(Array.from({ length: clients }, (_, i) => client(i)));
    await paused;

    const answers = [...got.values()];
    const refused = answers.filter((a) => a.status === 402 || a.status === 429).length;
    const answered = [...got].filter(([, a]) => a.status === 200 && a.whole);
    const expected_of = (mine) => [200, 402, 429, ...(asked_of_sleeper.has(mine) ? [503] : [])];
    const other = [...got].filter(([mine, a]) => !expected_of(mine).includes(a.status)).map(([, a]) => a);
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
    if (skew_s > 0 && nodes > 2) {
      const ahead_s = found.map((charge) => (Date.parse(charge.time) - Date.now()) / 1000);
      assert.ok(Math.min(...ahead_s) < -skew_s && Math.max(...ahead_s) > skew_s / 2, `${when}: the clocks agree`);
    }
    // While one stands still the others cannot have the tenth of the wallet that its lease may be.
    const most = charge_of({ input: 4096, output: OUTPUT_MAX }) + (sleeper ? nano(usd) / 10n : 0n);
    assert.ok(left < most, `${when}: ${left} is left, though no more than ${most} can be held`);
    const verified = await gateway.run('ledger', 'verify');
    assert.equal(verified.code, 0, `${when}: ${verified.stdout}`);
    const result = { backend, nodes, leased: Boolean(leased), seed, skew_s, pause_s, requests: answers.length, answered: answered.length, refused, spent_nano: String(spent), left_nano: String(left) };
    log(JSON.stringify(result));
    return result;
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
    await upstream.stop();
    await books.stop();
  }
}

// The environment of each node: the first has the right time, the others are early and late in turns. Undefined: cannot.
async function skewed_clocks(skew_s) {
  const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';
  if (await access(library).then(() => false, () => true)) return undefined;
  return (node) => node === 1 ? {} : {
    LD_PRELOAD: library, DONT_FAKE_MONOTONIC: '1', FAKETIME: `${node % 2 === 0 ? '-' : '+'}${skew_s}s`,
  };
}

// As a virtual machine that is moved: its processes stop, time does not.
async function stand_still(gateway, ms, when) {
  while (!when()) await sleep(20);
  gateway.signal('SIGSTOP');
  await sleep(ms);
  gateway.signal('SIGCONT');
}

if (is_main(import.meta)) await main(drain_wallet, DEFAULTS);
