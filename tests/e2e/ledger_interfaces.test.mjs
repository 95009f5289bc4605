// What people and billing systems do with the ledger: every word of it through the command line or the admin API.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { Gateway, eventually } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { honest_provider } from './support/fixtures.mjs';
import { chat } from './support/http.mjs';
import { charge, nano } from './support/money.mjs';

const PRICE = { input: '1000', output: '2000' };
const COST = charge({ input: 12, output: 6 }, PRICE); // of one answer of the honest provider
const HELD = { max_tokens: 10 };
const LIMIT = '0.3'; // of a day; several answers, and what one holds while it runs

const models = {
  'test-model': { price: PRICE, max_output_tokens: 10, group: 'dear' },
  'other-model': { price: PRICE, max_output_tokens: 10 },
};

describe('the ledger, as people use it', { concurrency: 1 }, () => {
  let upstream, gateway, answer = honest_provider;

  before(async () => {
    upstream = await ReplayUpstream.start((request, n) => answer(request, n));
    gateway = await Gateway.start({ upstream_url: upstream.url, models });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  let count = 0;
  async function project_with(usd, ...more) {
    const name = `q${count += 1}`;
    await gateway.cli('project', 'create', name, ...more);
    if (usd) await gateway.cli('deposit', '--project', name, '--usd', usd, '--id', 'first');
    return { name, key: (await gateway.json('key', 'create', '--project', name)).key };
  }
  const id_of = (answered) => answered.headers['x-1chat-trace'];

  test('two projects of one organization draw from one wallet', async () => {
    const web = await project_with('', '--org', 'acme');
    const batch = await project_with('', '--org', 'acme');
    assert.equal((await chat(gateway, HELD, { key: web.key })).status, 402, 'nothing there yet');
    await gateway.cli('deposit', '--org', 'acme', '--usd', '10', '--id', 'd1');
    for (const { key } of [web, batch]) assert.equal((await chat(gateway, HELD, { key })).status, 200);
    await gateway.nothing_held(web.name);
    const [of_web, of_org] = [await gateway.balance(web.name), await gateway.json('balance', '--org', 'acme')];
    assert.equal(nano(of_org.available), nano('10') - 2n * COST);
    assert.equal(of_web.available, of_org.available);
    const rows = await gateway.json('ledger', 'statement', '--org', 'acme');
    assert.deepEqual(rows.filter((r) => r.kind === 'settle').map((r) => r.project).sort(), [web.name, batch.name].sort());
  });

  test('an event of a payment provider is booked once, for one wallet', async () => {
    const { name } = await project_with('');
    const { name: other } = await project_with('');
    const event = { usd: '7.5', id: 'evt_1', provider: 'stripe' };
    const first = await gateway.admin('POST', '/api/v1/deposits', { project: name, ...event });
    assert.equal(first.status, 201, first.text);
    assert.equal((await gateway.admin('POST', '/api/v1/deposits', { project: name, ...event })).status, 200);
    assert.equal((await gateway.admin('POST', '/api/v1/deposits', { project: name, ...event, usd: '8' })).status, 409);
    assert.equal((await gateway.admin('POST', '/api/v1/deposits', { project: other, ...event })).status, 409);
    assert.equal((await gateway.balance(name)).available, '7.50');
    assert.equal((await gateway.balance(other)).available, '0.00');
  });

  test('money goes out, over and back, and the trial balance stays balanced', async () => {
    const { name } = await project_with('10');
    const { name: other } = await project_with('1');
    await gateway.cli('withdraw', '--project', name, '--usd', '2', '--id', 'w');
    await gateway.cli('transfer', '--from-project', name, '--to-project', other, '--usd', '3', '--id', 't');
    assert.equal((await gateway.run('withdraw', '--project', name, '--usd', '6', '--id', 'w2')).code, 1);
    await gateway.cli('withdraw', '--project', name, '--usd', '6', '--id', 'c', '--chargeback');
    const after = await gateway.balance(name);
    assert.equal(after.available, '-1.00');
    assert.equal(after.debt, '1.00');
    assert.equal((await gateway.balance(other)).available, '4.00');
    await gateway.cli('deposit', '--project', name, '--usd', '1.5', '--id', 'd2');
    assert.equal((await gateway.balance(name)).available, '0.50', 'a deposit pays the debt first');
    const trial = await gateway.json('ledger', 'trial-balance');
    assert.equal(trial.balanced, true);
    assert.equal(trial.debits, trial.credits);
    assert.ok(trial.accounts.some((a) => a.account === 'wallet' && a.owner === name));
    assert.equal((await gateway.json('ledger', 'trial-balance', '--at', '2001-01-01')).accounts.length, 0);
  });

  test('promotional money is spent before paid money', async () => {
    const { name, key } = await project_with('1');
    await gateway.cli('grant', '--project', name, '--usd', '0.01', '--id', 'welcome', '--expires', '2099-01-01');
    const before = await gateway.balance(name);
    assert.equal(before.available, '1.01');
    assert.equal(before.promo, '0.01');
    await chat(gateway, HELD, { key });
    const left = await gateway.nothing_held(name);
    assert.equal(nano(left.available), nano('1.01') - COST);
    assert.equal(left.promo, '0.00');
  });

  test('a frozen wallet serves nothing, an overdraft serves below zero', async () => {
    const { name, key } = await project_with('1');
    await gateway.cli('terms', '--project', name, '--freeze');
    assert.equal((await chat(gateway, HELD, { key })).status, 402);
    await gateway.cli('terms', '--project', name, '--unfreeze');
    assert.equal((await chat(gateway, HELD, { key })).status, 200);
    await gateway.nothing_held(name);
    const rest = (await gateway.balance(name)).available;
    await gateway.cli('withdraw', '--project', name, '--usd', rest, '--id', 'all');
    assert.equal((await chat(gateway, HELD, { key })).status, 402);
    await gateway.cli('terms', '--project', name, '--overdraft-usd', '5');
    assert.equal((await chat(gateway, HELD, { key })).status, 200);
    const left = await gateway.nothing_held(name);
    assert.equal(nano(left.available), nano('5') - COST);
    assert.equal(left.overdraft, '5.00');
  });

  const scopes = [
    { scope: 'project', who: /this project/ },
    { scope: 'org', who: /this organization/ },
    { scope: 'group', id: 'dear', who: /this group of models/, free: { model: 'other-model' } },
    { scope: 'user', id: 'alice', who: /this end user/, asks: { user: 'alice' }, free: { user: 'bob' } },
  ];
  for (const { scope, id, who, asks = {}, free } of scopes) {
    test(`a daily budget of scope ${scope} refuses in its own words and lets others through`, async () => {
      const { name, key } = await project_with('10');
      const named = id ? ['--id', id] : [];
      await gateway.cli('budget', 'set', '--project', name, '--scope', scope, ...named, '--period', 'day', '--limit-usd', LIMIT,
        '--time-zone', 'Europe/Berlin');
      let refused;
      for (let i = 0; i < 20 && !refused; i += 1) {
        const answered = await chat(gateway, { ...HELD, ...asks }, { key });
        if (answered.status !== 200) refused = answered;
        await gateway.nothing_held(name);
      }
      assert.ok(refused, 'the limit is reached');
      assert.match(refused.json.error.message, who);
      assert.match(refused.json.error.message, /daily/);
      if (free) assert.equal((await chat(gateway, { ...HELD, ...free }, { key })).status, 200);
      const [budget] = await gateway.json('budget', 'list', '--project', name);
      assert.equal(budget.scope, scope);
      assert.equal(nano(budget.spent) + nano(budget.left), nano(LIMIT));
      assert.ok(nano(budget.spent) > 0n && nano(budget.left) >= 0n, `spent ${budget.spent}, left ${budget.left}`);
      await gateway.cli('budget', 'remove', '--project', name, '--scope', scope, ...named, '--period', 'day');
      assert.equal((await chat(gateway, { ...HELD, ...asks }, { key })).status, 200);
    });
  }

  test('explain follows a request while it runs and after', async () => {
    const { name, key } = await project_with('1');
    answer = (request) => ({ ...honest_provider(request), delay_ms: 1500 });
    const running = chat(gateway, HELD, { key });
    const open = await eventually(async () => {
      const { held } = await gateway.balance(name);
      return nano(held) > 0n;
    }, 3000, 'a hold');
    assert.ok(open);
    const answered = await running;
    answer = honest_provider;
    const id = id_of(answered);
    await gateway.trace(id);
    const told = await eventually(async () => {
      const now = await gateway.json('ledger', 'explain', `req_${id}`);
      return now.state === 'settled' && now;
    }, 5000, 'settled');
    const [posting] = told.postings;
    assert.equal(nano(posting.total), COST);
    const sum = (side) => posting.legs.reduce((all, leg) => all + nano(leg[side]), 0n);
    assert.equal(sum('debit'), COST);
    assert.equal(sum('credit'), COST);
    assert.equal(posting.legs.find((leg) => leg.account === 'wallet').owner, name);
    assert.equal(nano(told.charge.total), COST);
    assert.equal(told.trace.usage.input, 12);
    assert.match(await gateway.cli('ledger', 'explain', id), /provider_payable/);
    assert.equal((await gateway.run('ledger', 'explain', 'f'.repeat(32))).code, 1);
  });

  test('a refund gives back a part, then the rest, and no more', async () => {
    const { name, key } = await project_with('1');
    const id = id_of(await chat(gateway, HELD, { key }));
    await gateway.nothing_held(name);
    await gateway.cli('ledger', 'refund', id, '--usd', '0.001', '--id', 'a');
    await gateway.cli('ledger', 'refund', id, '--usd', '0.001', '--id', 'a');
    assert.equal(nano((await gateway.balance(name)).available), nano('1') - COST + nano('0.001'));
    assert.equal((await gateway.run('ledger', 'refund', id, '--usd', '1', '--id', 'b')).code, 1);
    await gateway.cli('ledger', 'refund', id, '--provider-refunds');
    assert.equal((await gateway.balance(name)).available, '1.00');
    assert.equal((await gateway.run('ledger', 'refund', id, '--id', 'c')).code, 1);
  });

  test('a statement as CSV begins and ends with its balance and adds up', async () => {
    const { name, key } = await project_with('3');
    for (let i = 0; i < 2; i += 1) await chat(gateway, HELD, { key });
    await gateway.nothing_held(name);
    const [head, ...lines] = (await gateway.cli('ledger', 'statement', '--project', name, '--csv')).trim().split('\r\n');
    const rows = lines.map((line) => Object.fromEntries(head.split(',').map((title, i) => [title, line.split(',')[i]])));
    assert.deepEqual(rows.map((r) => r.kind), ['opening', 'deposit', 'settle', 'settle', 'closing']);
    const sum = rows.reduce((total, row) => total + (row.amount_usd ? nano(row.amount_usd) : 0n), 0n);
    assert.equal(sum, nano(rows.at(-1).balance_usd));
    assert.equal(sum, nano((await gateway.balance(name)).available));
    const later = await gateway.json('ledger', 'statement', '--project', name, '--from', '2099-01-01');
    const end = rows.at(-1).balance_usd;
    assert.deepEqual(later.map((r) => [r.kind, r.balance]), [['opening', end], ['closing', end]]);
  });

  test('the metrics say what is open and what the last check found', async () => {
    assert.equal((await gateway.json('ledger', 'verify')).ok, true);
    const { text } = await gateway.admin('GET', '/metrics');
    for (const line of ['onechat_ledger_open_holds 0', 'onechat_ledger_verify_problems 0', 'onechat_ledger_fenced 0']) {
      assert.ok(text.includes(`${line}\n`), line);
    }
    for (const name of ['onechat_ledger_oldest_hold_seconds', 'onechat_ledger_leased_usd', 'onechat_ledger_swept_total',
      'onechat_ledger_verify_age_seconds', 'onechat_journal_backlog_records', 'onechat_node_leases']) {
      assert.ok(text.includes(`\n${name}`), name);
    }
  });

  for (const words of [
    ['deposit', '--usd', '1', '--id', 'x'], ['balance', '--project', 'a', '--org', 'b'], ['budget', 'set', '--project', 'a'],
    ['ledger', 'explain'], ['terms', '--project', 'a', '--freeze', '--unfreeze'], ['withdraw', '--project', 'a', '--usd', '1'],
  ]) {
    test(`bad usage ends with 2: ${words.join(' ')}`, async () => {
      assert.equal((await gateway.run(...words)).code, 2);
    });
  }
});
