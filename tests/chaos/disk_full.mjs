// A14: the disk of the data folder is full, then has room again; then it is read-only. While it is full the gateway fails
// closed; nobody repairs anything by hand; every answer that was given is charged, exactly.
//
//   node tests/chaos/disk_full.mjs --times 3 --seed 1        (as root: it mounts a small tmpfs)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, writeSync, closeSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Gateway, eventually } from '../e2e/support/gateway.mjs';
import { is_main, main, random_of } from './support/arguments.mjs';
import { agent_of, ask, charges, nano } from './support/load.mjs';
import { PRICE, PricedUpstream, charge_of } from './support/priced_upstream.mjs';

export const DEFAULTS = { times: 2, seed: 1, size: '48m' };
const DEPOSIT_USD = '100';

function fill(file) {
  const out = openSync(file, 'w');
  for (const block of [Buffer.alloc(1 << 16), Buffer.alloc(512)]) {
    try {
      for (;;) if (writeSync(out, block) < block.length) break;
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    }
  }
  closeSync(out);
}

export async function disk_full({ times, seed, size, log = () => {} }) {
  if (process.getuid() !== 0) return { skipped: 'mounting a small disk takes root' };
  const disk = mkdtempSync(path.join(tmpdir(), '1chat-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk], { stdio: 'pipe' });
  } catch {
    rmSync(disk, { recursive: true });
    return { skipped: 'this machine does not let us mount' };
  }
  const outside = process.env.TMPDIR;
  const upstream = await PricedUpstream.start();
  const random = random_of(seed);
  const sum = { seed, times, answered: 0, refused_while_full: 0, back_ms_max: 0 };
  let gateway;
  try {
    process.env.TMPDIR = disk;
    gateway = await Gateway.start({
      upstream_url: upstream.url, models: { 'test-model': { price: PRICE } }, fund: { usd: DEPOSIT_USD },
      change: (config) => { config.leases = { above_per_s: 0 }; },
    });
    const agent = agent_of(4);
    const answered = new Map(); // trace -> n
    let n = 0;
    const one = async () => {
      const mine = ++n;
      const got = await ask(gateway, agent, { n: mine, input: 100 + mine, output: 3, ms: Math.floor(random() * 5), max_tokens: 50 }, { stream: random() < 0.3 });
      if (got.status === 200 && got.whole) answered.set(got.trace, mine);
      return got;
    };
    const some = async (count) => {
      const all = [];
      for (let i = 0; i < count; i += 4) all.push(...await Promise.all([one(), one(), one(), one()]));
      return all;
    };
    for (let time = 1; time <= times; ++time) {
      assert.ok((await some(20)).every((a) => a.status === 200), 'while there is room, all is well');
      fill(path.join(disk, 'filler'));
      const full = await eventually(async () => {
        const got = await some(4); // each waits some seconds for the ledger to come back
        return got.every((a) => a.status === 503) && got;
      }, 30_000, `time ${time}: with a full disk new requests are refused`);
      sum.refused_while_full += full.length;
      assert.match(full[0].body, /ledger_unavailable/);
      rmSync(path.join(disk, 'filler'));
      const room = Date.now();
      await eventually(async () => (await one()).status === 200, 20_000, `time ${time}: it goes on by itself`);
      sum.back_ms_max = Math.max(sum.back_ms_max, Date.now() - room);
      log(`time ${time}: back after ${Date.now() - room} ms`);
    }
    await gateway.nothing_held(undefined, 20_000);
    const found = new Map((await charges(gateway)).map((charge) => [charge.trace, charge.nano]));
    for (const [trace, mine] of answered) {
      assert.equal(found.get(trace), charge_of(upstream.served.get(mine)), `request ${mine} was answered`);
    }
    sum.answered = answered.size;
    const spent = [...found.values()].reduce((a, b) => a + b, 0n);
    assert.equal(nano((await gateway.balance()).available), nano(DEPOSIT_USD) - spent);
    assert.equal((await gateway.run('ledger', 'verify')).code, 0);

    gateway.signal('SIGKILL');
    await gateway.exited;
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await assert.rejects(gateway.restart(), /ended/, 'books that cannot be written are not opened');
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await gateway.restart();
    assert.equal((await one()).status, 200);
    assert.equal((await gateway.run('ledger', 'verify')).code, 0);
    agent.destroy();
    return { ...sum, read_only: 'refused to start, started when it was writable' };
  } finally {
    await gateway?.stop();
    await upstream.stop();
    if (outside === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = outside;
    execFileSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true });
  }
}

if (is_main(import.meta)) await main(disk_full, DEFAULTS);
