// Turns the public price catalogues into the form of config/prices.yaml. Takes what is exact, and says what it left out
// and why: a price that we cannot meter, or that depends on what we do not know, must not be guessed.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace onechat::ledger {

struct ImportedPrices {
  std::string yaml;  // a whole prices file
  std::size_t models = 0;
  std::vector<std::string> skipped;  // "openai/whisper-1: priced by audio_hours": the model is not in `yaml`
  std::vector<std::string> notes;    // "openai/gpt-5: left out storage_searches_kcount": it is, without that
};

// LiteLLM's model_prices_and_context_window.json: USD per token. A service tier whose prices are all the same multiple of the
// standard ones becomes that multiplier.
Result<ImportedPrices> import_litellm(std::string_view json);
// genai-prices' data.json: USD per million, with tiers and dates.
Result<ImportedPrices> import_genai(std::string_view json);
// Either of them, told apart by its form.
Result<ImportedPrices> import_prices(std::string_view json);

}  // namespace onechat::ledger
