// A ledger of somebody else's: the SDK's example serves like our own, once the configuration says that it may forget.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { Gateway, binary, run_binary } from './support/gateway.mjs';
import { chat } from './support/http.mjs';

const example_folder = path.join(path.dirname(binary), '../tests/oc_conform/plugins');
const missing = await access(example_folder).then(() => false, () => 'the example ledger is not built here');

describe('the example ledger of the SDK', { skip: missing }, () => {
  const with_ledger = (ledger) => (config) => {
    config.plugins.path.push(example_folder);
    config.ledger = { use: 'com.example.memory_ledger', ...ledger };
  };
  let gateway;
  before(async () => {
    gateway = await Gateway.start({
      models: { 'test-model': { provider: 'demo', target: '1chat/demo' } }, upstream_url: 'http://127.0.0.1:9',
      change: with_ledger({ durable: false }),
    });
  });
  after(() => gateway?.stop());

  test('is refused, in words, unless the configuration takes a ledger that forgets', async () => {
    const refused = Gateway.start({ upstream_url: 'http://127.0.0.1:9', change: with_ledger({}) });
    await assert.rejects(refused, /com\.example\.memory_ledger.*forgets.*durable: false/s);
  });

  test('holds, charges and verifies as ours do', async () => {
    const before_it = await gateway.balance();
    const answer = await chat(gateway, { max_tokens: 100 });
    assert.equal(answer.status, 200, answer.text);
    const after_it = await gateway.nothing_held();
    assert.ok(Number(after_it.available) < Number(before_it.available));
    assert.equal((await gateway.run('ledger', 'verify')).code, 0);
  });

  test('the configuration passes the check', async () => {
    const checked = await run_binary(['check', '--config', gateway.config_file]);
    assert.equal(checked.code, 0, checked.stderr);
  });
});
