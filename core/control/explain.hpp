// Everything that is known of what a request cost: its holds, its charge, every leg of every posting.
#pragma once
#include <memory>
#include <string>

#include "control/books.hpp"
#include "control/directory.hpp"

namespace onechat::control {

struct Explanation {
  oc_id128 request{};
  Found found;
  std::shared_ptr<const record::TraceRecord> trace;  // null while the request runs, or when traces are not kept
};

// "req_<hex>" or "<hex>", as in x-request-id and x-1chat-trace. OC_E_INVALID.
Result<oc_id128> request_id_of(const std::string& text);

// OC_E_NOT_FOUND: neither the ledger nor the store knows it. Works without a ledger's backend that can tell more than
// postings, and for a request that runs.
Result<Explanation> explain(Books& books, record::StoreEngine& store, oc_id128 request);

// The answer of the admin API.
std::string to_json(const Explanation& explanation, const Directory& directory);

// An account of the chart as people call it: "wallet", "receivable", ...
std::string_view account_name(std::uint32_t code) noexcept;
// Whose it is: the name of a project or an organization for wallets and receivables, else the number; "" for 0.
std::string owner_name(std::uint32_t code, std::uint64_t owner, const Directory& directory);

}  // namespace onechat::control
