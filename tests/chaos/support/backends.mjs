// The ledgers that an experiment runs on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { binary } from '../../e2e/support/gateway.mjs';

const server_program = path.join(path.dirname(binary), 'chaos_postgres_server');

export const backend_names = ['sqlite', 'postgres'];

// {ledger: (name) => the configuration's `ledger`, stop()}, or {missing: why}. Each `name` has books of its own.
export async function start_backend(name) {
  if (name === 'sqlite') return { name, ledger: () => ({ use: 'sqlite' }), stop: async () => {} };
  if (name !== 'postgres') throw new Error(`no backend ${name}; there are ${backend_names.join(' and ')}`);
  try {
    await access(server_program);
  } catch {
    return { missing: 'chaos_postgres_server is not built' };
  }
  const server = spawn(server_program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const [word, ...rest] = String((await lines.next()).value ?? 'failed').split(' ');
  const stop = async () => {
    if (server.exitCode !== null) return;
    const ended = once(server, 'exit');
    server.stdin.end();
    await ended;
  };
  if (word === 'missing') {
    await stop();
    return { missing: rest.join(' ') };
  }
  if (word !== 'url') throw new Error('the PostgreSQL server did not start');
  const tell = async (command) => {
    server.stdin.write(`${command}\n`);
    await lines.next();
  };
  return { name, stop, tell, ledger: (schema = 'onechat') => ({ use: 'postgres', url: rest.join(' '), schema }) };
}
