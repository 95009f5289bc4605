// The request head as it goes on the wire: written anew, never passed on.
#pragma once
#include <optional>
#include <string>

#include "net/client.hpp"
#include "net/client_origin.hpp"

namespace onechat::net {

class RequestWriter {
 public:
  RequestWriter(const Origin& origin, const std::optional<Proxy>& proxy);

  // Error: OC_E_INVALID for what could break the framing.
  static Result<void> check(const Request& request);
  // Appends the head. Headers that are the client's own (host, length, connection and what else belongs to one hop) are
  // left out. Requires: check() found nothing.
  void write(const Request& request, std::string& out) const;

 private:
  std::string target_prefix_;  // base path; with the origin before it where a proxy wants it
  bool at_root_;               // no base path: the path must bring its slash
  std::string fixed_;          // the lines that are always the same
};

// The head that asks a proxy for a tunnel.
std::string connect_head(const Origin& origin, const Proxy& proxy);

std::size_t body_bytes(const Request& request) noexcept;

}  // namespace onechat::net
