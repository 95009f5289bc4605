#include "provider.hpp"

namespace {

constexpr char kSchema[] = R"({
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "base_url": {"type": "string", "description": "Ignored: nothing is called"},
    "tokens_per_second": {"type": "integer", "minimum": 0, "maximum": 100000, "default": 0},
    "first_token_ms": {"type": "integer", "minimum": 0, "maximum": 600000, "default": 0}
  }
})";

}  // namespace

ONECHAT_ACTIVE_PROVIDER(onechat::demo::Provider, "provider.demo", "0.9.0", "A model without intelligence, for first steps",
                        kSchema, OC_PROV_CAP_STREAM | OC_PROV_CAP_TOOLS | OC_PROV_CAP_CANCEL_STOPS_BILLING)
