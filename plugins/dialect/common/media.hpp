// Pictures, sound and files inside requests, and what they weigh.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>
#include <string_view>

namespace onechat::dialect {

// data:image/png;base64,iVBOR... into its pieces; false: it is no such URL.
bool split_data_url(std::string_view url, oc_str& media_type, oc_str& base64);
std::string_view data_url(const oc::Call& call, const oc_part& media);
bool is_url(std::string_view uri);  // http:, https:, gs:, ...

// For oc_request.input_bytes: every token is at least one byte of the body, so the body bounds them; media count by what
// vendors charge for them, not by the length of their base64.
class MediaWeight {
 public:
  void add(const oc_part& media);
  std::uint64_t input_bytes(std::uint64_t body_bytes) const;

 private:
  std::uint64_t encoded_ = 0, allowance_ = 0;
};

}  // namespace onechat::dialect
