// What a request must cost, computed with exact whole numbers and by no code of the gateway's.

// "0.0375" -> 37500000n nano-USD.
export function nano(decimal) {
  const match = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(String(decimal));
  if (!match) throw new Error(`no exact USD amount: ${decimal}`);
  const [, sign, whole, fraction = ''] = match;
  const value = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return sign ? -value : value;
}

const ceil_div = (a, b) => (a + b - 1n) / b;

// charge = ceil(sum(units x price) x (1 + markup)) in whole nano-USD; prices are USD per 1,000,000 units.
export function charge(units, prices, markup_percent = 10n) {
  const price = {
    cache_read: prices.input, cache_write: prices.input, cache_write_1h: prices.input, reasoning: prices.output, ...prices,
  };
  let base = 0n; // nano-USD x 1,000,000
  for (const [kind, count] of Object.entries(units)) {
    if (price[kind] !== undefined) base += BigInt(count) * nano(price[kind]);
  }
  if (price.request !== undefined) base += nano(price.request) * 1_000_000n;
  return ceil_div(base * (100n + markup_percent), 100n * 1_000_000n);
}

const at_least_0 = (value) => Math.max(0, value);

// Disjoint buckets of a usage object in any of the shapes that OpenAI-like providers send. They agree on what a total is;
// who leaves reasoning or cached tokens out of the sums shows in what the total has beyond prompt and completion.
export function units_of(usage) {
  const prompt = usage.prompt_tokens ?? 0;
  const completion = usage.completion_tokens ?? 0;
  const inward = usage.prompt_tokens_details ?? usage.prompt_token_details ?? {};
  const outward = usage.completion_tokens_details ?? {};
  const beyond = at_least_0((usage.total_tokens ?? 0) - prompt - completion);

  const cache_read = inward.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cached_tokens ?? usage.num_cached_tokens ?? 0;
  const told_write = inward.cache_write_tokens ?? inward.cache_creation_tokens ?? usage.cache_creation_input_tokens ?? 0;
  const cache_is_extra = cache_read + told_write > 0 && beyond === cache_read + told_write;
  const cache_write = cache_is_extra || cache_read > prompt ? told_write : Math.min(told_write, prompt - cache_read);
  const audio_input = inward.audio_tokens ?? 0;
  const audio_output = outward.audio_tokens ?? 0;

  const told_reasoning = outward.reasoning_tokens ?? 0;
  const hidden = cache_is_extra ? 0 : beyond;
  const reasoning = told_reasoning || hidden;
  const reasoning_is_inside = told_reasoning > 0 && hidden !== told_reasoning && told_reasoning <= completion;
  return {
    input: at_least_0(prompt - (cache_is_extra ? 0 : cache_read + cache_write) - audio_input),
    cache_read,
    cache_write,
    audio_input,
    output: at_least_0(completion - audio_output - (reasoning_is_inside ? told_reasoning : 0)),
    reasoning,
    audio_output,
  };
}
