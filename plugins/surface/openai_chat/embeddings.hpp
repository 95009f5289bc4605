// The answer to an embeddings request. Zeroed memory is an empty one.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::openai_chat {

class Embeddings {
 public:
  void begin(const oc::Call& call, const oc_request& request);
  void add(const oc::Call& call, const oc::Call& keep, const oc_event& e);
  void write(oc::Writer& w, std::string_view model, const oc_usage* usage) const;

 private:
  struct Vector {
    Vector* next;
    std::uint32_t index;
    oc_str json;  // an array of numbers or a string of base64
  };
  bool base64_;  // little-endian float32, as OpenAI's own clients ask for
  Vector *first_, *last_;
};

}  // namespace onechat::openai_chat
