// The admin API without its transport: a table of routes, and JSON in and out.
//
// Documented for clients by openapi.json (served at /openapi.json); a test keeps both the same. Thread-safe.
#pragma once
#include <functional>
#include <map>
#include <ostream>
#include <span>
#include <string>
#include <string_view>

#include "base/ids.hpp"
#include "control/control_plane.hpp"

namespace onechat::control {

struct AdminRequest {
  std::string method, path;                  // path without query, percent-decoded by segment
  std::map<std::string, std::string> query;  // decoded; the last of a name wins
  std::string authorization;                 // the header, or ""
  std::string body;
};

struct AdminResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow;                          // for 405
  std::function<void(std::ostream&)> stream;  // set: writes the body instead; stops when the stream is not good()
};

class AdminApi {
 public:
  static constexpr std::size_t kBodyBytesMax = 4u << 20;  // a prices file can be long

  struct Call;
  using Handler = Result<AdminResponse> (AdminApi::*)(const Call&);
  struct Route {
    std::string_view method, path;  // "/api/v1/keys/{id}"
    bool open;                      // needs no token
    Handler handler;
  };
  static std::span<const Route> routes() noexcept;

  AdminApi(ControlPlane& plane, std::string_view admin_token);

  // Never throws: what goes wrong is a JSON error with its status.
  AdminResponse handle(const AdminRequest& request) noexcept;
  // An error as it is answered: {"error":{"code","message","param"?}}.
  static AdminResponse error(const Error& e);

 private:
  bool authorized(const AdminRequest& request) const;
  AdminResponse dispatch(const AdminRequest& request);

  Result<AdminResponse> health(const Call&);
  Result<AdminResponse> readiness(const Call&);
  Result<AdminResponse> metrics(const Call&);
  Result<AdminResponse> openapi(const Call&);
  Result<AdminResponse> list_projects(const Call&);
  Result<AdminResponse> create_project(const Call&);
  Result<AdminResponse> delete_project(const Call&);
  Result<AdminResponse> list_keys(const Call&);
  Result<AdminResponse> create_key(const Call&);
  Result<AdminResponse> revoke_key(const Call&);
  Result<AdminResponse> list_orgs(const Call&);
  Result<AdminResponse> deposit(const Call&);
  Result<AdminResponse> withdraw(const Call&);
  Result<AdminResponse> transfer(const Call&);
  Result<AdminResponse> grant(const Call&);
  Result<AdminResponse> refund(const Call&);
  Result<AdminResponse> set_terms(const Call&);
  Result<AdminResponse> balance(const Call&);
  Result<AdminResponse> list_budgets(const Call&);
  Result<AdminResponse> set_budget(const Call&);
  Result<AdminResponse> remove_budget(const Call&);
  Result<AdminResponse> verify(const Call&);
  Result<AdminResponse> anchors(const Call&);
  Result<AdminResponse> check_anchors(const Call&);
  Result<AdminResponse> statement(const Call&);
  Result<AdminResponse> trial_balance(const Call&);
  Result<AdminResponse> explain(const Call&);
  Result<AdminResponse> list_traces(const Call&);
  Result<AdminResponse> export_traces(const Call&);
  Result<AdminResponse> show_trace(const Call&);
  Result<AdminResponse> delete_trace(const Call&);
  Result<AdminResponse> prices(const Call&);
  Result<AdminResponse> rerate(const Call&);
  Result<AdminResponse> plugins(const Call&);
  Result<AdminResponse> reload(const Call&);

  ControlPlane& plane_;
  Sha256 token_hash_;
};

std::string_view admin_openapi_json() noexcept;  // openapi.json, embedded by the build

}  // namespace onechat::control
