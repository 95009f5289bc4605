// JSON Schema of the settings, checked by the host before the provider sees them.
#pragma once

namespace onechat::gemini {

inline constexpr char kSettingsSchema[] = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "base_url": {"type": "string", "description": "Read by the host; without a path, /v1beta is meant"},
    "api_key": {"type": "string", "description": "Left out: no credential is sent"},
    "api_key_header": {"type": "string", "enum": ["x-goog-api-key", "authorization"], "default": "x-goog-api-key"},
    "headers": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Sent with every request"},
    "json_schema": {"type": "boolean", "default": true},
    "dummy_signature": {"type": "boolean", "default": true},
    "fetches_urls": {"type": "boolean"},
    "thinking": {"type": "string", "enum": ["auto", "none", "budget", "level"], "default": "auto"},
    "cancel_stops_billing": {"type": "boolean", "default": true}
  }
})";

}  // namespace onechat::gemini
