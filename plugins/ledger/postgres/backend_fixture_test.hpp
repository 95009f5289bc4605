// Instances of ledger.postgres as the host would make them, on a server that the test program starts for itself.
#pragma once
#include <string>

#include "ledger/plugin_instance.hpp"
#include "ledger_postgres.hpp"
#include "support/postgres.hpp"

namespace onechat::ledger_test {

class TestBackend : public PluginInstance {
 public:
  using PluginInstance::PluginInstance;
  TestBackend(const std::string& url, const std::string& schema)
      : TestBackend(ledger_postgres::entry, settings(url, schema)) {}
  static std::string settings(const std::string& url, const std::string& schema = "onechat") {
    return "{\"url\":\"" + url + "\",\"schema\":\"" + schema + "\"}";
  }
};

// An op of wallet 1 and node 1; `number` makes its id, or for SETTLE and VOID its hold's.
inline oc_ledger_op op_of(std::uint32_t kind, std::uint64_t number, std::int64_t amount = 0, std::int64_t fee = 0) {
  oc_ledger_op op{};
  op.kind = kind;
  op.account = 1;
  op.node = 1;
  op.epoch = 1'000'000;
  op.amount = amount;
  op.fee = fee;
  const oc_id128 id{(static_cast<std::uint64_t>(1'700'000'000'000) << 16) + number, 1};
  (kind == OC_LOP_SETTLE || kind == OC_LOP_VOID ? op.ref : op.id) = id;
  return op;
}

}  // namespace onechat::ledger_test
