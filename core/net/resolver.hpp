// Names to addresses: asynchronous, cached, one query at a time per name. Confined to the loop.
#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace onechat::net {

class Interrupt;
class Signal;

class Resolver : public std::enable_shared_from_this<Resolver> {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;
  using Done = std::function<void(boost::system::error_code, Addresses)>;
  // Asks for the addresses of a name and calls `done` once, on the loop; at once or later.
  using Lookup = std::function<void(const std::string& name, Done done)>;

  static constexpr std::uint32_t kPatienceMs = 1'000;  // an answer that is too old serves after so long a wait
  static constexpr std::uint32_t kHoldOffMs = 1'000;  // after a failure an answer that is too old serves without asking
  static constexpr std::size_t kNamesMax = 256;       // answers kept; at more, those that nobody waits for are dropped

  Resolver(boost::asio::io_context& loop, std::uint32_t ttl_ms, Lookup lookup, const Clock& clock = system_clock());

  // A literal address is its own answer. Errors: OC_E_IO, OC_E_TIMEOUT, OC_E_CANCELLED (the last two by `interrupt`).
  boost::asio::awaitable<Result<Addresses>> resolve(std::string name, Interrupt& interrupt);
  std::uint64_t queries() const noexcept { return queries_; }

 private:
  struct Entry {
    Addresses addresses;
    std::uint64_t fresh_until_ns = 0;
    std::string error;  // of the last query, when it failed
    bool asking = false;
    std::vector<Signal*> waiting;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  EntryPtr entry_of(const std::string& name);
  void ask(const std::string& name, const EntryPtr& entry);
  void answered(Entry& entry, const boost::system::error_code& ec, Addresses addresses);

  boost::asio::io_context& loop_;
  const Clock& clock_;
  std::uint32_t ttl_ms_;
  Lookup lookup_;
  std::map<std::string, EntryPtr, std::less<>> entries_;
  std::uint64_t queries_ = 0;
};

// The operating system's resolver, on the thread that Asio keeps for it.
Resolver::Lookup system_lookup(boost::asio::io_context& loop);

}  // namespace onechat::net
