// Calls the admin API of a running gateway; what the command line speaks through.
#pragma once
#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace onechat::control {

class AdminClient {
 public:
  using Query = std::vector<std::pair<std::string, std::string>>;  // empty values are left out

  // `url`: "http://127.0.0.1:8081".
  AdminClient(std::string url, std::string token) : url_(std::move(url)), token_(std::move(token)) {}

  // The body of a 2xx answer. Errors carry the gateway's own words; OC_E_IO when it cannot be reached.
  Result<std::string> call(const std::string& method, const std::string& path, const Query& query = {},
                           const std::string& json_body = {}) const;
  // The same for a GET whose body may be large: copied to `out` as it comes.
  Result<void> download(const std::string& path, const Query& query, std::ostream& out) const;

 private:
  Result<void> exchange(const std::string& method, const std::string& path, const Query& query,
                        const std::string& json_body, std::ostream& out) const;
  std::string url_, token_;
};

std::string path_segment(const std::string& text);  // percent-encoded

}  // namespace onechat::control
