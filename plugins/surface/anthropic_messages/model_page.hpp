// GET /v1/models: which page of the list a client wants, and the list as it reads it.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace onechat::anthropic_messages {

// Query of a request for a list.
struct PageWish {
  std::uint64_t limit = 20;
  std::string after_id, before_id;

  // Odd values count as not said.
  static PageWish read(std::string_view query);
};

void write_model(const oc::Call& call, oc::Writer& w, const oc_model& model);
void write_page(const oc::Call& call, oc::Writer& w, const oc_model* const* list, std::uint64_t n, const PageWish& wish);

}  // namespace onechat::anthropic_messages
