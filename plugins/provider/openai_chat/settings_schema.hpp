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
      "properties": {"chat": {"type": "string", "pattern": "^/"}, "embeddings": {"type": "string", "pattern": "^/"}}
    },
    "max_tokens_field": {"type": "string", "enum": ["max_completion_tokens", "max_tokens"]},
    "reasoning_field": {"type": "string", "enum": ["", "reasoning_content", "reasoning"]},
    "stream_usage": {"type": "boolean", "default": true},
    "cancel_stops_billing": {"type": "boolean", "default": true}
  }
})";

}  // namespace onechat::openai_chat
