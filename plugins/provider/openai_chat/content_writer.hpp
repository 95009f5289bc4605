// The value of a message's "content".
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

#include "losses.hpp"
#include "settings.hpp"

namespace onechat::openai_chat {

class ContentWriter {
 public:
  ContentWriter(const oc::Call& call, const Settings& settings, const oc_request& request, Losses& losses, oc::Writer out);

  // Parts given one by one, then written: as one text where that says the same, because many vendors take nothing else,
  // or as a list. `role` says what may stand there: only users send media.
  void begin(std::uint32_t role, std::uint64_t parts_max);
  void add(const oc_part& p);
  void add_text(std::string_view text);
  bool empty() const { return n_ == 0; }
  void write();

 private:
  struct Piece {
    const oc_part* part;  // nullptr: only the text
    std::string_view text;
    std::string_view cache_control;
  };
  void add_foreign(const oc_part& p);
  void add_file(const oc_part& p);
  bool one_text() const;
  void piece(const Piece& piece);
  void media(const oc_part& p);
  std::string_view joined() const;
  std::string_view cache_control(const oc_part& p);

  const oc::Call& call_;
  const Settings& settings_;
  Losses& losses_;
  oc::Writer out_;
  const bool own_;
  std::uint32_t role_ = 0;
  Piece* pieces_ = nullptr;
  std::uint64_t n_ = 0;
};

}  // namespace onechat::openai_chat
