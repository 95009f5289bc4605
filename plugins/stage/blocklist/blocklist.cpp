// A guardrail stage: refuses requests whose texts contain a configured word.
#include <onechat/onechat.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class Blocklist {
 public:
  struct State {};
  static constexpr std::uint32_t kNeeds = OC_NEED_REQUEST;

  Blocklist(const oc_host*, oc::Json settings) {
    for (const oc::Json word : settings["words"]) {
      std::string text(word.str());
      if (text.empty()) throw std::runtime_error("words: an empty word would refuse everything; remove it");
      std::transform(text.begin(), text.end(), text.begin(), lower);
      words_.push_back(std::move(text));
    }
  }

  oc_status request(const oc::Call& call, State&, const oc_request& in, const oc_request**, oc_op*) {
    for (std::uint64_t t = 0; t < in.n_turns; ++t)
      for (std::uint64_t p = 0; p < in.turns[t]->n_parts; ++p)
        if (blocked(*in.turns[t]->parts[p])) return refuse(call);
    for (std::uint64_t i = 0; i < in.n_inputs; ++i)
      if (contains(oc::view(in.inputs[i]))) return refuse(call);
    return OC_STAGE_CONTINUE;
  }

 private:
  static oc_status refuse(const oc::Call& call) {
    return call.fail(OC_E_INVALID, "The request contains content that this project does not allow.", "content_blocked", {}, 400);
  }
  bool blocked(const oc_part& part) const {
    if (contains(oc::view(part.text)) || contains(oc::view(part.tool_args_json))) return true;
    for (std::uint64_t i = 0; i < part.n_parts; ++i)
      if (blocked(*part.parts[i])) return true;
    return false;
  }
  bool contains(std::string_view text) const {
    return std::any_of(words_.begin(), words_.end(), [&](const std::string& word) {
      return std::search(text.begin(), text.end(), word.begin(), word.end(),
                         [](char a, char b) { return lower(a) == b; }) != text.end();
    });
  }

  std::vector<std::string> words_;  // in lower case
};

constexpr char kSchema[] = R"({"type":"object","required":["words"],"additionalProperties":false,
  "properties":{"words":{"type":"array","minItems":1,"items":{"type":"string"}}}})";

}  // namespace

ONECHAT_STAGE(Blocklist, "stage.blocklist", "0.9.0", "Refuses requests that contain configured words", kSchema, 0)
