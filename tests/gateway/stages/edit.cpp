// A stage that edits what passes: "apple" becomes "[hidden]" in requests and answers, a piece of the answer with "pear"
// is dropped, one with "bomb" ends the answer. Built twice: as a stage that rewrites, and as one that says it only
// reads.
#include <onechat/onechat.hpp>

#include <string_view>

namespace {

class Edit {
 public:
  struct State {};
  static constexpr std::uint32_t kNeeds = EDIT_NEEDS;

  Edit(const oc_host*, oc::Json) {}

  std::int32_t request(const oc::Call& call, State&, const oc_request& in, const oc_request** out, oc_op*) {
    auto* request = call.make<oc_request>();
    *request = in;
    auto** turns = call.array<const oc_turn*>(in.n_turns);
    for (std::uint64_t i = 0; i < in.n_turns; ++i) turns[i] = edited(call, *in.turns[i]);
    request->turns = turns;
    request->raw = {};
    request->input_bytes += 64;
    *out = request;
    return OC_STAGE_CONTINUE;
  }
  std::int32_t event(const oc::Call& call, State&, const oc_event& in, const oc_event** out) {
    const std::string_view text = oc::view(in.text);
    if (in.type != OC_EV_TEXT) return OC_STAGE_CONTINUE;
    if (text.find("bomb") != text.npos)
      return call.fail(OC_E_INVALID, "The answer was stopped.", "answer_stopped", {}, 451);
    if (text.find("pear") != text.npos) return OC_STAGE_DROP;
    auto* event = call.make<oc_event>();
    *event = in;
    event->text = oc::str(hidden(call, text));
    *out = event;
    return OC_STAGE_CONTINUE;
  }

 private:
  static std::string_view hidden(const oc::Call& call, std::string_view text) {
    constexpr std::string_view kWord = "apple";
    const auto at = text.find(kWord);
    return at == text.npos ? text : call.concat({text.substr(0, at), "[hidden]", text.substr(at + kWord.size())});
  }
  static const oc_turn* edited(const oc::Call& call, const oc_turn& in) {
    auto* turn = call.make<oc_turn>();
    *turn = in;
    auto** parts = call.array<const oc_part*>(in.n_parts);
    for (std::uint64_t i = 0; i < in.n_parts; ++i) {
      auto* part = call.make<oc_part>();
      *part = *in.parts[i];
      part->text = oc::str(hidden(call, oc::view(part->text)));
      parts[i] = part;
    }
    turn->parts = parts;
    return turn;
  }
};

}  // namespace

ONECHAT_STAGE(Edit, EDIT_ID, "0.9.0", "Edits what passes", nullptr, 0)
