// When the ledger is looked at in the background.
#pragma once
#include <chrono>
#include <string>

namespace onechat::control {

struct AuditPlan {
  std::chrono::milliseconds verify_every{0}, anchor_every{0};  // 0: never
  std::string anchor_file;  // anchors are appended to it
};

}  // namespace onechat::control
