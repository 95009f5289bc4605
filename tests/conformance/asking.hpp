// What a request says, whatever its dialect: read from the wire without the code under test, from what clients sent and
// from what goes upstream alike.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "meaning.hpp"
#include "view.hpp"

namespace onechat::conformance {

struct AskedResult {
  std::string id, name, text;
};

struct Asking {
  std::string system, user, assistant;  // all texts of the role, one after the other
  std::vector<SaidCall> calls;
  std::vector<AskedResult> results;
  std::vector<std::string> tools;  // names of functions and custom tools
  int hosted_tools = 0;
  int images = 0, files = 0, audio = 0;
  int foreign = 0;  // parts that only the dialect itself knows
  int reasoning = 0, states = 0;
  std::string max_tokens, temperature, top_p, schema;  // "" not said; numbers as written
  std::vector<std::string> stops;
  std::string choice;  // auto, none, required, or the name of a tool
};

Asking read_request(std::string_view dialect, View request);

// Do calls and results belong together as the dialect's API demands? Empty: yes.
Problems check_pairing(std::string_view dialect, View request);

Asking read_chat_request(View request);
Asking read_responses_request(View request);
Asking read_anthropic_request(View request);
Asking read_gemini_request(View request);

// What `target` (of `dialect`) lost of `source`. `dropped`: what the provider said it left out.
Problems compare_asking(const Asking& source, const Asking& target, std::string_view dialect,
                        const std::vector<std::string>& dropped);

}  // namespace onechat::conformance
