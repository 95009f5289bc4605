// The plugin's settings, read from the JSON that the host gives.
#pragma once
#include <onechat/abi.h>

#include "session.hpp"

namespace onechat::ledger_postgres {

// Throws ConfigError: which setting, what is wrong.
Settings read_settings(oc_bytes json);

extern const char kSettingsSchema[];

}  // namespace onechat::ledger_postgres
