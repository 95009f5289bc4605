// JSON Schema of the settings, checked by the host before the provider sees them.
#pragma once

namespace onechat::anthropic_messages {

inline constexpr char kSettingsSchema[] = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "base_url": {"type": "string", "description": "Read by the host; without /v1"},
    "api_key": {"type": "string", "description": "Left out: no credential is sent"},
    "auth": {"type": "string", "enum": ["x-api-key", "bearer"], "default": "x-api-key"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Sent with every request"},
    "paths": {
      "type": "object",
      "additionalProperties": false,
      "properties": {"messages": {"type": "string", "pattern": "^/"}, "count_tokens": {"type": "string", "pattern": "^/"}}
    },
    "versions": {
      "type": "array", "minItems": 1,
      "items": {"type": "string", "enum": ["2023-06-01", "2026-10-21"]},
      "description": "Versions of the API that the upstream serves"
    },
    "betas": {
      "type": "object",
      "additionalProperties": {"type": "array", "items": {"type": "string"}},
      "description": "Betas that the upstream takes, each with the body members it unlocks. Left out: all pass"
    },
    "members": {
      "type": "array", "items": {"type": "string"},
      "description": "With betas: further body members that the upstream takes"
    },
    "max_tokens_default": {"type": "integer", "minimum": 1, "default": 4096},
    "thinking": {"type": "string", "enum": ["auto", "budget", "adaptive"], "default": "auto"},
    "sampling": {"type": "string", "enum": ["auto", "send", "drop"], "default": "auto"},
    "structured_output": {"type": "string", "enum": ["auto", "output_config", "tool"], "default": "auto"},
    "replay_unsigned_thinking": {
      "type": "boolean", "default": false,
      "description": "Send earlier thinking that has no signature, for vendors that sign none and want it back"
    },
    "count_tokens": {"type": "boolean", "default": true, "description": "The upstream offers to count tokens"},
    "cancel_stops_billing": {"type": "boolean", "default": true}
  }
})";

}  // namespace onechat::anthropic_messages
