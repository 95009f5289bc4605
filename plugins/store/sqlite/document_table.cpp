#include "document_table.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace onechat::store_sqlite {

namespace {

constexpr std::uint64_t kPurgeRows = 64;  // at each put of a document that expires: more than it adds

std::int64_t unix_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

DocumentTable::DocumentTable(Database& db)
    : get_(db.handle(), "SELECT value, version FROM document WHERE ns = ? AND key = ? AND (expires_ms = 0 OR expires_ms > ?)"),
      version_(db.handle(), "SELECT version FROM document WHERE ns = ? AND key = ? AND (expires_ms = 0 OR expires_ms > ?)"),
      next_version_(db.handle(), "UPDATE document_version SET last = last + 1 RETURNING last"),
      put_(db.handle(),
           "INSERT INTO document (ns, key, value, version, expires_ms) VALUES (?, ?, ?, ?, ?)"
           " ON CONFLICT (ns, key) DO UPDATE SET value = excluded.value, version = excluded.version,"
           " expires_ms = excluded.expires_ms"),
      erase_(db.handle(), "DELETE FROM document WHERE ns = ? AND key = ?"),
      list_(db.handle(),
            "SELECT key, value, version FROM document WHERE ns = ? AND key >= ? AND (expires_ms = 0 OR expires_ms > ?)"
            " ORDER BY key LIMIT ?"),
      purge_(db.handle(),
             "DELETE FROM document WHERE (ns, key) IN"
             " (SELECT ns, key FROM document WHERE expires_ms > 0 AND expires_ms <= ? LIMIT ?)") {}

void DocumentTable::get(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  Use use(get_);
  use->bind(op.ns).bind(op.key).bind(unix_ms());
  if (!use->step()) {
    result.status = OC_E_NOT_FOUND;
    return;
  }
  result.value = memory.copy(use->blob(0));
  result.version = static_cast<std::uint64_t>(use->integer(1));
}

std::uint64_t DocumentTable::version_of(const oc_store_op& op) {
  Use use(version_);
  use->bind(op.ns).bind(op.key).bind(unix_ms());
  return use->step() ? static_cast<std::uint64_t>(use->integer(0)) : 0;
}

void DocumentTable::put(const oc_store_op& op, oc_store_result& result) {
  if (op.expect_version != OC_STORE_ANY) {
    result.version = version_of(op);
    if (result.version != op.expect_version) {
      result.status = OC_E_CONFLICT;
      return;
    }
  }
  {
    Use next(next_version_);
    if (!next->step()) throw DatabaseError(SQLITE_CORRUPT, "document_version is empty");
    result.version = static_cast<std::uint64_t>(next->integer(0));
    while (next->step()) {
    }
  }
  const std::int64_t expires_ms = OC_HAS(&op, oc_store_op, expires_unix_ms) ? op.expires_unix_ms : 0;
  if (expires_ms != 0) purge_.bind(unix_ms()).bind(kPurgeRows).run();
  put_.bind(op.ns).bind(op.key).bind(op.value).bind(result.version).bind(expires_ms).run();
}

void DocumentTable::erase(const oc_store_op& op, oc_store_result& result) {
  result.version = version_of(op);
  if (result.version == 0) {
    result.status = OC_E_NOT_FOUND;
  } else if (op.expect_version != OC_STORE_ANY && op.expect_version != result.version) {
    result.status = OC_E_CONFLICT;
  } else {
    erase_.bind(op.ns).bind(op.key).run();
  }
}

void DocumentTable::list(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  Use use(list_);
  use->bind(op.ns).bind(op.key).bind(unix_ms()).bind(std::min<std::uint64_t>(op.limit, INT64_MAX));
  std::vector<oc_store_row*> rows;
  while (use->step()) {
    auto* row = memory.make_sized<oc_store_row>();
    row->key = memory.copy(use->text(0));
    row->value = memory.copy(use->blob(1));
    row->version = static_cast<std::uint64_t>(use->integer(2));
    rows.push_back(row);
  }
  memory.publish(rows, result.rows, result.n_rows);
}

}  // namespace onechat::store_sqlite
