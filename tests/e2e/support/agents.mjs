// Coding agents as clients: where each is found, how it is pointed at a base URL, and how it is given its task.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { clean_environment, root } from './gateway.mjs';

const modules = path.join(root, 'tests/e2e/agents/node_modules');
const first_of = (...files) => files.map((file) => path.join(modules, file)).find(existsSync);

const PI_APIS = { openai_chat: 'openai-completions', openai_responses: 'openai-responses', anthropic_messages: 'anthropic-messages', gemini: 'google-generative-ai' };
const PI_BASES = { openai_chat: '/v1', openai_responses: '/v1', anthropic_messages: '', gemini: '/v1beta' };

// Each: which dialect it speaks, its program, files to write into its home, arguments and environment.
const pi = (dialect) => ({
  name: `pi, ${dialect}`, dialect, program: () => first_of('.bin/pi'), node: 20,
  files: ({ url, key, model, home }) => ({
    [`${home}/models.json`]: {
      providers: { gateway: { baseUrl: url + PI_BASES[dialect], api: PI_APIS[dialect], apiKey: key, models: [{ id: model }] } },
    },
  }),
  words: ({ model, task }) => ['--offline', '--no-session', '--provider', 'gateway', '--model', model, '-p', task],
  env: ({ home }) => ({ PI_CODING_AGENT_DIR: home, PI_OFFLINE: '1', PI_TELEMETRY: '0' }),
});

export const agents = [
  pi('openai_chat'), pi('openai_responses'), pi('anthropic_messages'), pi('gemini'),
  {
    name: 'Codex', dialect: 'openai_responses', program: () => first_of('.bin/codex'), node: 16,
    words: ({ url, model, task }) => [
      'exec', '--skip-git-repo-check', '--sandbox', 'danger-full-access', '-m', model, '-c', 'model_provider=gateway',
      '-c', `model_providers.gateway={name="gateway",base_url="${url}/v1",env_key="GATEWAY_KEY",wire_api="responses"}`, task,
    ],
    env: ({ key, home }) => ({ GATEWAY_KEY: key, CODEX_HOME: home }),
  },
  {
    name: 'Claude Code', dialect: 'anthropic_messages', program: () => first_of('@anthropic-ai/claude-code-linux-x64/claude'), node: 18,
    words: ({ model, task }) => ['-p', task, '--model', model, '--allowedTools', 'Read', '--output-format', 'text'],
    env: ({ url, key }) => ({
      ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key, CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1',
    }),
    small_model: 'ANTHROPIC_SMALL_FAST_MODEL',
  },
  {
    name: 'Gemini CLI', dialect: 'gemini', program: () => first_of('.bin/gemini'), node: 20,
    files: ({ home }) => ({ [`${home}/.gemini/settings.json`]: { security: { auth: { selectedType: 'gemini-api-key' } }, privacy: { usageStatisticsEnabled: false } } }),
    words: ({ model, task }) => ['-p', task, '-m', model, '--skip-trust', '--approval-mode', 'yolo'],
    env: ({ url, key }) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: key, GEMINI_TELEMETRY_ENABLED: 'false' }),
  },
  {
    name: 'opencode', dialect: 'openai_chat', program: () => first_of('opencode-linux-x64/bin/opencode', 'opencode-linux-x64-baseline/bin/opencode'), node: 18,
    files: ({ url, key, model, work }) => ({
      [`${work}/opencode.json`]: {
        autoupdate: false, share: 'disabled', model: `gateway/${model}`, small_model: `gateway/${model}`,
        provider: { gateway: { npm: '@ai-sdk/openai-compatible', name: 'gateway', options: { baseURL: `${url}/v1`, apiKey: key }, models: { [model]: { name: model, tool_call: true } } } },
        permission: { '*': 'allow' },
      },
    }),
    words: ({ task }) => ['run', task],
    env: ({ home }) => ({ XDG_CONFIG_HOME: `${home}/config`, XDG_DATA_HOME: `${home}/data`, XDG_CACHE_HOME: `${home}/cache`, XDG_STATE_HOME: `${home}/state` }),
  },
];

// Why an agent cannot be tried here, or false.
export function missing_agent(agent) {
  if (Number(process.versions.node.split('.')[0]) < agent.node) return `${agent.name} needs a newer node`;
  return !agent.program() && `${agent.name} is not installed`;
}

// Gives the agent its task in a folder of its own; {error, stdout, stderr}. Its last words are in stdout.
export async function run_agent(agent, { url, key, model, timeout = 90_000 }) {
  const folder = await mkdtemp(path.join(tmpdir(), '1chat-agent-'));
  const place = { url, key, model, home: path.join(folder, 'home'), work: path.join(folder, 'work') };
  await mkdir(place.home);
  await mkdir(place.work);
  const note = path.join(place.work, 'note.txt');
  await writeFile(note, 'it snows in Oslo\n');
  for (const [file, value] of Object.entries(agent.files?.(place) ?? {})) {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(value));
  }
  const env = clean_environment({ HOME: place.home, NO_COLOR: '1', ...agent.env(place), ...(agent.small_model ? { [agent.small_model]: model } : {}) });
  const words = agent.words({ ...place, task: `What does ${note} say?` });
  try {
    return await new Promise((resolve) => {
      const child = execFile(agent.program(), words, { cwd: place.work, env, timeout, maxBuffer: 16 << 20 }, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
      child.stdin.end();
    });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
