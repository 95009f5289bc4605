// What is asked of the books without changing them. Each reads one moment of them. Errors: ServerError.
#pragma once
#include <onechat/ledger_verify.hpp>

#include <functional>

#include "ledger.hpp"

namespace onechat::ledger_postgres {

using EntryFn = std::function<void(const oc_ledger_entry&)>;
using HoldFn = std::function<void(const oc_ledger_hold&)>;
using LinkFn = std::function<void(const oc_ledger_link&)>;
using SumFn = std::function<void(const oc_ledger_sum&)>;

oc_ledger_balance balance_of(Ledger& ledger, std::uint64_t account);
// Postings of the wallet in [from_ms, to_ms), in the order of their time; money that another wallet sent it, too.
void statement_of(Ledger& ledger, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms, const EntryFn& each);
oc_ledger_open open_of(Ledger& ledger);
void find_id(Ledger& ledger, const oc_id128& id, const HoldFn& hold, const EntryFn& entry);
void trial_balance_at(Ledger& ledger, std::int64_t at_ms, const SumFn& each);
void links_at(Ledger& ledger, const std::uint64_t* first_seqs, std::size_t n, const LinkFn& each);
void last_links(Ledger& ledger, const LinkFn& each);  // one a node, of the nodes that posted of late
// Returns how many transfers there are.
std::uint64_t verify_all(Ledger& ledger, const ledger_core::Verifier::Report& report);

}  // namespace onechat::ledger_postgres
