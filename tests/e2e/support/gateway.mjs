// The real binary on ephemeral ports with a data folder of its own. One instance per test file, stopped by stop().
import { spawn, execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const binary = process.env.ONECHAT_BINARY ?? path.join(root, 'build/bin/1chat');
export const plugin_folder = process.env.ONECHAT_PLUGINS ?? path.join(path.dirname(path.dirname(binary)), 'lib/1chat/plugins');

const START_MS = 15_000;

// The environment of a child: no provider keys, proxies or settings of the person who runs the tests.
export function clean_environment(extra = {}) {
  const kept = {};
  for (const name of ['PATH', 'HOME', 'TMPDIR', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS']) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  return { ...kept, ...extra };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Calls probe() until it returns something true; that is the result. Fails after `ms` with the last thing seen.
export async function eventually(probe, ms = 5000, what = 'condition') {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    last = await probe();
    if (last) return last;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await sleep(20);
  }
}

// A configuration in which every model of `models` goes to one OpenAI-shaped upstream. JSON is YAML, so it is written
// as JSON. `change` may edit the document before it is written.
export function config_of({ upstream_url, models = { 'test-model': {} }, change, data, stages = [] }) {
  const document = {
    listen: '127.0.0.1:0',
    admin: { listen: '127.0.0.1:0' },
    data,
    workers: 2,
    plugins: { path: [plugin_folder] },
    surfaces: ['openai_chat'],
    providers: {
      upstream: { use: 'openai_chat', base_url: `${upstream_url}/v1`, api_key: 'upstream-secret-key' },
      demo: { use: 'demo' },
    },
    models: {},
    prices: { markup_percent: 10 },
    breaker: { failures: 1000 }, // tests make providers fail on purpose; only some of them want an open circuit
    ledger: { use: 'sqlite' },
    store: { use: 'sqlite' },
    pipeline: ['authenticate', 'admit', ...stages, 'route', 'reserve', 'call', 'settle', 'trace'],
  };
  for (const [id, { target = id, provider = 'upstream', price = { input: '1', output: '2' }, ...rest }] of Object.entries(models)) {
    document.models[id] = { targets: [{ provider, model: target }], price, ...rest };
  }
  change?.(document);
  return document;
}

export class Gateway {
  static async start(options = {}) {
    const folder = await mkdtemp(path.join(tmpdir(), '1chat-e2e-'));
    const gateway = new Gateway(folder, options);
    try {
      await gateway.write_config(options);
      await gateway.launch();
      if (options.fund !== false) await gateway.fund(options.fund ?? {});
    } catch (error) {
      await gateway.stop();
      throw error;
    }
    return gateway;
  }

  constructor(folder, options) {
    this.folder = folder;
    this.data = path.join(folder, 'data');
    this.config_file = path.join(folder, '1chat.yaml');
    this.options = options;
    this.stdout = '';
    this.stderr = '';
  }

  async write_config(options) {
    const text = options.config_text ?? JSON.stringify(config_of({ ...options, data: this.data }), null, 1);
    await writeFile(this.config_file, text);
  }

  async launch() {
    const words = ['serve', '--config', this.config_file, '--data', this.data, '--listen', '127.0.0.1:0', '--admin',
      '127.0.0.1:0', ...(this.options.serve_args ?? [])];
    this.stdout = '';
    this.process = spawn(binary, words, { cwd: root, env: clean_environment(this.options.env), stdio: ['ignore', 'pipe', 'pipe'] });
    this.exited = once(this.process, 'exit').then(([code, signal]) => ({ code, signal }));
    this.process.stderr.on('data', (bytes) => { this.stderr += bytes; });
    this.process.stdout.on('data', (bytes) => { this.stdout += bytes; });
    const ready = /^ready.*?127\.0\.0\.1:(\d+).*?127\.0\.0\.1:(\d+)/ms;
    await Promise.race([
      eventually(() => ready.test(this.stdout), START_MS, 'ready line').catch((error) => {
        throw new Error(`${error.message}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
      }),
      this.exited.then(({ code, signal }) => {
        throw new Error(`the gateway ended (${code ?? signal}) before it was ready\n${this.stdout}\n${this.stderr}`);
      }),
    ]);
    const [, port, admin_port] = this.stdout.match(ready);
    this.port = Number(port);
    this.url = `http://127.0.0.1:${port}`;
    this.admin_url = `http://127.0.0.1:${admin_port}`;
    this.admin_token = (await readFile(path.join(this.data, 'admin.token'), 'utf8')).trim();
  }

  // A project with money and a key; what most tests start from.
  async fund({ project = 'tests', usd = '1000' }) {
    this.project = project;
    await this.cli('project', 'create', project);
    this.key = (await this.json('key', 'create', '--project', project)).key;
    if (Number(usd) > 0) await this.cli('deposit', '--project', project, '--usd', usd, '--id', 'start');
  }

  // Runs a command of the gateway's CLI against this instance: {code, stdout, stderr}; never throws for an exit code.
  run(...words) {
    const connection = ['--admin-url', this.admin_url, '--data', this.data];
    return run_binary([...words, ...connection]);
  }
  async cli(...words) {
    const done = await this.run(...words);
    if (done.code !== 0) throw new Error(`1chat ${words.join(' ')} ended with ${done.code}: ${done.stderr}${done.stdout}`);
    return done.stdout;
  }
  async json(...words) {
    return JSON.parse(await this.cli(...words, '--json'));
  }
  balance(project = this.project) {
    return this.json('balance', '--project', project);
  }

  async admin(method, target, body) {
    const answer = await fetch(this.admin_url + target, {
      method,
      headers: { authorization: `Bearer ${this.admin_token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, text: await answer.text() };
  }

  // The trace of an exchange; it is written behind the answer, so this waits for it.
  trace(id) {
    return eventually(async () => {
      const { status, text } = await this.admin('GET', `/api/v1/traces/${id}`);
      return status === 200 && JSON.parse(text);
    }, 5000, `trace ${id}`);
  }

  // Every hold is settled or given back; what a lease has left is no request's, and goes back when it is idle.
  nothing_held(project = this.project, ms = 5000) {
    return eventually(async () => {
      const balance = await this.balance(project);
      return balance.held === balance.leased && balance;
    }, ms, 'held == leased');
  }

  signal(name) {
    this.process.kill(name);
  }

  async restart() {
    await this.launch();
  }

  async stop() {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM');
      const killer = setTimeout(() => this.process.kill('SIGKILL'), 8000);
      await this.exited;
      clearTimeout(killer);
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function run_binary(words, { env = {}, cwd = root, timeout = 20_000 } = {}) {
  return new Promise((resolve) => {
    execFile(binary, words, { cwd, env: clean_environment(env), timeout, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error ? error.code ?? -1 : 0, stdout, stderr });
    });
  });
}
