#include "store.hpp"

#include <algorithm>
#include <optional>

#include "answer.hpp"

namespace onechat::store_sqlite {
namespace {

bool erases_traces(const oc_store_op* op) noexcept { return op->kind == OC_SOP_TRACE_DEL; }

// What was erased must not come back with a power cut.
bool must_be_durable(const oc_store_op* op) noexcept {
  return op->kind == OC_SOP_PUT || op->kind == OC_SOP_DEL || erases_traces(op);
}

bool changes(const oc_store_op* op) noexcept { return must_be_durable(op) || op->kind == OC_SOP_TRACE_PUT; }

}  // namespace

Store::Store(const std::string& file, AllocFn alloc, std::int64_t unix_ms)
    : alloc_(alloc), db_(file, unix_ms), documents_(db_), traces_(db_) {}

oc_status Store::apply(const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n,
                       oc_arena* arena) noexcept {
  Memory memory(alloc_, arena);
  try {
    apply_all(ops, results, n, memory);
    return OC_OK;
  } catch (const std::exception& e) {
    why_ = e.what();
  } catch (...) {
    why_ = "unknown error";
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::uint32_t size = results[i]->struct_size;
    *results[i] = {};
    results[i]->struct_size = size;
    results[i]->status = OC_E_UNAVAILABLE;
  }
  return OC_E_UNAVAILABLE;
}

void Store::apply_all(const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n, Memory& memory) {
  std::optional<Transaction> transaction;
  if (std::any_of(ops, ops + n, changes)) {
    db_.set_durable(std::any_of(ops, ops + n, must_be_durable));
    transaction.emplace(db_);
  }
  traces_.begin();
  for (std::uint64_t i = 0; i < n; ++i) {
    if (ops[i]->kind != OC_SOP_TRACE_PUT) traces_.write();  // an op sees those before it
    answer(*results[i], [&] { apply_one(*ops[i], *results[i], memory); });
  }
  traces_.write();
  if (!transaction) return;
  transaction->commit();
  for (std::uint64_t i = 0; i < n; ++i)
    if (erases_traces(ops[i]) && results[i]->version != 0) erased_in_log_ = true;
  if (erased_in_log_) erased_in_log_ = !db_.empty_log();  // else after the next commit
}

void Store::apply_one(const oc_store_op& op, oc_store_result& result, Memory& memory) {
  switch (op.kind) {
    case OC_SOP_GET: return documents_.get(op, result, memory);
    case OC_SOP_PUT: return documents_.put(op, result);
    case OC_SOP_DEL: return documents_.erase(op, result);
    case OC_SOP_LIST: return documents_.list(op, result, memory);
    case OC_SOP_TRACE_PUT: return traces_.put(op, result);
    case OC_SOP_TRACE_GET: return traces_.get(op, result, memory);
    case OC_SOP_TRACE_LIST: return traces_.list(op, result, memory);
    case OC_SOP_TRACE_DEL: return traces_.erase(op, result);
    default: result.status = OC_E_UNSUPPORTED;
  }
}

}  // namespace onechat::store_sqlite
