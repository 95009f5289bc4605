// What is asked of the books without changing them, row by row as it is read. Each sees one moment of the file.
#pragma once
#include <onechat/ledger_verify.hpp>

#include <functional>

#include "database.hpp"

namespace onechat::ledger_sqlite {

using EntryFn = std::function<void(const oc_ledger_entry&)>;
using HoldFn = std::function<void(const oc_ledger_hold&)>;
using SumFn = std::function<void(const oc_ledger_sum&)>;
using LinkFn = std::function<void(const oc_ledger_link&)>;
using RowFn = std::function<void(const oc_ledger_row&)>;

// Postings of the wallet in [from_ms, to_ms), in the order of their time; money that another wallet sent it, too.
void statement(Reader& reader, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms, const EntryFn& each);
void find(Reader& reader, const oc_id128& id, const HoldFn& hold, const EntryFn& entry);
void trial_balance(Reader& reader, std::int64_t at_ms, const SumFn& each);
void links_at(Reader& reader, const std::uint64_t* first_seqs, std::size_t n, const LinkFn& each);
void last_links(Reader& reader, const LinkFn& each);  // one a node, of the nodes that posted of late
// Every row, table by table; transfers are numbered anew from 1, without gaps.
void dump(Reader& reader, const RowFn& each);
// Returns how many transfers there are.
std::uint64_t verify(Reader& reader, const ledger_core::Verifier::Report& report);

}  // namespace onechat::ledger_sqlite
