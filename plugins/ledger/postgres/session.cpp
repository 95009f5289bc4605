#include "session.hpp"

#include <onechat/ledger_rows.hpp>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace onechat::ledger_postgres {
namespace {

// A process that has just ended is not forgotten by the server at once.
constexpr std::chrono::milliseconds kClaimWait{1500}, kClaimPause{50};
constexpr int kServerVersionMin = 140'000;

// A machine that stands still within a batch has the wallet's row locked: a second later the server takes it back, and the
// batch is submitted again. Without the planner's settings a generic plan may read whole tables: the batch's arrays have no
// size when it is made.
constexpr char kSessionSettings[] =
    "SET synchronous_commit = on; SET default_transaction_isolation = 'read committed';"
    "SET statement_timeout = '15s'; SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '1s';"
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_bitmapscan = off;"
    "SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;"
    "SET client_min_messages = warning; SET timezone = 'UTC'; SET standard_conforming_strings = on";

const Statement kClaim{"claim", "SELECT pg_try_advisory_lock($1::bigint)"};

std::string quoted(const std::string& name) {
  std::string out = "\"";
  for (const char c : name) (out += c) += c == '"' ? "\"" : "";
  return out + "\"";
}

}  // namespace

Session::Session(const Settings& settings, const std::vector<Migration>& migrations, const SessionName& before)
    : settings_(settings), connection_(settings.url, settings.connect_timeout_s) {
  check_server();
  replace(before);
  connection_.execute(kSessionSettings);
  migrate(migrations);
  name_ = {connection_.server_pid(), connection_.execute("SELECT backend_start::text FROM pg_stat_activity"
                                                         " WHERE pid = pg_backend_pid()")};
  use_role();
}

std::uint64_t Session::lock_key(std::uint64_t what, std::uint64_t number) const noexcept {
  std::uint64_t h = 0x1c4a7;
  for (const char c : settings_.schema) h = ledger_core::mix(h, static_cast<unsigned char>(c));
  return ledger_core::mix(ledger_core::mix(h, what), number);
}

void Session::check_server() {
  if (std::atoi(connection_.execute("SHOW server_version_num").c_str()) < kServerVersionMin)
    throw ConfigError("url: the server is older than PostgreSQL 14");
  if (connection_.execute("SHOW fsync") != "on" || connection_.execute("SHOW full_page_writes") != "on")
    throw ConfigError("url: the server runs with fsync or full_page_writes off and would lose money in a power cut");
}

void Session::replace(const SessionName& before) {
  if (before.pid == 0) return;
  connection_.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = " +
                      std::to_string(before.pid) + " AND backend_start = '" + before.began + "'");
}

int Session::schema_version() {
  if (connection_.execute("SELECT to_regclass('ledger_meta')").empty()) return 0;
  return std::atoi(connection_.execute("SELECT v FROM ledger_meta WHERE k = 'schema_version'").c_str());
}

void Session::migrate(const std::vector<Migration>& migrations) {
  const std::string schema = quoted(settings_.schema), lock = std::to_string(static_cast<std::int64_t>(lock_key(3, 0)));
  connection_.execute("SET search_path = " + schema);
  const int known = migrations.empty() ? 0 : migrations.back().number;
  if (schema_version() != known) {
    connection_.execute("SET lock_timeout = '60s'; SELECT pg_advisory_lock(" + lock + ")");
    const int have = schema_version();
    if (have > known)
      throw ConfigError("schema: '" + settings_.schema + "' is version " + std::to_string(have) + ", newer than the " +
                        std::to_string(known) +
                        " that this plugin knows; install the newer plugin or restore a backup");
    connection_.execute("CREATE SCHEMA IF NOT EXISTS " + schema +
                        "; CREATE TABLE IF NOT EXISTS ledger_meta (k text PRIMARY KEY, v text NOT NULL)");
    for (const Migration& m : migrations)
      if (m.number > have)
        connection_.execute("BEGIN; SET LOCAL statement_timeout = 0;" + m.sql +
                            "; INSERT INTO ledger_meta VALUES ('unit', 'nano-USD'), ('schema_version', '" +
                            std::to_string(m.number) + "') ON CONFLICT (k) DO UPDATE SET v = excluded.v; COMMIT");
    connection_.execute("SELECT pg_advisory_unlock(" + lock + "); SET lock_timeout = '2s'");
  }
}

// What this session may do from here on; the append-only tables cannot be changed by that role at all.
void Session::use_role() {
  if (settings_.runtime_role.empty()) return;
  const std::string schema = quoted(settings_.schema), role = quoted(settings_.runtime_role);
  connection_.execute("GRANT USAGE ON SCHEMA " + schema + " TO " + role + "; GRANT SELECT ON ALL TABLES IN SCHEMA " +
                      schema + " TO " + role + "; GRANT INSERT ON transfer, link TO " + role +
                      "; REVOKE UPDATE, DELETE, TRUNCATE ON transfer, link FROM " + role +
                      "; GRANT INSERT, UPDATE, DELETE ON account, promo_grant, node, budget, budget_window, hold,"
                      " tombstone, refund_cap, ledger_meta TO " +
                      role +
                      "; GRANT USAGE, SELECT, UPDATE ON SEQUENCE"
                      " transfer_block TO " +
                      role + "; SET ROLE " + role);
}

void Session::claim(std::uint64_t node) {
  if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) return;
  bool got = false;
  for (auto waited = kClaimPause; !got && waited <= kClaimWait; waited += kClaimPause) {
    connection_.run(kClaim, Params().add(lock_key(1, node)), [&](const Rows& rows) { got = rows.flag(0, 0); });
    if (!got) std::this_thread::sleep_for(kClaimPause);
  }
  if (!got)
    throw NodeTaken("node " + std::to_string(node) + " is another process' number on schema '" + settings_.schema +
                    "'; give each gateway a node number of its own, or stop the other one");
  nodes_.push_back(node);
}

}  // namespace onechat::ledger_postgres
