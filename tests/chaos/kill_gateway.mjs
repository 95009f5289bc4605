// A1: the gateway is killed with SIGKILL under load, again and again. After each start: the books verify, every request
// that was answered whole is charged exactly once and exactly right, nothing is charged that the provider did not serve,
// and no money stays held.
//
//   node tests/chaos/kill_gateway.mjs --backend postgres --kills 200 --seed 7
import assert from 'node:assert/strict';
import { Gateway, sleep } from '../e2e/support/gateway.mjs';
import { is_main, main, random_of } from './support/arguments.mjs';
import { start_backend } from './support/backends.mjs';
import { agent_of, ask, charges, nano } from './support/load.mjs';
import { PRICE, PricedUpstream, charge_of } from './support/priced_upstream.mjs';

const DEPOSIT_USD = '1000000';
const RESOLVED_MS = 35_000; // heartbeat timeout + 5 s
export const DEFAULTS = { backend: 'sqlite', kills: 5, seed: 1, clients: 24, life_ms: 900 };

export async function kill_gateway({ backend, kills, seed, clients, life_ms, log = () => {} }) {
  const books = await start_backend(backend);
  if (books.missing) return { skipped: books.missing };
  const random = random_of(seed);
  const upstream = await PricedUpstream.start();
  let leased = false;
  const change = (config) => {
    config.ledger = books.ledger();
    config.leases = { above_per_s: leased ? 1 : 0 };
    config.breaker = { failures: 1000 };
  };
  let gateway;
  const sum = { backend, seed, kills, requests: 0, answered: 0, charged_unanswered: 0, estimated: 0, resolved_ms_max: 0, verified: 0 };
  try {
    gateway = await Gateway.start({ upstream_url: upstream.url, models: { 'test-model': { price: PRICE } }, change, fund: { usd: DEPOSIT_USD } });
    let n = 0, spent = 0n;
    for (let kill = 1; kill <= kills; ++kill) {
      const when = `${backend}, seed ${seed}, kill ${kill}`;
      const began = new Date(Date.now() - 1).toISOString();
      const asked = new Map(); // n -> what came back
      const agent = agent_of(clients);
      let running = true;
      const client = async () => {
        while (running) {
          const mine = ++n;
          const wish = { n: mine, input: 100 + mine, output: 3, ms: Math.floor(random() * 40), max_tokens: 50 };
          const stream = random() < 0.4;
          asked.set(mine, { status: 0, whole: false, stream });
          asked.set(mine, { ...(await ask(gateway, agent, wish, { stream })), stream });
        }
      };
      const all = Array.from({ length: clients }, client);
      await sleep(100 + random() * life_ms);
      gateway.signal('SIGKILL');
      running = false;
      await gateway.exited;
      await Promise.all(all);
      agent.destroy();

      leased = !leased; // every second life spends out of leases
      await gateway.write_config(gateway.options);
      const restarted = Date.now();
      await gateway.restart();
      await gateway.nothing_held(undefined, RESOLVED_MS);
      sum.resolved_ms_max = Math.max(sum.resolved_ms_max, Date.now() - restarted);
      const verified = await gateway.run('ledger', 'verify');
      assert.equal(verified.code, 0, `${when}: ${verified.stdout}${verified.stderr}`);
      ++sum.verified;

      const found = await charges(gateway, began);
      check_charges({ when, asked, found, served: upstream.served, sum });
      spent = (await charges(gateway)).reduce((all_nano, c) => all_nano + c.nano, 0n);
      const balance = await gateway.balance();
      assert.equal(nano(balance.available), nano(DEPOSIT_USD) - spent, `${when}: what is left is what was not charged`);
      sum.requests += asked.size;
      log(`${when}: ${asked.size} requests, ${found.length} charges, spent ${spent} nano-USD`);
    }
    return sum;
  } finally {
    await gateway?.stop();
    await upstream.stop();
    await books.stop();
  }
}

function check_charges({ when, asked, found, served, sum }) {
  const by_trace = new Map();
  for (const charge of found) {
    assert.ok(!by_trace.has(charge.trace), `${when}: ${charge.trace} is charged twice`);
    by_trace.set(charge.trace, charge);
  }
  const unanswered = new Map(); // exact charge -> n, of requests that got no whole answer
  for (const [n, got] of asked) {
    const exact = served.has(n) ? charge_of(served.get(n)) : undefined;
    if (got.status !== 200 || !got.whole) {
      if (exact !== undefined) unanswered.set(exact, n);
      continue;
    }
    ++sum.answered;
    const charge = by_trace.get(got.trace);
    assert.ok(charge, `${when}: request ${n} (${got.trace}, ${got.stream ? 'stream' : 'whole'}) was answered and is not charged`);
    assert.equal(charge.nano, exact, `${when}: request ${n} has another price`);
    by_trace.delete(got.trace);
  }
  for (const charge of by_trace.values()) { // of requests whose answer did not arrive whole
    if (charge.estimated) {
      ++sum.estimated;
      continue;
    }
    assert.ok(unanswered.delete(charge.nano), `${when}: ${charge.trace} is charged ${charge.nano} and nobody was served that`);
    ++sum.charged_unanswered;
  }
  assert.ok(by_trace.size <= asked.size, when);
}

if (is_main(import.meta)) await main(kill_gateway, DEFAULTS);
