// No cent is lost, none is spent twice, whatever dies in between.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Gateway, eventually, sleep } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { honest_provider, stream_of } from './support/fixtures.mjs';
import { chat } from './support/http.mjs';
import { charge, nano } from './support/money.mjs';

const LONG = process.env.ONECHAT_LONG ? 5 : 1;
const PRICE = { input: '1000', output: '2000' };                       // dear, so that few requests empty a wallet
const COST = charge({ input: 12, output: 6 }, PRICE);                  // of one answer of the honest provider
const dear = { 'test-model': { price: PRICE, max_output_tokens: 10 } };

describe('money', { concurrency: 1 }, () => {
  let upstream, gateway, answer = honest_provider;

  before(async () => {
    upstream = await ReplayUpstream.start((request, n) => answer(request, n));
    gateway = await Gateway.start({ upstream_url: upstream.url, models: dear });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  let count = 0;
  async function project_with(usd) {
    const name = `p${count += 1}`;
    await gateway.cli('project', 'create', name);
    if (usd) await gateway.cli('deposit', '--project', name, '--usd', usd, '--id', 'first');
    const made = await gateway.json('key', 'create', '--project', name);
    return { name, key: made.key, id: made.id };
  }

  test('a deposit is booked once however often it is sent', async () => {
    const { name } = await project_with('');
    for (let i = 0; i < 3; i += 1) await gateway.cli('deposit', '--project', name, '--usd', '25.00', '--id', 'invoice-7');
    assert.equal(nano((await gateway.balance(name)).available), nano('25'));
  });

  test('the same deposit id with another amount is refused and changes nothing', async () => {
    const { name } = await project_with('');
    await gateway.cli('deposit', '--project', name, '--usd', '25.00', '--id', 'invoice-8');
    assert.equal((await gateway.run('deposit', '--project', name, '--usd', '26.00', '--id', 'invoice-8')).code, 1);
    assert.equal(nano((await gateway.balance(name)).available), nano('25'));
  });

  test('balances are exact decimal strings', async () => {
    const { name, key } = await project_with('0.123456789');
    const before = await gateway.balance(name);
    assert.equal(before.project, name);
    assert.equal(nano(before.held), 0n);
    assert.equal(nano(before.spent), 0n);
    assert.equal(before.available, '0.123456789');
    assert.equal(before.currency, 'USD');
    const answered = await chat(gateway, { max_tokens: 10 }, { key });
    assert.equal(answered.status, 200);
    const left = await gateway.nothing_held(name);
    assert.equal(nano(left.spent), COST);
    assert.equal(nano(left.available), nano('0.123456789') - COST);
  });

  for (const bad of ['0', '-1', '1.0000000001', 'abc', '1e3', '', '99999999999999999999']) {
    test(`a deposit of "${bad}" is refused`, async () => {
      const { name } = await project_with('');
      const { code } = await gateway.run('deposit', '--project', name, '--usd', bad, '--id', 'x');
      assert.ok(code === 1 || code === 2, `exit code ${code}`);
      assert.equal(nano((await gateway.balance(name)).available), 0n);
    });
  }

  test('one hundred at once on money for a few: never oversold', async () => {
    answer = (request) => ({ ...honest_provider(request), delay_ms: 30 });
    const deposit = nano('0.5');
    const { name, key } = await project_with('0.5');
    const answers = await Promise.all(Array.from({ length: 100 }, () => chat(gateway, { max_tokens: 10 }, { key })));
    answer = honest_provider;
    const served = answers.filter((a) => a.status === 200);
    const refused = answers.filter((a) => a.status === 402);
    assert.equal(served.length + refused.length, 100, `other answers: ${answers.map((a) => a.status)}`);
    assert.ok(served.length > 0 && refused.length > 0, `${served.length} served, ${refused.length} refused`);
    const balance = await gateway.nothing_held(name);
    assert.equal(nano(balance.spent), BigInt(served.length) * COST, 'every served request is paid');
    assert.equal(nano(balance.spent) + nano(balance.available), deposit);
    assert.ok(nano(balance.available) >= 0n);
  });

  test('a stream is settled as a whole answer is', async () => {
    const { name, key } = await project_with('1');
    const answered = await chat(gateway, { stream: true, max_tokens: 10 }, { key });
    assert.equal(answered.status, 200);
    const balance = await gateway.nothing_held(name);
    assert.equal(nano(balance.spent), charge({ input: 12, output: 10 }, PRICE));
  });

  test('a client that hangs up before the usage is told still pays for what it got', async () => {
    answer = (request) => ({ sse: true, body: stream_of('chat_stream.sse', request), seed: 2, piece_ms: 25 });
    const { name, key } = await project_with('1');
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 150);
    await chat(gateway, { stream: true, max_tokens: 10 }, { key, signal: controller.signal }).catch(() => {});
    answer = honest_provider;
    await sleep(100);
    const balance = await gateway.nothing_held(name, 15_000);
    assert.ok(nano(balance.spent) > 0n, 'not free');
  });

  test('a refused or failed request costs nothing', async () => {
    answer = () => ({ status: 400, body: '{"error":{"message":"no","type":"invalid_request_error"}}' });
    const { name, key } = await project_with('1');
    assert.equal((await chat(gateway, { max_tokens: 10 }, { key })).status, 400);
    answer = honest_provider;
    const balance = await gateway.nothing_held(name);
    assert.equal(nano(balance.spent), 0n);
    assert.equal(nano(balance.available), nano('1'));
  });

  test('a revoked key is refused within a second', async () => {
    const { key, id } = await project_with('1');
    assert.equal((await chat(gateway, { max_tokens: 10 }, { key })).status, 200);
    await gateway.cli('key', 'revoke', id);
    const refused = await eventually(async () => {
      const { status } = await chat(gateway, { max_tokens: 10 }, { key });
      return status === 401;
    }, 1000, 'a revoked key is refused');
    assert.ok(refused);
  });

  test('a key is refused once it has expired', async () => {
    const { name } = await project_with('1');
    const expires = new Date(Date.now() + 1500).toISOString();
    const { key } = await gateway.json('key', 'create', '--project', name, '--expires', expires);
    assert.equal((await chat(gateway, { max_tokens: 10 }, { key })).status, 200);
    await eventually(async () => (await chat(gateway, { max_tokens: 10 }, { key })).status === 401, 4000, 'an expired key is refused');
  });

  test('a key that would have expired already is not made', async () => {
    const { name } = await project_with('1');
    assert.equal((await gateway.run('key', 'create', '--project', name, '--expires', '2020-01-01')).code, 1);
  });

  test('a key stops at its own limit while its project has money', async () => {
    const { name } = await project_with('10');
    const { key } = await gateway.json('key', 'create', '--project', name, '--limit-usd', '0.1');
    const limit = nano('0.1');
    let refused;
    for (let i = 0; i < 20 && !refused; i += 1) {
      const answered = await chat(gateway, { max_tokens: 10 }, { key });
      if (answered.status !== 200) refused = answered;
    }
    assert.ok(refused && [402, 429].includes(refused.status), `refused with ${refused?.status}`);
    assert.equal(refused.headers['x-should-retry'], 'false', 'waiting does not help');
    assert.ok(nano((await gateway.nothing_held(name)).spent) <= limit);
  });

  test('the statement adds up to the balance', async () => {
    const { name, key } = await project_with('3');
    for (let i = 0; i < 3; i += 1) await chat(gateway, { max_tokens: 10 }, { key });
    await gateway.nothing_held(name);
    const rows = await gateway.json('ledger', 'statement', '--project', name);
    assert.equal(rows.length, 4, 'one deposit, three requests');
    const sum = rows.reduce((total, row) => total + nano(row.amount), 0n);
    assert.equal(sum, nano((await gateway.balance(name)).available));
  });

  for (let round = 1; round <= 3 * LONG; round += 1) {
    test(`kill -9 under load, round ${round}: nothing is lost or stays held`, async () => {
      answer = (request) => ({ ...honest_provider(request), delay_ms: 5 });
      const { name, key } = await project_with('1000');
      const served = [];
      let running = true;
      const clients = Array.from({ length: 12 }, async () => {
        while (running) {
          const answered = await chat(gateway, { max_tokens: 10 }, { key }).catch(() => undefined);
          if (answered?.status === 200 && !answered.cut) served.push(answered);
        }
      });
      await sleep(400 + 137 * round);
      gateway.signal('SIGKILL');
      await gateway.exited;
      running = false;
      await Promise.all(clients);
      answer = honest_provider;
      assert.ok(served.length > 10, `${served.length} requests before the kill`);

      await gateway.restart();
      await gateway.cli('ledger', 'verify');
      const balance = await gateway.nothing_held(name, 10_000);
      assert.equal(nano(balance.spent) + nano(balance.available), nano('1000'));
      assert.equal(nano(balance.spent) % COST, 0n, 'whole requests only');
      const lost = BigInt(served.length) - nano(balance.spent) / COST;
      assert.ok(lost <= 12n, `${lost} answered requests were not booked: more than could be in flight`);
      assert.equal((await chat(gateway, { max_tokens: 10 }, { key })).status, 200, 'and it serves again');
    });
  }
});
