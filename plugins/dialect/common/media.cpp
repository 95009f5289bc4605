#include "common/media.hpp"

#include <algorithm>

namespace onechat::dialect {
namespace {

constexpr std::uint64_t kImageTokens = 4096;  // more than a vendor charges for one picture of usual size
constexpr std::uint64_t kAudioBytesPerToken = 100;
constexpr std::uint64_t kFileBytesPerToken = 4;

}  // namespace

bool split_data_url(std::string_view url, oc_str& media_type, oc_str& base64) {
  constexpr std::string_view kScheme = "data:", kBase64 = ";base64";
  const auto comma = url.find(',');
  if (url.substr(0, kScheme.size()) != kScheme || comma == std::string_view::npos) return false;
  std::string_view head = url.substr(kScheme.size(), comma - kScheme.size());
  if (head.size() < kBase64.size() || head.substr(head.size() - kBase64.size()) != kBase64) return false;
  head.remove_suffix(kBase64.size());
  media_type = oc::str(head.substr(0, head.find(';')));
  base64 = oc::str(url.substr(comma + 1));
  return true;
}

std::string_view data_url(const oc::Call& call, const oc_part& media) {
  return call.concat({"data:", oc::view(media.media_type), ";base64,", oc::view(media.data_base64)});
}

bool is_url(std::string_view uri) { return uri.find("://") != std::string_view::npos; }

void MediaWeight::add(const oc_part& media) {
  encoded_ += media.data_base64.len;
  const std::uint64_t bytes = media.data_base64.len / 4 * 3 + 3;
  switch (media.type) {
    case OC_PART_IMAGE: allowance_ += kImageTokens; break;
    case OC_PART_AUDIO: allowance_ += bytes / kAudioBytesPerToken + 1; break;
    default:
      if (media.data_base64.len != 0) allowance_ += bytes / kFileBytesPerToken + 1;
  }
}

std::uint64_t MediaWeight::input_bytes(std::uint64_t body_bytes) const {
  return body_bytes - std::min(encoded_, body_bytes) + allowance_;
}

}  // namespace onechat::dialect
