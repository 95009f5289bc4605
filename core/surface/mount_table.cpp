#include "surface/mount_table.hpp"

#include <algorithm>

namespace onechat::surface {
namespace {

std::string_view prefix_of(const SurfaceInstance& s) { return view(s.table().prefix); }

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<MountTable> MountTable::make(const std::vector<const SurfaceInstance*>& surfaces) {
  MountTable out;
  out.surfaces_ = surfaces;
  for (const SurfaceInstance* s : surfaces) {
    const oc_route* const* declared = nullptr;
    const std::uint64_t n = s->table().routes(s->self(), &declared);
    for (std::uint64_t i = 0; i < n; ++i) {
      oc_route r;
      if (!plugin::normalise(declared[i], r))
        return Error(OC_E_CONFIG, "plugin '" + s->id() + "': route " + std::to_string(i) + " has an impossible struct_size");
      Route route{s, r.op, std::string(view(r.method)), {}, std::string(view(r.claim_header)), Route::Arg::none, {}};
      const std::string_view path = view(r.path);
      const auto open = path.find('{');
      route.head = std::string(path.substr(0, open));
      if (open != std::string_view::npos) {
        const auto close = path.find('}', open);
        if (close == std::string_view::npos)
          return Error(OC_E_CONFIG, "plugin '" + s->id() + "': route '" + std::string(path) + "' has no closing '}'");
        const bool rest = path.substr(open, close - open).ends_with("...");
        route.arg = rest ? Route::Arg::rest : Route::Arg::segment;
        route.tail = std::string(path.substr(close + 1));
      }
      for (const Route& other : out.routes_)
        if (other.method == route.method && other.head == route.head && other.arg == route.arg && other.tail == route.tail &&
            other.claim_header == route.claim_header && other.surface != s)
          return Error(OC_E_CONFIG, "surfaces '" + other.surface->id() + "' and '" + s->id() + "' both claim " + route.method +
                                        " " + std::string(path) + "; use only one of them");
      out.routes_.push_back(std::move(route));
    }
  }
  std::stable_sort(out.routes_.begin(), out.routes_.end(), [](const Route& a, const Route& b) {
    if (a.claim_header.empty() != b.claim_header.empty()) return !a.claim_header.empty();
    if ((a.arg == Route::Arg::none) != (b.arg == Route::Arg::none)) return a.arg == Route::Arg::none;
    if (a.head.size() != b.head.size()) return a.head.size() > b.head.size();
    return a.tail.size() > b.tail.size();
  });
  return out;
}

std::optional<std::string_view> MountTable::argument(const Route& r, std::string_view path) noexcept {
  if (r.arg == Route::Arg::none) return path == r.head ? std::optional<std::string_view>("") : std::nullopt;
  if (!path.starts_with(r.head) || !path.ends_with(r.tail) || path.size() <= r.head.size() + r.tail.size()) return std::nullopt;
  const std::string_view arg = path.substr(r.head.size(), path.size() - r.head.size() - r.tail.size());
  if (r.arg == Route::Arg::segment && arg.find('/') != std::string_view::npos) return std::nullopt;
  return arg;
}

bool MountTable::claimed(const Route& r, const net::HeadView& head) noexcept {
  if (r.claim_header.empty()) return true;
  if (r.claim_header.front() != '?') return !head.header(r.claim_header).empty();
  const std::string_view name = std::string_view(r.claim_header).substr(1);
  for (std::string_view rest = head.query; !rest.empty();) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    if (pair.substr(0, pair.find('=')) == name) return true;
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return false;
}

std::string_view MountTable::prefix_on(std::string_view path) const noexcept {
  for (const SurfaceInstance* s : surfaces_) {
    const std::string_view prefix = prefix_of(*s);
    if (!prefix.empty() && path.starts_with(prefix) && path.size() > prefix.size() && path[prefix.size()] == '/') return prefix;
  }
  return {};
}

// Nobody serves the path; the answer should still be one that the caller can read. A claim tells its dialect, else the
// version in the path does.
const SurfaceInstance* MountTable::likely(const net::HeadView& head, std::string_view path,
                                          std::string_view prefix) const noexcept {
  const auto may = [&](const Route& r) { return prefix.empty() || prefix_of(*r.surface) == prefix; };
  for (const Route& r : routes_)
    if (may(r) && !r.claim_header.empty() && claimed(r, head)) return r.surface;
  const std::string_view version = path.substr(0, path.find('/', 1));
  for (const SurfaceInstance* s : surfaces_)
    for (const Route& r : routes_)
      if (r.surface == s && may(r) && r.claim_header.empty() && r.head.starts_with(version) &&
          (r.head.size() == version.size() || r.head[version.size()] == '/'))
        return s;
  for (const SurfaceInstance* s : surfaces_)
    if (prefix.empty() || prefix_of(*s) == prefix) return s;
  return surfaces_.front();
}

Match MountTable::find(const net::HeadView& head) const noexcept {
  Match match;
  match.path = head.path;
  const std::string_view prefix = prefix_on(head.path);
  match.path.remove_prefix(prefix.size());
  for (const Route& r : routes_) {
    // Under a prefix of its own nobody else competes: claims need no proof.
    if (prefix.empty() ? !claimed(r, head) : prefix_of(*r.surface) != prefix) continue;
    const auto arg = argument(r, match.path);
    if (!arg) continue;
    if (!match.path_known) match.surface = r.surface;
    match.path_known = true;
    if (r.method != head.method) continue;
    match.surface = r.surface;
    match.op = r.op;
    match.path_arg = *arg;
    return match;
  }
  if (match.surface == nullptr) match.surface = likely(head, match.path, prefix);
  return match;
}

std::optional<std::string_view> percent_decode(Arena& arena, std::string_view text) {
  if (text.find('%') == std::string_view::npos) return text;
  auto out = arena.make_array<char>(text.size());
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out[n++] = text[i];
      continue;
    }
    const int hi = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int lo = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (hi < 0 || lo < 0) return std::nullopt;
    out[n++] = static_cast<char>(hi << 4 | lo);
    i += 2;
  }
  return std::string_view(out.data(), n);
}

}  // namespace onechat::surface
