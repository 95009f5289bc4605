// The paths of the dialect: Google's versions, verbs and collections, spelled out once per instance.
#pragma once
#include <onechat/onechat.hpp>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::gemini {

class Routes {
 public:
  Routes();
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  // Lives as long as this.
  const oc_route* const* list() const { return pointers_.data(); }
  std::uint64_t size() const { return pointers_.size(); }

 private:
  void add(std::uint32_t op, std::string_view method, std::string path, std::string_view claim = {});
  void add_verbs(const std::string& collection);

  std::deque<std::string> paths_;
  std::deque<oc_route> routes_;
  std::vector<const oc_route*> pointers_;
};

// What the path says beyond the operation.
bool is_stream(std::string_view path) noexcept;
bool is_batch(std::string_view path) noexcept;

}  // namespace onechat::gemini
