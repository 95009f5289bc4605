// kill -9 at any moment: what was delivered is paid, what was held is free again, and the books are whole.
import { after, afterEach, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Gateway, eventually, sleep } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { honest_provider, stream_of } from './support/fixtures.mjs';
import { chat } from './support/http.mjs';
import { nano } from './support/money.mjs';

describe('a gateway that is killed', { concurrency: 1 }, () => {
  let upstream, gateway, answer = honest_provider;
  before(async () => { upstream = await ReplayUpstream.start((asked, n) => answer(asked, n)); });
  after(() => upstream?.stop());
  afterEach(async () => {
    answer = honest_provider;
    await gateway?.stop();
    gateway = undefined;
  });
  async function kill_and_restart() {
    gateway.signal('SIGKILL');
    await gateway.exited;
    await gateway.restart();
  }

  test('right after an answer: every answer was paid, exactly', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    let owed = 0n;
    for (let round = 0; round < 8; ++round) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => chat(gateway)));
      for (const one of answers) {
        assert.equal(one.status, 200);
        owed += nano(one.headers['x-1chat-cost']);
      }
      await kill_and_restart();
      const balance = await gateway.nothing_held();
      assert.equal(nano(balance.spent), owed, `round ${round}`);
    }
    await gateway.cli('ledger', 'verify');
  });

  test('in the middle of a stream: what was delivered is paid', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url });
    answer = (asked) => ({ sse: true, body: stream_of('chat_stream.sse', asked), seed: 4, piece_ms: 100 });
    const running = chat(gateway, { stream: true }).catch((error) => error);
    await eventually(() => upstream.requests.length > 0);
    await sleep(1200);
    assert.ok(nano((await gateway.balance()).held) > 0n);
    await kill_and_restart();
    await running;
    const balance = await gateway.nothing_held();
    assert.ok(nano(balance.spent) > 0n, 'not free');
    await gateway.cli('ledger', 'verify');
  });

  test('under load, with leases: at least what was answered is paid', async () => {
    gateway = await Gateway.start({ upstream_url: upstream.url, change: (config) => { config.leases = { above_per_s: 5 }; } });
    let owed = 0n, answered = 0, over = false;
    const client = async () => {
      while (!over) {
        const one = await chat(gateway).catch(() => undefined);
        if (one?.status !== 200 || over) continue;
        owed += nano(one.headers['x-1chat-cost']);
        ++answered;
      }
    };
    const clients = Array.from({ length: 6 }, client);
    await sleep(4000);
    const metrics = await gateway.admin('GET', '/metrics');
    over = true;
    gateway.signal('SIGKILL');
    await gateway.exited;
    await Promise.all(clients);
    await gateway.restart();
    const balance = await gateway.nothing_held();
    assert.ok(answered > 50, `${answered} answers`);
    assert.ok(nano(balance.spent) >= owed, `${balance.spent} is less than what ${answered} answers cost`);
    assert.match(metrics.text, /onechat_lease_hits_total [1-9]/, 'leases served');
    await gateway.cli('ledger', 'verify');
  });
});
