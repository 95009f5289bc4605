#include "reasoning_details.hpp"

#include "common/members.hpp"

namespace onechat::openai_chat {
namespace {

constexpr std::int64_t kNoIndex = -1;
constexpr std::size_t kEntriesMax = 1024;

}  // namespace

ReasoningDetails::Entry& ReasoningDetails::entry_of(oc::Json piece) {
  const std::int64_t index = piece["index"].integer(kNoIndex);
  const auto type = piece["type"].str();
  for (auto e = entries_.rbegin(); e != entries_.rend(); ++e) {
    if (e->type == type && e->index == index) return *e;
    if (index == kNoIndex) break;  // without an index only the newest can go on
  }
  if (entries_.size() >= kEntriesMax) return entries_.back();
  entries_.push_back({index, std::string(type), {}, {}, {}, {}, {}});
  return entries_.back();
}

void ReasoningDetails::add(oc::Json list, const oc::Call& call) {
  for (const oc::Json piece : list) {
    if (!piece.is_object()) continue;
    Entry& e = entry_of(piece);
    e.text += piece["text"].str();
    e.summary += piece["summary"].str();
    e.data += piece["data"].str();
    if (const auto s = piece["signature"].str(); !s.empty()) e.signature = s;
    const auto rest = dialect::members_except(call, piece, {"type", "text", "summary", "data", "signature", "index"});
    if (rest.size() > e.rest.size()) e.rest = rest;
  }
}

bool ReasoningDetails::has_state() const {
  for (const Entry& e : entries_)
    if (!e.signature.empty() || !e.data.empty()) return true;
  return false;
}

std::string_view ReasoningDetails::take(const oc::Call& call) {
  const auto text = call.json([&](oc::Writer& w) {
    w.array();
    for (const Entry& e : entries_) {
      w.object().member("type", e.type);
      if (e.type == "reasoning.text" || !e.text.empty()) w.member("text", e.text);
      if (!e.summary.empty()) w.member("summary", e.summary);
      if (!e.data.empty()) w.member("data", e.data);
      if (!e.signature.empty()) w.member("signature", e.signature);
      dialect::write_members(call, w, e.rest);
      if (e.index != kNoIndex) w.member("index", e.index);
      w.close();
    }
    w.close();
  });
  entries_.clear();
  return text;
}

}  // namespace onechat::openai_chat
