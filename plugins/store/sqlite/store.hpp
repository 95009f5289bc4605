// The store of the plugin: a batch of ops, one commit.
#pragma once
#include <string>

#include "database.hpp"
#include "document_table.hpp"
#include "memory.hpp"
#include "trace_table.hpp"

namespace onechat::store_sqlite {

// Belongs to the host's one thread for it.
class Store {
 public:
  // Throws ConfigError.
  Store(const std::string& file, AllocFn alloc, std::int64_t unix_ms);

  // OC_OK: committed, every result is final; a batch that changes documents or erases traces is durable.
  // OC_E_UNAVAILABLE: nothing was changed; why() says what SQLite said.
  oc_status apply(const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n,
                  oc_arena* arena) noexcept;
  const std::string& why() const noexcept { return why_; }

 private:
  void apply_all(const oc_store_op* const* ops, oc_store_result* const* results, std::uint64_t n, Memory& memory);
  void apply_one(const oc_store_op& op, oc_store_result& result, Memory& memory);

  AllocFn alloc_;
  Database db_;
  DocumentTable documents_;
  TraceTable traces_;
  bool erased_in_log_ = false;  // what was erased may still be read in the log
  std::string why_;
};

}  // namespace onechat::store_sqlite
