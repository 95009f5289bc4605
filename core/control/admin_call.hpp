// One call of the admin API while it is handled: what its path, query and body say, read strictly.
#pragma once
#include <initializer_list>
#include <optional>

#include "control/admin_api.hpp"
#include "json/json.hpp"

namespace onechat::control {

template <class Write>
AdminResponse json_response(unsigned status, Write&& write) {
  AdminResponse response;
  response.status = status;
  oc_jsonw w(&response.body);
  write(w);
  return response;
}

// Members of a JSON body. The first thing that is wrong is kept; the handler asks once, at the end.
class BodyReader {
 public:
  // Members that are not among `known` are wrong.
  BodyReader(const std::string& body, std::initializer_list<std::string_view> known);

  std::string text(std::string_view name, bool required = false);
  std::optional<std::int64_t> usd(std::string_view name, bool required = false);  // decimal as text or number, in nano
  std::int64_t time(std::string_view name);                                       // date text or null; 0 when absent
  std::optional<bool> flag(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t max);  // 0 when absent
  admission::Limits limits(std::string_view name);
  const std::optional<Error>& problem() const noexcept { return problem_; }

 private:
  const oc_json* get(std::string_view name, bool required);
  std::uint64_t whole(const oc_json* object, std::string_view name, std::uint64_t max);
  void fail(std::string message, std::string_view param);

  Arena arena_;
  const oc_json* root_ = nullptr;
  std::optional<Error> problem_;
};

struct AdminApi::Call {
  const AdminRequest& request;
  std::string argument;  // what {…} in the path matched

  std::string query(const std::string& name) const {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
  }
  // Fails for a query parameter that is not among `known`.
  Result<void> only(std::initializer_list<std::string_view> known) const;
  Result<std::string> needed(const std::string& name) const;
  Result<std::int64_t> time(const std::string& name) const;  // 0 when absent
};

}  // namespace onechat::control
