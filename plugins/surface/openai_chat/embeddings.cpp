#include "embeddings.hpp"

#include <cstring>

#include "common/base64.hpp"

namespace onechat::openai_chat {
namespace {

std::string_view packed(const oc::Call& call, oc::Json numbers) {
  char* const begin = static_cast<char*>(call.allocate(numbers.size() * sizeof(float), 1));
  char* at = begin;
  for (const oc::Json n : numbers) {
    const auto v = static_cast<float>(n.number());
    std::uint32_t bits = 0;
    std::memcpy(&bits, &v, sizeof bits);
    for (unsigned shift = 0; shift < 32; shift += 8) *at++ = static_cast<char>(bits >> shift & 0xFF);
  }
  return {begin, static_cast<std::size_t>(at - begin)};
}

}  // namespace

void Embeddings::begin(const oc::Call& call, const oc_request& request) {
  const oc::Json ext = request.ext_json.len != 0 ? call.parse(oc::view(request.ext_json)) : oc::Json();
  base64_ = ext["encoding_format"].str() == "base64";
}

void Embeddings::add(const oc::Call& call, const oc::Call& keep, const oc_event& e) {
  auto* v = keep.make<Vector>();
  v->index = e.index;
  v->json = oc::str(base64_ ? keep.concat({"\"", dialect::base64_encode(call, packed(call, call.parse(oc::view(e.ext_json)))), "\""})
                            : keep.copy(oc::view(e.ext_json)));
  (last_ != nullptr ? last_->next : first_) = v;
  last_ = v;
}

void Embeddings::write(oc::Writer& w, std::string_view model, const oc_usage* usage) const {
  w.object().member("object", "list").key("data").array();
  for (const Vector* v = first_; v != nullptr; v = v->next)
    w.object().member("object", "embedding").member("index", v->index).key("embedding").raw(oc::view(v->json)).close();
  w.close().member("model", model);
  const std::uint64_t tokens = usage != nullptr ? usage->input + usage->cache_read + usage->cache_write : 0;
  w.key("usage").object().member("prompt_tokens", static_cast<std::int64_t>(tokens));
  w.member("total_tokens", static_cast<std::int64_t>(tokens)).close().close();
}

}  // namespace onechat::openai_chat
