// The data folder and the admin token in it.
#pragma once
#include <string>

#include "base/error.hpp"

namespace onechat::control {

// Makes the folder (mode 0700) and `admin.token` (mode 0600, random) where they are missing; gives the token.
// OC_E_CONFIG when that cannot be done, or when others may read the token.
Result<std::string> prepare_data_dir(const std::string& data_dir);

// The token of a data folder that exists. OC_E_NOT_FOUND, OC_E_CONFIG.
Result<std::string> read_admin_token(const std::string& data_dir);

}  // namespace onechat::control
