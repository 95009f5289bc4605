// Messages and their blocks become turns.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

#include "common/media.hpp"
#include "path.hpp"

namespace onechat::anthropic_messages {

class MessageParser {
 public:
  // `strict_2026`: the rules that came with that version of the API hold.
  MessageParser(const oc::Call& call, dialect::MediaWeight& media, bool strict_2026)
      : call_(call), media_(media), strict_2026_(strict_2026) {}

  // The turn of one message or of the member "system", or nullptr after call.fail().
  const oc_turn* turn(oc::Json message, const Path& at);
  const oc_turn* system(oc::Json value, const Path& at);
  oc_status failed() const { return failed_; }

 private:
  struct Parts {
    oc_part** list;
    std::uint64_t n = 0;
  };

  bool content(oc::Json value, const Path& at, std::uint32_t role, Parts& parts);
  bool block(oc::Json value, const Path& at, std::uint32_t role, Parts& parts);
  bool fill(oc::Json value, std::string_view type, const Path& at, std::uint32_t role, oc_part& out);
  bool text(oc::Json value, const Path& at, std::uint32_t role, oc_part& out);
  bool image(oc::Json value, const Path& at, oc_part& out);
  bool document(oc::Json value, const Path& at, std::uint32_t role, oc_part& out);
  bool tool_use(oc::Json value, const Path& at, oc_part& out);
  bool tool_result(oc::Json value, const Path& at, oc_part& out);
  bool thinking(oc::Json value, const Path& at, oc_part& out);
  bool redacted(oc::Json value, const Path& at, Parts& parts);
  bool base64_source(oc::Json source, const Path& at, oc_part& out);
  void quoted_text(oc::Json value, oc::Json content, oc_part& out);

  oc_part* add(Parts& parts, std::uint32_t type);
  bool refuse(const Path& at, std::string_view message);
  bool want_string(oc::Json value, const Path& at, oc_str& out);

  const oc::Call& call_;
  dialect::MediaWeight& media_;
  bool strict_2026_;
  oc_status failed_ = OC_OK;
};

}  // namespace onechat::anthropic_messages
