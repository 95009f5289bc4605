#include "control/wallet.hpp"

namespace onechat::control {

Result<Wallet> find_wallet(const Directory& directory, const std::string& project, const std::string& org) {
  if (project.empty() == org.empty())
    return Error(OC_E_INVALID, "give either 'project' or 'org'", "invalid_request", "project");
  if (!org.empty()) {
    const auto o = directory.org(org);
    if (!o) return o.error();
    return Wallet{{}, o->name, 0, o->id, o->created_unix_ms};
  }
  const auto p = directory.project(project);
  if (!p) return p.error();
  Wallet out{p->name, p->org, p->id, p->account(), p->created_unix_ms};
  if (!p->org.empty()) {
    const auto o = directory.org(p->org);
    if (!o) return o.error();
    out.created_unix_ms = o->created_unix_ms;
  }
  return out;
}

}  // namespace onechat::control
