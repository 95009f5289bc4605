// JSON Schema of the settings, checked by the host before the provider sees them.
#pragma once

namespace onechat::openai_chat {

inline constexpr char kSettingsSchema[] = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "base_url": {"type": "string", "description": "Read by the host; up to and including /v1"},
    "api_key": {"type": "string", "description": "Left out: no credential is sent"},
    "api_key_header": {"type": "string", "enum": ["authorization", "api-key"], "default": "authorization"},
    "organization": {"type": "string"},
    "project": {"type": "string"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Sent with every request"},
    "paths": {
      "type": "object",
      "additionalProperties": false,
      "description": "May carry a query, and {model} where the address names the deployment",
      "properties": {"chat": {"type": "string", "pattern": "^/"}, "embeddings": {"type": "string", "pattern": "^/"}}
    },
    "max_tokens_field": {"type": "string", "enum": ["max_completion_tokens", "max_tokens"]},
    "reasoning_field": {"type": "string", "enum": ["", "reasoning_content", "reasoning"]},
    "reasoning_style": {"type": "string", "enum": ["effort", "openrouter", "enable_thinking", "thinking", "none"], "default": "effort"},
    "reasoning_efforts": {
      "type": "array",
      "description": "Words of reasoning_effort that the vendor knows; others are sent as the nearest of them",
      "items": {"type": "string", "enum": ["none", "minimal", "low", "medium", "high", "xhigh", "max"]}
    },
    "system_role": {"type": "string", "enum": ["system", "developer"], "default": "system"},
    "tool_ids": {"type": "string", "enum": ["any", "nine"], "default": "any"},
    "takes": {
      "type": "array",
      "description": "Optional members that the vendor accepts in requests of other dialects; left out: those of OpenAI",
      "items": {"type": "string", "enum": ["temperature", "top_p", "top_k", "penalties", "seed", "stop", "n", "logprobs",
        "parallel_tool_calls", "service_tier", "verbosity", "user", "json_schema", "custom_tools", "allowed_tools", "strict_tools",
        "prompt_cache_key", "file_url"]}
    },
    "cache_control": {"type": "boolean", "default": false},
    "stream_usage": {"type": "boolean", "default": true},
    "cancel_stops_billing": {"type": "boolean", "default": true}
  }
})";

}  // namespace onechat::openai_chat
