// Which surface and operation a request is for: by mount, method, path and claiming header.
//
// Built once per configuration and worker from what the surfaces declare; read-only afterwards.
#pragma once
#include <onechat/surface.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/server.hpp"
#include "plugin/instance.hpp"

namespace onechat::surface {

using SurfaceInstance = plugin::Instance<oc_surface>;

struct Match {
  const SurfaceInstance* surface = nullptr;  // never null: for an unknown path the one whose dialect the caller seems to speak
  std::uint32_t op = 0;                      // 0: no such path; see path_known
  bool path_known = false;                   // the path exists, but not with this method
  std::string_view path;                     // without the mount prefix
  std::string_view path_arg;                 // still percent-encoded
};

class MountTable {
 public:
  // `surfaces` outlive the table and are not empty. Errors: OC_E_CONFIG, two surfaces claim one route alike.
  static Result<MountTable> make(const std::vector<const SurfaceInstance*>& surfaces);
  Match find(const net::HeadView& head) const noexcept;

 private:
  struct Route {
    const SurfaceInstance* surface;
    std::uint32_t op;
    std::string method, head, claim_header;  // path is `head` followed by an argument, or `head` alone
    enum class Arg { none, segment, rest } arg;
    std::string tail;                        // literal after a segment argument
  };
  static std::optional<std::string_view> argument(const Route& r, std::string_view path) noexcept;
  static bool claimed(const Route& r, const net::HeadView& head) noexcept;
  std::string_view prefix_on(std::string_view path) const noexcept;
  const SurfaceInstance* likely(const net::HeadView& head, std::string_view path, std::string_view prefix) const noexcept;

  std::vector<Route> routes_;  // claiming ones first, then the more precise ones
  std::vector<const SurfaceInstance*> surfaces_;
};

// Percent-decodes into the arena when there is something to decode. nullopt: malformed.
std::optional<std::string_view> percent_decode(Arena& arena, std::string_view text);

}  // namespace onechat::surface
