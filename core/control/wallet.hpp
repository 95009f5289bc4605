// Whose money is meant: a project's own wallet, or the one of the organization that pays for it.
#pragma once
#include <string>

#include "control/directory.hpp"

namespace onechat::control {

struct Wallet {
  std::string project, org;  // names; project "": the organization as a whole was meant
  std::uint64_t project_id = 0, account = 0;
  std::int64_t created_unix_ms = 0;  // nothing was posted before
};

// By a project's name or an organization's, exactly one of them. OC_E_INVALID, OC_E_NOT_FOUND.
Result<Wallet> find_wallet(const Directory& directory, const std::string& project, const std::string& org);

}  // namespace onechat::control
