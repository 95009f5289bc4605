// A view of all tables at one moment, for reading as long as it takes. Nothing waits for it.
#pragma once
#include "connection.hpp"
#include "tables.hpp"

namespace onechat::ledger_postgres {

class Snapshot {
 public:
  explicit Snapshot(Connection& connection) : connection_(connection) {
    connection_.execute(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0;"
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL enable_mergejoin = on");
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  void end() { connection_.execute("COMMIT"); }  // left out when something threw: the connection is closed then

  template <class Row, class Each>
  void each(const Statement& statement, const Params& params, Each&& f) {
    connection_.stream(statement, params, [&](const Rows& rows) { f(row_of<Row>(rows, 0)); });
  }
  void stream(const Statement& statement, const Params& params, const Connection::Handler& f) {
    connection_.stream(statement, params, f);
  }
  // Calls f(seq, Transfer, Link) for all transfers in their order, each with the link that begins at it (or zeros).
  template <class Each>
  void each_posting(Each&& f) {
    using ledger_core::Link;
    using ledger_core::Transfer;
    static const int link_at = 1 + static_cast<int>(columns_of(table_of<Transfer>()).size());
    connection_.stream(chained(), {}, [&](const Rows& rows) {
      f(rows.word(0, 0), row_of<Transfer>(rows, 0, 1), row_of<Link>(rows, 0, link_at));
    });
  }

 private:
  static const Statement& chained() {
    static const Statement statement{"chained", "SELECT t.seq, " +
                                                    column_list(table_of<ledger_core::Transfer>(), "t.") + ", " +
                                                    column_list(table_of<ledger_core::Link>(), "l.") +
                                                    " FROM transfer t LEFT JOIN link l ON l.first_seq = t.seq"
                                                    " ORDER BY t.seq"};
    return statement;
  }

  Connection& connection_;
};

}  // namespace onechat::ledger_postgres
