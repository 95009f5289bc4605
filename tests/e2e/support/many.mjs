// A gateway over one double per dialect: the model "DIALECT.SCENARIO" is that dialect's double acting that scenario.
import { Gateway } from './gateway.mjs';
import { KEY, start_double } from './doubles/double.mjs';
import { dialects } from './doubles/index.mjs';
import { scenario_names } from './doubles/script.mjs';

export const upstream_names = Object.keys(dialects);

// USD per million tokens: invented, all different, so that a token in the wrong bucket shows.
export const PRICES = { input: '0.731', output: '3.0375', cache_read: '0.0911', cache_write: '1.13', reasoning: '7.77' };

// What a provider's base_url ends in.
export const base_paths = { openai_chat: '/v1', openai_responses: '/v1', anthropic_messages: '', gemini: '/v1beta' };

export async function start_doubles() {
  const started = {};
  for (const [name, dialect] of Object.entries(dialects)) started[name] = await start_double(dialect);
  return started;
}

export async function start_many({ change = () => {}, ...options } = {}) {
  const doubles = await start_doubles();
  const gateway = await Gateway.start({
    ...options,
    models: {},
    change: (config) => {
      config.surfaces = upstream_names;
      config.providers = {};
      config.retry = { attempts_max: 1 };
      for (const name of upstream_names) {
        config.providers[name] = { use: name, base_url: doubles[name].url + base_paths[name], api_key: KEY };
        for (const scenario of scenario_names) {
          config.models[`${name}.${scenario}`] = { targets: [{ provider: name, model: scenario }], price: PRICES };
        }
      }
      config.providers.gemini.thinking = 'level'; // the doubles' models have no names to tell it by
      change(config, doubles);
    },
  });
  return {
    gateway, doubles,
    async stop() {
      await gateway.stop();
      await Promise.all(Object.values(doubles).map((double) => double.stop()));
    },
  };
}
