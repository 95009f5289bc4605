// Charges as traces keep them, recomputed: under the price they were made by, or under another.
//
// Each attempt of a trace's meta that cost money has a "rating": everything that went into its charge and what came out
// of it, so that a charge can be recomputed from the trace alone.
//   {"price":{row of the prices file},"usage":{"input":10,...,"tier":"flex"},"markup_bps":1000,"byok":true,
//    "numerator":"37500000","denominator":1000000,"cost_nano":38,"fee_nano":4}
// Pure functions; any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/price_book.hpp"
#include "ledger/rating.hpp"

struct oc_jsonw;

namespace onechat::ledger {

struct StoredRating {
  std::string provider, model;  // of the target
  std::string price_text;
  Price price;
  oc_usage usage{};
  Terms terms;
  std::string numerator;
  std::int64_t denominator = 1, cost = 0, fee = 0;  // nano-USD
};

// The value of "rating". `price_text`: the row as price_text() gives it.
void write_rating(oc_jsonw& w, std::string_view price_text, const oc_usage& usage, const Terms& terms,
                  const Rated& rated);

// The charged attempts of a trace, in their order. Errors: OC_E_PARSE, which part cannot be read.
Result<std::vector<StoredRating>> stored_ratings(std::string_view meta_json);

// "": the stored numbers follow from the stored price, usage and terms. Else what does not.
std::string recompute(const StoredRating& stored);

// The charge as lines for people: each unit with its count, rate and amount, the tier, rounding, markup, and whether the
// stored numbers recompute. A trace that cost nothing says so.
std::vector<std::string> explain_rating(std::string_view meta_json);

}  // namespace onechat::ledger
