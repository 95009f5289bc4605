// The four doubles by the name of their dialect.
import { anthropic_messages, usage_of as anthropic_usage } from './anthropic_messages.mjs';
import { gemini, usage_of as gemini_usage } from './gemini.mjs';
import { openai_chat, usage_of as chat_usage } from './openai_chat.mjs';
import { openai_responses, usage_of as responses_usage } from './openai_responses.mjs';

export const dialects = { openai_chat, openai_responses, anthropic_messages, gemini };
export const usage_shapes = { openai_chat: chat_usage, openai_responses: responses_usage, anthropic_messages: anthropic_usage, gemini: gemini_usage };

// What an upstream of this dialect can tell of a usage: Gemini has no cache that a request writes.
export function told_usage(dialect, usage) {
  return dialect === 'gemini' ? { ...usage, fresh: usage.fresh + usage.cache_write, cache_write: 0 } : usage;
}
