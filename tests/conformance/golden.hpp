// Golden tests: one each for a defect that other gateways were seen to have, named after what it protects. The list of
// them is part of docs/conformance.md.
#pragma once
#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "asking.hpp"
#include "compare.hpp"
#include "grammar.hpp"

namespace onechat::conformance {

struct GoldenEntry {
  std::string_view name, promise, reference;
};
// In the order of their names.
std::vector<GoldenEntry> goldens();
bool list_golden(std::string_view name, std::string_view promise, std::string_view reference);

// `reference`: where the defect was reported (OWNER/REPOSITORY#NUMBER, shortened as in docs/surfaces.md).
#define GOLDEN(name, reference, promise)                                \
  const bool name##_is_listed = list_golden(#name, promise, reference); \
  TEST(Golden, name)

inline constexpr std::string_view kChat = "openai_chat", kResponses = "openai_responses",
                                  kAnthropic = "anthropic_messages", kGemini = "gemini";
inline constexpr std::string_view kAll[] = {kChat, kResponses, kAnthropic, kGemini};

using Payloads = std::vector<std::string>;

// What the upstream's stream or answer looks like to a client of `client`. Fails the test when it is not well-formed.
std::string streamed(std::string_view upstream, const Payloads& payloads, std::string_view client);
std::string whole(std::string_view upstream, const std::string& answer, std::string_view client);
// The same, read.
Said said_streamed(std::string_view upstream, const Payloads& payloads, std::string_view client);
Said said_whole(std::string_view upstream, const std::string& answer, std::string_view client);

// What goes upstream of a client's request.
struct Sent {
  std::string body;  // "" when it was refused
  std::vector<std::string> dropped;
  std::string refusal;
  std::unique_ptr<Document> document;
  View operator[](std::string_view key) const { return document->root[key]; }
  bool says_dropped(std::string_view what) const;
};
Sent sent(std::string_view client, const std::string& request, std::string_view upstream,
          std::string_view model = "model-1", std::string_view settings = "{}");

bool has(std::string_view text, std::string_view what);

}  // namespace onechat::conformance
