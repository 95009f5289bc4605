#include "tables.hpp"

namespace onechat::ledger_postgres {
namespace {

using namespace ledger_core;

constexpr Table kAccounts{"account", "code owner debits credits pending ?overdraft ?debt_limit ?flags ?terms_op", 2};
constexpr Table kGrants{"promo_grant", "id number wallet priority created_ms expires_ms expiries open", 1};
constexpr Table kNodes{"node", "id epoch heartbeat_ms ?epoch_op", 1};
constexpr Table kBudgets{"budget", "account scope scope_id period action limit_nano time_zone", 4};
constexpr Table kWindows{"budget_window", "account scope scope_id period begin_ms end_ms spent held", 5};
constexpr Table kHolds{"hold",
                       "id kind account ?project_id ?key_id !user_id !group_id node epoch amount"
                       " !grant_1 !part_1 !grant_2 !part_2 !grant_3 !part_3 !settled !progress !progress_fee"
                       " created_ms expires_ms !drain_ms available body_hash !last_op !last_hash !last_available",
                       1};
constexpr Table kTombstones{"tombstone",
                            "id outcome account hold_hash ?close_hash hold_available released available ts_ms", 1};
constexpr Table kTransfers{"transfer",
                           "id !ref kind !flags !code account ?project_id ?key_id !user_id !group_id ?counter ?node"
                           " amount ?fee ?wallet_part !debt_part !absorbed_part"
                           " !grant_1 !part_1 !grant_2 !part_2 !grant_3 !part_3"
                           " ?released available ts_ms ?reserved_ms body_hash ?hold_hash ?hold_available",
                           1};
constexpr Table kRefunds{"refund_cap", "transfer refunded refunded_fee", 1};
constexpr Table kLinks{"link", "node n first_seq last_seq ts_ms hash", 2};

template <class Each>
std::string joined(const std::vector<ColumnName>& columns, std::size_t from, std::string_view between, Each&& each) {
  std::string out;
  for (std::size_t i = from; i < columns.size(); ++i) (out += out.empty() ? "" : between) += each(columns[i].name);
  return out;
}

}  // namespace

const Table& table_for(const Account*) { return kAccounts; }
const Table& table_for(const Grant*) { return kGrants; }
const Table& table_for(const Node*) { return kNodes; }
const Table& table_for(const Budget*) { return kBudgets; }
const Table& table_for(const Window*) { return kWindows; }
const Table& table_for(const Hold*) { return kHolds; }
const Table& table_for(const Tombstone*) { return kTombstones; }
const Table& table_for(const Transfer*) { return kTransfers; }
const Table& table_for(const RefundCap*) { return kRefunds; }
const Table& table_for(const Link*) { return kLinks; }

std::vector<ColumnName> columns_of(const Table& table) {
  std::vector<ColumnName> out;
  for (std::size_t at = 0; at < table.columns.size();) {
    const std::size_t end = std::min(table.columns.find(' ', at), table.columns.size());
    const bool rare = table.columns[at] == '!', sparse = rare || table.columns[at] == '?';
    out.push_back({std::string(table.columns.substr(at + sparse, end - at - sparse)), sparse, rare});
    at = end + 1;
  }
  return out;
}

std::string column_list(const Table& table, std::string_view prefix, Which which) {
  std::vector<ColumnName> columns = columns_of(table);
  if (which == Which::common) std::erase_if(columns, [](const ColumnName& c) { return c.rare; });
  return joined(columns, 0, ", ", [&](const std::string& c) { return std::string(prefix) + c; });
}

std::string unnest(const std::vector<Type>& types, int first) {
  std::string out;
  for (const Type type : types)
    (out += out.empty() ? "unnest($" : ", $") += std::to_string(first++) + "::" + name_of(type) + "[]";
  return out + ")";
}

std::string select_all_sql(const Table& table) {
  std::vector<ColumnName> keys = columns_of(table);
  keys.resize(table.keys);
  return "SELECT " + column_list(table) + " FROM " + std::string(table.name) + " ORDER BY " +
         joined(keys, 0, ", ", [](const std::string& c) { return c; });
}

std::string insert_sql(const Table& table, const std::vector<Type>& types, Which which) {
  return "INSERT INTO " + std::string(table.name) + " (" + column_list(table, "", which) + ") SELECT * FROM " +
         unnest(types);
}

std::string update_sql(const Table& table, const std::vector<Type>& types) {
  std::vector<ColumnName> columns = columns_of(table);
  const std::string set = joined(columns, table.keys, ", ", [](const std::string& c) { return c + " = u." + c; });
  columns.resize(table.keys);
  const std::string keys = joined(columns, 0, " AND ", [](const std::string& c) { return "t." + c + " = u." + c; });
  return "UPDATE " + std::string(table.name) + " t SET " + set + " FROM " + unnest(types) + " AS u (" +
         column_list(table) + ") WHERE " + keys;
}

}  // namespace onechat::ledger_postgres
