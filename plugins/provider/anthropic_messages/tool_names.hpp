// Names of tools in the characters that the dialect takes, and back again.
#pragma once
#include <onechat/onechat.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace onechat::anthropic_messages {

// ^[a-zA-Z0-9_-]{1,64}$. A name that is fine stays; another gets a trace of itself at the end, so that two that differ in
// a forbidden character only do not become one.
std::string_view portable_tool_name(const oc::Call& call, std::string_view name);

// The changed names of one request, for its answer.
class ToolNames {
 public:
  void remember(std::string_view wire, std::string_view original) { changed_.emplace_back(wire, original); }
  std::string_view original(std::string_view wire) const;

 private:
  std::vector<std::pair<std::string, std::string>> changed_;
};

}  // namespace onechat::anthropic_messages
