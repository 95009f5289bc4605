// docs/conformance.md: made from a run over all recordings. Deterministic: the same plugins and recordings give the
// same text.
#pragma once
#include <string>

namespace onechat::conformance {

// Set by `--write`: the file is written instead of compared.
bool& write_table();
std::string make_table();

}  // namespace onechat::conformance
