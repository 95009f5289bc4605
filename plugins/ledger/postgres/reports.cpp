#include "reports.hpp"

#include <map>

#include <onechat/ledger_view.hpp>

#include "snapshot.hpp"

namespace onechat::ledger_postgres {

using namespace ledger_core;

namespace {

const Statement kMoneyOf{
    "money_of", select<Account>("WHERE (code = 2000 AND owner = $1) OR (code = 1100 AND owner = $1)"
                                " OR (code = 2010 AND owner IN (SELECT number FROM promo_grant WHERE wallet = $1))")};
const Statement kLeased{
    "leased",
    "SELECT coalesce(sum(amount - coalesce(settled, 0)), 0)::bigint FROM hold WHERE kind = 8 AND account = $1"};
const Statement kOpenGrants{"open_grants", select<Grant>("WHERE wallet = $1 AND open")};
const Statement kStatement{
    "statement",
    "SELECT * FROM (" + select<Transfer>("WHERE account = $1 AND ts_ms >= $2 AND ts_ms < $3") + " UNION ALL " +
        select<Transfer>("WHERE kind = 2 AND counter = $1 AND account <> $1 AND ts_ms >= $2 AND ts_ms < $3") +
        ") t ORDER BY ts_ms, id"};
const Statement kOpen{"open",
                      "SELECT count(*) FILTER (WHERE kind = 3), count(*) FILTER (WHERE kind = 8),"
                      " coalesce(sum(amount - coalesce(settled, 0)) FILTER (WHERE kind = 3), 0)::bigint,"
                      " coalesce(sum(amount - coalesce(settled, 0)) FILTER (WHERE kind = 8), 0)::bigint,"
                      " coalesce(min(created_ms) FILTER (WHERE kind = 3), 0) FROM hold"};
const Statement kHold{"find_hold", select<Hold>("WHERE id = $1")};
const Statement kTombstone{"find_tombstone", select<Tombstone>("WHERE id = $1")};
const Statement kPostings{"find_postings", select<Transfer>("WHERE id = ANY($1::uuid[]) OR ref = $2 ORDER BY seq")};
const Statement kLinksAt{"links_at", select<Link>("WHERE first_seq = ANY($1::bigint[])")};
const Statement kLastLinks{"last_links",
                           select<Link>("WHERE first_seq IN (SELECT max(first_seq) FROM (SELECT node, first_seq FROM link"
                                        " ORDER BY first_seq DESC LIMIT 1000) late GROUP BY node) ORDER BY node")};
const Statement kLoose{"loose", select<Link>("WHERE NOT EXISTS (SELECT FROM transfer x WHERE x.seq = t.first_seq)")};
const Statement kChainedFrom{"chained_from", "SELECT v::bigint FROM ledger_meta WHERE k = 'chained_from'"};
const Statement kBefore{"transfers_before", select<Transfer>("WHERE ts_ms < $1")};

}  // namespace

oc_ledger_balance balance_of(Ledger& ledger, std::uint64_t account) {
  Snapshot now(ledger.connection());
  Account wallet{{kWallet, account}}, debt{{kReceivable, account}};
  std::map<std::uint64_t, Account> promo;
  Wide spent = 0, deposited = 0;
  const Params params = std::move(Params().add(account));
  now.each<Account>(kMoneyOf, params, [&](const Account& a) {
    if (a.key.code == kWallet) wallet = a;
    if (a.key.code == kReceivable) debt = a;
    if (a.key.code == kGrant) promo[a.key.owner] = a;
    spent += a.debits;
    deposited += a.credits;
  });
  std::vector<GrantAccount> grants;
  now.each<Grant>(kOpenGrants, params, [&](const Grant& g) { grants.push_back({g, promo[g.number]}); });
  std::int64_t leased = 0;
  now.stream(kLeased, params, [&](const Rows& rows) { leased = rows.number(0, 0); });
  now.end();
  oc_ledger_balance b = balance_of(wallet, standing_of(wallet, debt, std::move(grants), ledger.now_ms()));
  b.spent = clamp(spent);
  b.deposited = clamp(deposited);
  b.leased = leased;
  return b;
}

void statement_of(Ledger& ledger, std::uint64_t account, std::int64_t from_ms, std::int64_t to_ms,
                  const EntryFn& each) {
  Snapshot now(ledger.connection());
  now.each<Transfer>(kStatement, Params().add(account).add(from_ms).add(to_ms),
                     [&](const Transfer& t) { each(entry_of(t)); });
  now.end();
}

oc_ledger_open open_of(Ledger& ledger) {
  oc_ledger_open out{};
  ledger.connection().run(kOpen, {}, [&](const Rows& rows) {
    out.holds = rows.word(0, 0);
    out.leases = rows.word(0, 1);
    out.held_nano = rows.number(0, 2);
    out.leased_nano = rows.number(0, 3);
    out.oldest_unix_ms = rows.number(0, 4);
  });
  return out;
}

void find_id(Ledger& ledger, const oc_id128& id, const HoldFn& hold, const EntryFn& entry) {
  Snapshot now(ledger.connection());
  const Params params = std::move(Params().add(id));
  now.each<Hold>(kHold, params, [&](const Hold& h) { hold(hold_of(h)); });
  now.each<Tombstone>(kTombstone, params, [&](const Tombstone& t) { hold(hold_of(t)); });
  Column ids(Type::uuid);
  ids.add(id);
  ids.add(settle_id(id));  // a SETTLE's own id leads to its hold's posting
  now.each<Transfer>(kPostings, Params().add(ids).add(id), [&](const Transfer& t) { entry(entry_of(t)); });
  now.end();
}

void links_at(Ledger& ledger, const std::uint64_t* first_seqs, std::size_t n, const LinkFn& each) {
  Column seqs(Type::bigint);
  for (std::size_t i = 0; i < n; ++i) seqs.add(first_seqs[i]);
  Snapshot now(ledger.connection());
  now.each<Link>(kLinksAt, Params().add(seqs), [&](const Link& l) { each(link_of(l)); });
  now.end();
}

void last_links(Ledger& ledger, const LinkFn& each) {
  Snapshot now(ledger.connection());
  now.each<Link>(kLastLinks, {}, [&](const Link& l) { each(link_of(l)); });
  now.end();
}

void trial_balance_at(Ledger& ledger, std::int64_t at_ms, const SumFn& each) {
  TrialBalance sums;
  Snapshot now(ledger.connection());
  now.each<Transfer>(kBefore, Params().add(at_ms), [&](const Transfer& t) { sums.add(t); });
  now.end();
  sums.for_each(each);
}

std::uint64_t verify_all(Ledger& ledger, const Verifier::Report& report) {
  Snapshot now(ledger.connection());
  Verifier::Options options;
  options.dense = false;
  now.stream(kChainedFrom, {}, [&](const Rows& rows) { options.chained_from = rows.word(0, 0); });
  Verifier verifier(report, sha256, options);
  const auto add = [&](const auto& row) { verifier.add(row); };
  now.each<Account>(all_rows<Account>(), {}, add);
  now.each<Grant>(all_rows<Grant>(), {}, add);
  now.each<Budget>(all_rows<Budget>(), {}, add);
  now.each<Window>(all_rows<Window>(), {}, add);
  now.each<Hold>(all_rows<Hold>(), {}, add);
  now.each<RefundCap>(all_rows<RefundCap>(), {}, add);
  now.each<Tombstone>(all_rows<Tombstone>(), {}, add);
  now.each<Link>(kLoose, {}, [&](const Link& link) {
    report("I13", "node " + std::to_string(link.node) + ": link " + std::to_string(link.n) + " begins at transfer " +
                      std::to_string(link.first_seq) + ", which does not exist");
  });
  now.each_posting([&](std::uint64_t seq, const Transfer& t, const Link& link) {
    if (link.first_seq != 0) verifier.add(link);
    verifier.add(seq, t);
  });
  const std::uint64_t transfers = verifier.finish();
  now.end();
  return transfers;
}

}  // namespace onechat::ledger_postgres
