#include "control/anchors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/ids.hpp"
#include "control/date_text.hpp"
#include "json/json.hpp"

namespace onechat::control {
namespace {

constexpr std::size_t kHashDigits = 2 * std::tuple_size_v<Sha256>;

std::optional<std::uint8_t> nibble(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

bool read_hash(std::string_view digits, Sha256& out) {
  if (digits.size() != kHashDigits) return false;
  for (std::size_t i = 0; i < kHashDigits; i += 2) {
    const auto high = nibble(digits[i]), low = nibble(digits[i + 1]);
    if (!high || !low) return false;
    out[i / 2] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return true;
}

std::string name_of(const Link& link) {
  return "node " + std::to_string(link.node) + ": link " + std::to_string(link.n);
}

}  // namespace

void write_anchor(oc_jsonw& w, const Link& link) {
  w.object().key("node").integer(static_cast<std::int64_t>(link.node)).key("link").integer(static_cast<std::int64_t>(link.n));
  w.key("first").integer(static_cast<std::int64_t>(link.first_seq)).key("last").integer(static_cast<std::int64_t>(link.last_seq));
  w.key("time").string(to_time(link.unix_ms)).key("sha256").string(hex(link.sha256)).close();
}

Result<Link> read_anchor(const oc_json* object) {
  Link link;
  link.node = static_cast<std::uint64_t>(json::integer(json::get(object, "node"), 0));
  link.n = static_cast<std::uint64_t>(json::integer(json::get(object, "link"), 0));
  link.first_seq = static_cast<std::uint64_t>(json::integer(json::get(object, "first"), 0));
  const oc_json* hash = json::get(object, "sha256");
  if (link.node == 0 || link.n == 0 || link.first_seq == 0 || hash == nullptr || !read_hash(hash->text, link.sha256))
    return Error(OC_E_INVALID, "an anchor has 'node', 'link', 'first' and 'sha256'", "invalid_request", "anchors");
  return link;
}

Result<std::vector<Verdict::Breach>> check_anchors(Books& books, const std::vector<Link>& anchors) {
  std::vector<Verdict::Breach> out;
  if (anchors.empty()) return out;
  std::vector<std::uint64_t> seqs;
  for (const Link& a : anchors) seqs.push_back(a.first_seq);
  auto found = books.links(seqs);
  if (!found) return found.error();
  const auto earlier = [](const Link& a, const Link& b) { return a.first_seq < b.first_seq; };
  std::sort(found->begin(), found->end(), earlier);
  for (const Link& a : anchors) {
    const auto at = std::lower_bound(found->begin(), found->end(), a, earlier);
    if (at == found->end() || at->first_seq != a.first_seq)
      out.push_back({"I14", name_of(a) + " over the transfers from " + std::to_string(a.first_seq) + " is gone"});
    else if (at->node != a.node || at->n != a.n)
      out.push_back({"I14", name_of(a) + " is now " + name_of(*at)});
    else if (at->sha256 != a.sha256)
      out.push_back({"I14", name_of(a) + " has another hash than it had"});
  }
  return out;
}

Result<void> AnchorFile::append(const std::vector<Link>& last) {
  std::string text;
  for (const Link& link : last) {
    const auto known = std::find_if(written_.begin(), written_.end(), [&](const Link& w) { return w.node == link.node; });
    if (known != written_.end() && known->n == link.n && known->sha256 == link.sha256) continue;
    oc_jsonw w(&text);
    write_anchor(w, link);
    text += '\n';
  }
  if (text.empty()) return {};
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const off_t end = fd >= 0 ? ::lseek(fd, 0, SEEK_END) : -1;
  const ssize_t written = end >= 0 ? ::write(fd, text.data(), text.size()) : -1;
  const bool whole = written == static_cast<ssize_t>(text.size());
  const bool done = whole && ::fdatasync(fd) == 0;
  const int why = written >= 0 && !whole ? ENOSPC : errno;
  if (!done && written > 0 && ::ftruncate(fd, end) != 0) written_.clear();  // half a line, which nobody can take back
  if (fd >= 0) ::close(fd);
  if (!done) return Error(OC_E_IO, "cannot write " + path_ + ": " + std::strerror(why));
  written_ = last;
  return {};
}

}  // namespace onechat::control
