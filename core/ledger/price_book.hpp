// What models cost: config/prices.yaml in memory. Immutable after it is loaded; any thread may read.
//
// The file:
//   providers:
//     openai:
//       gpt-5.6-luna:
//         also: [gpt-5.6-luna-2026*]          # other names; a last "*" matches any rest, the longest match wins
//         max_output_tokens: 128000
//         prices:                             # by date; the first may leave `from` out (since ever)
//           - { input: 1, output: 6, cache_read: 0.1, above: [{ input_tokens: 272000, input: 2, output: 9 }] }
//           - { from: 2026-07-30, input: 0.2, output: 1.2, search: 0.01, flex: 0.5, priority: { input: 0.4, output: 2.4 } }
// Price names and units: ledger/price.hpp. A tier of `above` holds for the whole request once its input is larger. flex,
// priority, batch and fast hold for requests that were served so: a multiplier of all that is priced by tokens, or
// prices of their own, with an `above` of their own. Names that a tier leaves out keep the price of the row.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.hpp"
#include "ledger/price.hpp"

namespace onechat::ledger {

class PriceBook {
 public:
  struct Version {
    std::int64_t from_unix_ms = 0;  // INT64_MIN: since ever
    Price price;
    std::string text;  // price_text(): the row in full, for whoever wants to know later what was charged by
  };
  struct Model {
    std::string provider, id;
    std::vector<std::string> also;
    std::uint64_t max_output_tokens = 0;  // 0: not known
    std::vector<Version> versions;        // rising
  };
  struct Found {
    const Model* model = nullptr;
    const Price* price = nullptr;
    std::string_view text;  // of its row
    explicit operator bool() const noexcept { return price != nullptr; }
  };

  // Errors: OC_E_CONFIG, "file:line: what is wrong".
  static Result<PriceBook> load(const std::string& file);
  static Result<PriceBook> parse(const std::string& yaml, const std::string& name);

  // The price at that time. A provider that the book does not know gets the model's price if exactly one provider has
  // such a model (a second configured entry of one vendor); one that it knows, only what is listed for it.
  Found find(std::string_view provider, std::string_view model, std::int64_t unix_ms) const;

  const std::vector<Model>& models() const noexcept { return models_; }

 private:
  struct Names {  // one provider's, or all
    StringMap<std::size_t> exact;
    std::vector<std::pair<std::string, std::size_t>> prefixes;  // longest first
    std::size_t find(std::string_view model) const;
  };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kSeveral = kNone - 1;

  // Returns the name that is given twice, or "".
  std::string index();

  std::vector<Model> models_;
  StringMap<Names> by_provider_;
  Names any_;
};

// One row of `prices`, as YAML or JSON. Errors: OC_E_CONFIG, what is wrong.
Result<PriceBook::Version> parse_row(const std::string& text);

// "2026-07-30" (midnight UTC) -> Unix ms; nullopt when it is no date.
std::optional<std::int64_t> parse_date(std::string_view text);

}  // namespace onechat::ledger
