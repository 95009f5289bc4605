// What was written down of the ledger's chain tells when the ledger's last pages were taken away: the books alone cannot.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Gateway, eventually } from './support/gateway.mjs';
import { chat } from './support/http.mjs';

describe('anchors of the ledger', () => {
  let gateway, anchors, ledger_file, kept;
  before(async () => {
    gateway = await Gateway.start({
      models: { 'test-model': { provider: 'demo', target: '1chat/demo' } }, upstream_url: 'http://127.0.0.1:9',
      change: (config) => { config.audit = { anchor_every_s: 1 }; },
    });
    anchors = path.join(gateway.data, 'ledger-anchors.jsonl');
    ledger_file = path.join(gateway.data, 'ledger.db');
    kept = path.join(gateway.folder, 'ledger-as-it-was.db');
  });
  after(() => gateway?.stop());

  const lines = async () => (await readFile(anchors, 'utf8').catch(() => '')).split('\n').filter(Boolean).map(JSON.parse);
  const served = async () => {
    const answer = await chat(gateway, { max_tokens: 100 });
    assert.equal(answer.status, 200, answer.text);
    await gateway.nothing_held();
  };
  const ended = async () => {
    gateway.signal('SIGTERM');
    await gateway.exited;
  };

  test('are written as the chain grows, and are what the gateway says', async () => {
    await served();
    const [now] = (await gateway.cli('ledger', 'anchors')).split('\n').filter(Boolean).map(JSON.parse);
    const last = await eventually(async () => (await lines()).find((a) => a.link >= now.link), 5_000, 'an anchor');
    assert.match(last.sha256, /^[0-9a-f]{64}$/);
    assert.ok((await lines()).every((a) => a.node === 1 && a.first <= a.last));
  });

  test('agree with books that are as they were', async () => {
    const checked = await gateway.run('ledger', 'anchors', '--check', anchors);
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    assert.match(checked.stdout, /^[1-9]\d* anchors checked, 0 breaches$/m);
  });

  test('a file that is none is told', async () => {
    const other = path.join(gateway.folder, 'other.jsonl');
    await writeFile(other, '{"node":1}\n');
    const checked = await gateway.run('ledger', 'anchors', '--check', other);
    assert.equal(checked.code, 1);
    assert.match(checked.stderr, /an anchor has 'node', 'link', 'first' and 'sha256'/);
    assert.equal((await gateway.run('ledger', 'anchors', '--check', path.join(gateway.folder, 'absent'))).code, 2);
  });

  test('books whose end was taken away verify, and do not agree', async () => {
    await ended();
    await copyFile(ledger_file, kept);
    await gateway.restart();
    const before_it = (await lines()).length;
    await served();
    await eventually(async () => (await lines()).length > before_it, 5_000, 'a new anchor');
    await ended();
    await copyFile(kept, ledger_file);
    await Promise.all(['-wal', '-shm'].map((end) => rm(ledger_file + end, { force: true })));
    await rm(path.join(gateway.data, 'journal'), { recursive: true, force: true });
    await gateway.restart();
    assert.equal((await gateway.run('ledger', 'verify')).code, 0);
    const checked = await gateway.run('ledger', 'anchors', '--check', anchors);
    assert.equal(checked.code, 1, checked.stdout);
    assert.match(checked.stdout, /I14 {2}node 1: link \d+ (over the transfers from \d+ is gone|has another hash than it had)/);
    assert.equal(JSON.parse((await gateway.run('ledger', 'anchors', '--check', anchors, '--json')).stdout).ok, false);
  });
});
