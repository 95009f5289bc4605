// "reasoning_details": what OpenRouter and others tell of reasoning and want back unchanged. In a stream the entries come
// in pieces; here they grow together again.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace onechat::openai_chat {

class ReasoningDetails {
 public:
  void add(oc::Json list, const oc::Call& call);
  // Is there anything that a model has to be shown again: a signature, or data that it encrypted?
  bool has_state() const;
  // The entries as one JSON array, in the arena; they are forgotten after it.
  std::string_view take(const oc::Call& call);

 private:
  struct Entry {
    std::int64_t index;
    std::string type, text, summary, data, signature;
    std::string rest;  // further members, as the longest of the pieces had them
  };
  Entry& entry_of(oc::Json piece);

  std::vector<Entry> entries_;
};

}  // namespace onechat::openai_chat
