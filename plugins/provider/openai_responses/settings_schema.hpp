// JSON Schema of the settings, checked by the host before the provider sees them.
#pragma once

namespace onechat::openai_responses {

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
      "properties": {"responses": {"type": "string", "pattern": "^/"}, "input_tokens": {"type": "string", "pattern": "^/"}}
    },
    "encrypted_reasoning": {
      "type": "string", "enum": ["auto", "always", "never"], "default": "auto",
      "description": "Ask for reasoning that can be sent back; auto: not of models known to have none"
    },
    "count_tokens": {"type": "boolean", "default": true, "description": "The vendor has the input_tokens endpoint"},
    "cancel_stops_billing": {"type": "boolean", "default": true}
  }
})";

}  // namespace onechat::openai_responses
