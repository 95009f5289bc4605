#include "incoming_table.hpp"

#include <new>

namespace onechat::store_sqlite {
namespace {

constexpr char kColumns[] = "CREATE TABLE incoming_trace (id, body, " OC_TRACE_FACTS ", pack, place)";
constexpr int kFirstFact = 2, kPack = kFirstFact + static_cast<int>(kFacts.size()), kPlace = kPack + 1;

struct Table : sqlite3_vtab {
  const IncomingTable* incoming;
};

struct Cursor : sqlite3_vtab_cursor {
  const IncomingTrace* row;
  const IncomingTrace* end;
};

Cursor& cursor_of(sqlite3_vtab_cursor* c) noexcept { return *static_cast<Cursor*>(c); }

int connect(sqlite3* db, void* incoming, int, const char* const*, sqlite3_vtab** made, char**) {
  if (const int code = sqlite3_declare_vtab(db, kColumns); code != SQLITE_OK) return code;
  auto* table = new (std::nothrow) Table{{}, static_cast<const IncomingTable*>(incoming)};
  *made = table;
  return table != nullptr ? SQLITE_OK : SQLITE_NOMEM;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int best_index(sqlite3_vtab*, sqlite3_index_info*) { return SQLITE_OK; }  // every row, in its order

int open(sqlite3_vtab*, sqlite3_vtab_cursor** made) {
  *made = new (std::nothrow) Cursor{};
  return *made != nullptr ? SQLITE_OK : SQLITE_NOMEM;
}

int close(sqlite3_vtab_cursor* c) {
  delete &cursor_of(c);
  return SQLITE_OK;
}

int filter(sqlite3_vtab_cursor* c, int, const char*, int, sqlite3_value**) {
  const auto rows = static_cast<const Table*>(c->pVtab)->incoming->rows();
  cursor_of(c).row = rows.data();
  cursor_of(c).end = rows.data() + rows.size();
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* c) {
  ++cursor_of(c).row;
  return SQLITE_OK;
}

int eof(sqlite3_vtab_cursor* c) { return cursor_of(c).row == cursor_of(c).end ? 1 : 0; }

void answer_fact(sqlite3_context* into, const Fact& fact, const oc_trace& trace) {
  switch (fact.kind) {
    case FactKind::kNumber: return sqlite3_result_int64(into, fact_at<std::int64_t>(fact, trace));
    case FactKind::kSmallNumber: return sqlite3_result_int64(into, fact_at<std::uint32_t>(fact, trace));
    case FactKind::kText: {
      const oc_str& text = fact_at<oc_str>(fact, trace);
      return sqlite3_result_text64(into, text.len != 0 ? text.ptr : "", text.len, SQLITE_STATIC, SQLITE_UTF8);
    }
  }
}

int column(sqlite3_vtab_cursor* c, sqlite3_context* into, int n) {
  const IncomingTrace& row = *cursor_of(c).row;
  if (n >= kFirstFact && n < kPack)
    answer_fact(into, kFacts[static_cast<std::size_t>(n - kFirstFact)], *row.trace);
  else if (n == 0)
    sqlite3_result_blob(into, row.id.data(), static_cast<int>(row.id.size()), SQLITE_STATIC);
  else
    sqlite3_result_int64(into, n == kPack ? row.at.pack : n == kPlace ? row.at.place : 0);
  return SQLITE_OK;
}

int row_id(sqlite3_vtab_cursor*, sqlite3_int64* id) {
  *id = 0;  // nobody asks for it
  return SQLITE_OK;
}

// Without xCreate: it is there without being made.
constexpr sqlite3_module kModule = [] {
  sqlite3_module m{};
  m.xConnect = &connect;
  m.xBestIndex = &best_index;
  m.xDisconnect = &disconnect;
  m.xOpen = &open;
  m.xClose = &close;
  m.xFilter = &filter;
  m.xNext = &next;
  m.xEof = &eof;
  m.xColumn = &column;
  m.xRowid = &row_id;
  return m;
}();

}  // namespace

IncomingTable::IncomingTable(Database& db) {
  if (const int code = sqlite3_create_module(db.handle(), "incoming_trace", &kModule, this); code != SQLITE_OK)
    throw DatabaseError(code, sqlite3_errmsg(db.handle()));
}

}  // namespace onechat::store_sqlite
