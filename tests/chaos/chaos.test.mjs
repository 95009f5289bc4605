// The experiments in their short form; ONECHAT_LONG=1 makes them longer. README.md has the commands of the long ones.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { binary, root } from '../e2e/support/gateway.mjs';
import { disk_full } from './disk_full.mjs';
import { DEFAULTS as DRAIN, drain_wallet } from './drain_wallet.mjs';
import { DEFAULTS as KILL, kill_gateway } from './kill_gateway.mjs';
import { start_backend } from './support/backends.mjs';

const long = Boolean(process.env.ONECHAT_LONG);
const seed = Number(process.env.ONECHAT_SEED ?? 1);
const execute = promisify(execFile);

// Runs an experiment; what it could not do here is a skipped case that says why.
async function conduct(context, experiment, options) {
  const found = await experiment({ ...options, log: (line) => context.diagnostic(line) });
  if (found.skipped) context.skip(found.skipped);
  return found;
}

for (const backend of ['sqlite', 'postgres']) {
  test(`kill -9 of the gateway under load, ${backend}: whole answers are charged once, nothing else is`, async (context) => {
    const found = await conduct(context, kill_gateway, { ...KILL, backend, kills: long ? 40 : 5, life_ms: 600, seed });
    if (!found.skipped) assert.ok(found.answered > 0 && found.verified === found.kills, JSON.stringify(found));
  });
}

describe('one wallet, many clients: never a nano too much', () => {
  const worlds = [['sqlite', 1], ['postgres', 1], ['postgres', 2], ...(long ? [['postgres', 4]] : []), ['postgres', 8]];
  for (const [backend, nodes] of worlds) {
    for (const leased of [0, 1]) {
      const requests = !long ? 400 : nodes === 8 ? 10_000 : 2_000;
      test(`${nodes} gateways on ${backend}, ${leased ? 'leased' : 'direct'}`, async (context) => {
        await conduct(context, drain_wallet, { ...DRAIN, backend, nodes, leased, requests, usd: !long ? '0.25' : nodes === 8 ? '10' : '1', seed });
      });
    }
  }
});

test('three gateways whose clocks are an hour apart', async (context) => {
  const pause_s = long ? 60 : 0; // and one that stands still for so long
  await conduct(context, drain_wallet, { ...DRAIN, nodes: 3, leased: 1, requests: long ? 3_000 : 400, usd: long ? '1' : '0.25', skew_s: 3_600, pause_s, seed });
});

test('a full disk, a read-only disk: fails closed and goes on by itself', async (context) => {
  await conduct(context, disk_full, { times: long ? 10 : 1, seed, size: '48m' });
});

test('a long history of an old schema is opened without a long lock', async (context) => {
  const transfers = long ? 5_000_000 : 200_000;
  const { stdout } = await execute('python3', [path.join(root, 'tests/chaos/migrate_big_file.py'), '--binary', binary,
    '--transfers', String(transfers)]);
  context.diagnostic(stdout.trim());
});

test('PostgreSQL passes oc-conform', async (context) => {
  const books = await start_backend('postgres');
  if (books.missing) return context.skip(books.missing);
  try {
    const { use, ...settings } = books.ledger('{name}');
    const only = long ? [] : ['--only', 'empty,edges,model,repeat,copy,damage,crash'];
    const folder = path.dirname(binary);
    const { stdout } = await execute(path.join(folder, 'oc-conform'), ['--kind', 'ledger',
      path.join(folder, `../lib/1chat/plugins/ledger.${use}.so`), '--config', JSON.stringify(settings), '--seed', String(seed),
      '--ops', long ? '200000' : '10000', '--kills', long ? '100' : '5', ...only]);
    context.diagnostic(stdout.trim());
  } finally {
    await books.stop();
  }
});
