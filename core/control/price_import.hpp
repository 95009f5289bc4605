// `1chat prices import`: a public price catalogue becomes entries of the prices file.
#pragma once
#include <ostream>
#include <string>

#include "base/error.hpp"

namespace onechat::control {

// Reads a LiteLLM or genai-prices catalogue and writes our YAML: to `out_file`, which must not exist yet, or to `out`
// when it is "". What was skipped, and why, goes to `err`. Errors: OC_E_IO, OC_E_INVALID.
Result<void> import_prices(const std::string& file, const std::string& out_file, std::ostream& out, std::ostream& err);

}  // namespace onechat::control
