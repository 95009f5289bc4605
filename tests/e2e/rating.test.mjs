// What a charge is made of: service tiers, searches, whose markup, whose key; and every charge recomputes from its trace.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Gateway } from './support/gateway.mjs';
import { ReplayUpstream } from './support/replay_upstream.mjs';
import { chat } from './support/http.mjs';
import { charge, nano } from './support/money.mjs';

const PRICE = { input: '1000', output: '2000' };
const USAGE = { prompt_tokens: 100, completion_tokens: 7, total_tokens: 107 };
const UNITS = { input: 100, output: 7 };
const times = (price, num, den) => Object.fromEntries(Object.entries(price).map(([k, v]) => [k, String(Number(v) * num / den)]));

describe('rating', { concurrency: 1 }, () => {
  let upstream, gateway, says = {}, status = 200;

  before(async () => {
    upstream = await ReplayUpstream.start((request) => {
      if (status !== 200) return { status, body: '{"error":{"message":"busy"}}' };
      return {
        body: JSON.stringify({
          id: 'c', object: 'chat.completion', created: 1, model: request.json?.model ?? 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
          ...says, usage: { ...USAGE, ...(says.usage ?? {}) },
        }),
      };
    });
    const price = { ...PRICE, search: '0.01', flex: '0.5', priority: '9/5' };
    gateway = await Gateway.start({
      upstream_url: upstream.url,
      models: { 'test-model': { price, max_output_tokens: 10 }, 'own-key': { provider: 'theirs', price, max_output_tokens: 10 } },
      change: (document) => {
        document.providers.theirs = { ...document.providers.upstream, byok: true };
        document.prices.orgs = { big: ['p1', 'p2'] };
        document.prices.markups = [
          { project: 'p1', model: 'test-*', percent: '2.5' }, { org: 'big', percent: 20 }, { provider: 'theirs', percent: 5 },
        ];
      },
    });
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  const keys = new Map();
  async function key_of(name) {
    if (!keys.has(name)) {
      await gateway.cli('project', 'create', name);
      await gateway.cli('deposit', '--project', name, '--usd', '10', '--id', 'first');
      keys.set(name, (await gateway.json('key', 'create', '--project', name)).key);
    }
    return keys.get(name);
  }
  // What one request took from the project's wallet, and its trace.
  async function spent(name, answer, body = {}) {
    says = answer;
    const key = await key_of(name);
    const before = nano((await gateway.balance(name)).spent);
    const answered = await chat(gateway, { max_tokens: 10, ...body }, { key });
    assert.equal(answered.status, 200, answered.text);
    const after = nano((await gateway.nothing_held(name)).spent);
    const [{ id }] = await gateway.json('trace', 'list', '--project', name, '--limit', '1');
    return { spent: after - before, trace: await gateway.json('trace', 'show', id) };
  }

  test('rules for a project that nobody made are told of', () => {
    const told = gateway.stderr.split('\n').filter((line) => line.includes('unknown_project'));
    assert.equal(told.length, 1, gateway.stderr);
    assert.match(told[0], /prices\.markups.*p1/);
  });

  test('the tier that the answer names is the one that is paid', async () => {
    for (const [asked, told, price] of [
      [undefined, undefined, PRICE], ['flex', 'flex', times(PRICE, 1, 2)], ['flex', 'default', PRICE],
      ['priority', 'priority', times(PRICE, 9, 5)], ['priority', 'default', PRICE], [undefined, 'priority', times(PRICE, 9, 5)],
      ['flex', undefined, times(PRICE, 1, 2)], ['auto', undefined, PRICE], ['default', 'scale', PRICE],
    ]) {
      const { spent: paid, trace } = await spent('tiers', told ? { service_tier: told } : {}, asked ? { service_tier: asked } : {});
      assert.equal(paid, charge(UNITS, price), `asked ${asked}, told ${told}`);
      assert.equal(trace.meta.attempts[0].rating.cost_nano + trace.meta.attempts[0].rating.fee_nano, Number(paid));
    }
  });

  test('searches of the provider are paid by the piece', async () => {
    const { spent: paid, trace } = await spent('searches', { usage: { server_tool_use_details: { web_search_requests: 3 } } });
    assert.equal(paid, (charge(UNITS, PRICE, 0n) + 3n * nano('0.01')) * 110n / 100n);
    assert.equal(trace.meta.attempts[0].rating.usage.search, 3);
  });

  test('the markup is that of the most specific rule', async () => {
    for (const [name, percent_x10] of [['p1', 25n], ['p2', 200n], ['p3', 100n]]) {
      const { spent: paid, trace } = await spent(name, {});
      const base = charge(UNITS, PRICE, 0n);
      assert.equal(paid, (base * (1000n + percent_x10) + 999n) / 1000n, name);
      assert.equal(trace.meta.attempts[0].rating.markup_bps, Number(percent_x10 * 10n));
    }
  });

  test('with a key of the customer only the markup is taken', async () => {
    const { spent: paid, trace } = await spent('own', {}, { model: 'own-key' });
    assert.equal(paid, charge(UNITS, PRICE, 0n) * 5n / 100n);
    assert.equal(trace.cost_usd, '0.00');
    assert.equal(trace.meta.attempts[0].rating.byok, true);
  });

  test('every charge recomputes, and another price list tells its difference', async () => {
    const same = await gateway.json('prices', 'rerate', '--project', 'tiers');
    assert.deepEqual(same.changes, []);
    assert.equal(same.totals.charges, 9);
    assert.equal(same.totals.stored_usd, same.totals.now_usd);
    assert.equal(nano(same.totals.stored_usd), nano((await gateway.balance('tiers')).spent));
    for (const name of ['searches', 'p1', 'own']) assert.equal((await gateway.run('prices', 'rerate', '--project', name)).code, 0);
    // The configuration's own prices go before any list, so there is nothing to tell.
    const file = path.join(gateway.folder, 'other.yaml');
    await writeFile(file, 'providers: { upstream: { test-model: { prices: [{ input: 1 }] } } }');
    assert.deepEqual((await gateway.json('prices', 'rerate', '--project', 'tiers', '--prices', file)).changes, []);
  });
});
