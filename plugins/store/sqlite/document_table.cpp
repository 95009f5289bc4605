#include "document_table.hpp"

#include <algorithm>
#include <vector>

namespace onechat::store_sqlite {

DocumentTable::DocumentTable(Database& db)
    : get_(db.handle(), "SELECT value, version FROM document WHERE ns = ? AND key = ?"),
      version_(db.handle(), "SELECT version FROM document WHERE ns = ? AND key = ?"),
      next_version_(db.handle(), "UPDATE document_version SET last = last + 1 RETURNING last"),
      put_(db.handle(),
           "INSERT INTO document (ns, key, value, version) VALUES (?, ?, ?, ?)"
           " ON CONFLICT (ns, key) DO UPDATE SET value = excluded.value, version = excluded.version"),
      erase_(db.handle(), "DELETE FROM document WHERE ns = ? AND key = ?"),
      list_(db.handle(), "SELECT key, value, version FROM document WHERE ns = ? AND key >= ? ORDER BY key LIMIT ?") {}

void DocumentTable::get(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  Use use(get_);
  use->bind(op.ns).bind(op.key);
  if (!use->step()) {
    result.status = OC_E_NOT_FOUND;
    return;
  }
  result.value = memory.copy(use->blob(0));
  result.version = static_cast<std::uint64_t>(use->integer(1));
}

std::uint64_t DocumentTable::version_of(const oc_store_op& op) {
  Use use(version_);
  use->bind(op.ns).bind(op.key);
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
  put_.bind(op.ns).bind(op.key).bind(op.value).bind(result.version).run();
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
  use->bind(op.ns).bind(op.key).bind(std::min<std::uint64_t>(op.limit, INT64_MAX));
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
