#include "reports.hpp"

#include <onechat/ledger_view.hpp>

#include <tuple>

#include "chain.hpp"
#include "postings.hpp"

namespace onechat::ledger_sqlite {

using namespace ledger_core;

namespace {

template <class Row, class Fn>
void each_row(Reader& reader, Fn&& fn) {
  for (Query q(reader.handle(), select_all<Row>()); q.next();) fn(row_of<Row>(q));
}
constexpr int kSeqColumn = 32;  // after the fields of a transfer

void check_storage(Reader& reader, Verifier& verifier) {
  for (Query q(reader.handle(), "PRAGMA quick_check(20)"); q.next();)
    if (q.text(0) != "ok") verifier.file(q.text(0));
  Query twice(reader.handle(), "SELECT id_hi, id_lo FROM transfer GROUP BY id_hi, id_lo HAVING count(*) > 1");
  while (twice.next()) verifier.duplicate({twice.word(0), twice.word(1)});
}

// Each link comes before the first of its transfers.
void check_postings(Reader& reader, Verifier& verifier) {
  Query links(reader.handle(), select_all<Link>()), transfers(reader.handle(), select_all<Transfer>());
  Link link;
  bool more = links.next();
  if (more) link = row_of<Link>(links);
  const auto add_links_until = [&](std::uint64_t seq) {
    while (more && link.first_seq <= seq) {
      verifier.add(link);
      more = links.next();
      if (more) link = row_of<Link>(links);
    }
  };
  while (transfers.next()) {
    const std::uint64_t seq = transfers.word(kSeqColumn);
    add_links_until(seq);
    verifier.add(seq, row_of<Transfer>(transfers));
  }
  add_links_until(~std::uint64_t{0});
}

}  // namespace

void statement(Reader& reader, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms, const EntryFn& each) {
  const OfWallet own = transfers_of_wallet(reader.handle());
  struct Part {  // in order of time by itself
    Part(Reader& reader, const std::string& which) : rows(reader.handle(), select<Transfer>(which)) {}
    void advance() {
      more = rows.next();
      if (!more) return;
      row = row_of<Transfer>(rows);
      seq = rows.word(kSeqColumn);
    }
    bool comes_before(const Part& other) const {
      return std::tie(row.ts_ms, seq) < std::tie(other.row.ts_ms, other.seq);
    }
    Query rows;
    Transfer row;
    std::uint64_t seq = 0;
    bool more = false;
  };
  Part before(reader, own.before_runs), in_runs(reader, own.in_runs),
      received(reader, "WHERE seq IN (SELECT seq FROM transfer_to WHERE account = ?1 AND ts_ms >= ?2 AND ts_ms < ?3)"
                       " ORDER BY ts_ms, seq");
  for (Part* part : {&before, &in_runs, &received}) {
    part->rows.with(account, from_ms, to_ms);
    part->advance();
  }
  for (;;) {
    Part* next = nullptr;
    for (Part* part : {&before, &in_runs, &received})
      if (part->more && (next == nullptr || part->comes_before(*next))) next = part;
    if (next == nullptr) return;
    each(entry_of(next->row));
    next->advance();
  }
}

void find(Reader& reader, const oc_id128& id, const HoldFn& hold, const EntryFn& entry) {
  Query open(reader.handle(), select<Hold>("WHERE id_hi = ? AND id_lo = ?"));
  for (open.with(id.hi, id.lo); open.next();) hold(hold_of(row_of<Hold>(open)));
  Query ended(reader.handle(), select<Tombstone>("WHERE id_hi = ? AND id_lo = ?"));
  for (ended.with(id.hi, id.lo); ended.next();) hold(hold_of(row_of<Tombstone>(ended)));
  // A SETTLE's own id leads to its hold's posting.
  Query postings(reader.handle(),
                 select<Transfer>("WHERE seq IN (SELECT seq FROM transfer WHERE id_hi = ?1 AND id_lo = ?2"
                                  " UNION SELECT seq FROM transfer WHERE id_hi = ?3 AND id_lo = ?4"
                                  " UNION SELECT seq FROM transfer_ref WHERE ref_hi = ?1 AND ref_lo = ?2"
                                  " UNION SELECT seq FROM transfer JOIN ref_run ON seq BETWEEN first_seq AND last_seq"
                                  "  WHERE ref_run.ref_hi = ?1 AND ref_run.ref_lo = ?2) ORDER BY seq"));
  const oc_id128 by_settle = settle_id(id);
  for (postings.with(id.hi, id.lo, by_settle.hi, by_settle.lo); postings.next();)
    entry(entry_of(row_of<Transfer>(postings)));
}

void trial_balance(Reader& reader, std::int64_t at_ms, const SumFn& each) {
  TrialBalance sums;
  Query q(reader.handle(), select<Transfer>("WHERE ts_ms < ?"));
  for (q.with(at_ms); q.next();) sums.add(row_of<Transfer>(q));
  sums.for_each(each);
}

void links_at(Reader& reader, const std::uint64_t* first_seqs, std::size_t n, const LinkFn& each) {
  Query q(reader.handle(), select<Link>("WHERE first_seq = ?"));
  for (std::size_t i = 0; i < n; ++i)
    for (q.with(first_seqs[i]); q.next();) each(link_of(row_of<Link>(q)));
}

// Nothing is indexed by node: the last thousand links are looked through.
void last_links(Reader& reader, const LinkFn& each) {
  Query q(reader.handle(),
          select<Link>("WHERE first_seq IN (SELECT max(first_seq) FROM (SELECT node, first_seq FROM chain_link"
                       " ORDER BY first_seq DESC LIMIT 1000) GROUP BY node) ORDER BY node"));
  while (q.next()) each(link_of(row_of<Link>(q)));
}

void dump(Reader& reader, const RowFn& each) {
  Bytes bytes;
  const auto give = [&](const auto& row) {
    bytes.clear();
    encode(row, bytes);
    each({sizeof(oc_ledger_row), kTableOf<std::decay_t<decltype(row)>>, {bytes.data(), bytes.size()}});
  };
  each_row<Account>(reader, give);
  each_row<Grant>(reader, give);
  each_row<Node>(reader, give);
  each_row<Budget>(reader, give);
  each_row<Window>(reader, give);
  each_row<Hold>(reader, give);
  each_row<Tombstone>(reader, give);
  each_row<Transfer>(reader, give);
  each_row<RefundCap>(reader, give);
  each_row<Link>(reader, give);
}

std::uint64_t verify(Reader& reader, const Verifier::Report& report) {
  Verifier::Options options;
  Query from(reader.handle(), "SELECT CAST(v AS INTEGER) FROM ledger_meta WHERE k = 'chained_from'");
  while (from.next()) options.chained_from = from.word(0);
  Verifier verifier(report, sha256, options);
  check_storage(reader, verifier);
  const auto add = [&](const auto& row) { verifier.add(row); };
  each_row<Account>(reader, add);
  each_row<Grant>(reader, add);
  each_row<Node>(reader, add);
  each_row<Budget>(reader, add);
  each_row<Window>(reader, add);
  each_row<Hold>(reader, add);
  each_row<RefundCap>(reader, add);
  each_row<Tombstone>(reader, add);
  check_postings(reader, verifier);
  return verifier.finish();
}

}  // namespace onechat::ledger_sqlite
