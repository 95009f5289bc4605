// `1chat prices rerate`: every stored charge of a project, recomputed under its own price and compared with another.
//
// Works page by page on the store: memory stays at one page, whatever is asked for. Blocks; not for an event loop.
#pragma once
#include <onechat/host.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "ledger/price.hpp"
#include "record/store_engine.hpp"

namespace onechat::control {

// The price that a charge is compared with: by the model as it was asked for, provider, the provider's own name of the
// model, and the time of the request. nullopt: there is none.
using PriceAt = std::function<std::optional<ledger::Price>(std::string_view model, std::string_view provider,
                                                           std::string_view target_model, std::int64_t unix_ms)>;

// Writes one JSON object: {"changes":[...],"totals":{...}}. A change is a charge
//   "broken"    whose stored numbers do not follow from its own stored price, or do not add up to the trace's;
//   "different" that would be another amount today;
//   "unpriced"  that has no price to compare with;
//   "unrated"   of a trace that does not say how its charge came about.
// `filter.limit` and `filter.before` are not used. Errors go into the document: a store that fails ends it with
// "complete": false.
void write_rerate(std::ostream& out, record::StoreEngine& store, record::StoreEngine::Filter filter, const PriceAt& price_at);

}  // namespace onechat::control
