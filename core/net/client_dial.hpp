// One TCP connection to one of several addresses: tried in turn, the next one after a failure or a short wait.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "net/client_interrupt.hpp"
#include "net/client_socket.hpp"

namespace onechat::net {

inline constexpr std::uint32_t kDialStaggerMs = 250;  // then the next address is tried beside the ones before
inline constexpr std::size_t kDialAddressesMax = 16;  // more are not tried

// Gives `socket` the first connection that stands. Confined to the loop. Errors: OC_E_IO (the last failure),
// OC_E_TIMEOUT, OC_E_CANCELLED (by `interrupt`).
boost::asio::awaitable<Result<void>> dial(UpstreamSocket& socket,
                                          std::vector<boost::asio::ip::tcp::endpoint> endpoints, Interrupt& interrupt);

}  // namespace onechat::net
