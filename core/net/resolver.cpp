#include "net/resolver.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <utility>

#include "net/client_interrupt.hpp"
#include "net/client_signal.hpp"

namespace onechat::net {
namespace {

std::uint64_t ns(std::uint32_t ms) noexcept { return std::uint64_t{ms} * 1'000'000; }

// Takes part in an answer that is under way; leaves the list of those who wait however the wait ends.
class Place {
 public:
  Place(std::vector<Signal*>& waiting, Signal& signal) : waiting_(waiting), signal_(signal) {
    waiting_.push_back(&signal_);
  }
  ~Place() { std::erase(waiting_, &signal_); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::vector<Signal*>& waiting_;
  Signal& signal_;
};

}  // namespace

Resolver::Resolver(boost::asio::io_context& loop, std::uint32_t ttl_ms, Lookup lookup, const Clock& clock)
    : loop_(loop), clock_(clock), ttl_ms_(ttl_ms), lookup_(std::move(lookup)) {}

boost::asio::awaitable<Result<Resolver::Addresses>> Resolver::resolve(std::string name, Interrupt& interrupt) {
  boost::system::error_code ec;
  if (const auto literal = boost::asio::ip::make_address(name, ec); !ec) co_return Addresses{literal};

  const EntryPtr entry = entry_of(name);
  if (entry->fresh_until_ns > clock_.now_ns()) co_return entry->addresses;

  if (!entry->asking) ask(name, entry);
  if (entry->asking && interrupt.reason() == OC_OK) {
    Signal signal(loop_.get_executor());
    const Place place(entry->waiting, signal);
    const Guarded guarded(interrupt, signal);
    const bool patient = entry->addresses.empty();
    co_await signal.wait(std::chrono::milliseconds(patient ? 0 : kPatienceMs));
  }
  if (interrupt.reason() == OC_E_TIMEOUT && entry->addresses.empty())
    co_return Error(OC_E_TIMEOUT, "resolving " + name + " took too long");
  if (interrupt.reason() != OC_OK) co_return Error(interrupt.reason(), "resolving " + name + " was stopped");
  if (!entry->addresses.empty()) co_return entry->addresses;
  co_return Error(OC_E_IO, "cannot resolve " + name + ": " + entry->error);
}

Resolver::EntryPtr Resolver::entry_of(const std::string& name) {
  if (const auto it = entries_.find(name); it != entries_.end()) return it->second;
  if (entries_.size() >= kNamesMax) std::erase_if(entries_, [](const auto& e) { return !e.second->asking; });
  return entries_.emplace(name, std::make_shared<Entry>()).first->second;
}

void Resolver::ask(const std::string& name, const EntryPtr& entry) {
  entry->asking = true;
  ++queries_;
  lookup_(name, [self = weak_from_this(), entry](boost::system::error_code ec, Addresses addresses) {
    if (const auto resolver = self.lock()) resolver->answered(*entry, ec, std::move(addresses));
  });
}

void Resolver::answered(Entry& entry, const boost::system::error_code& ec, Addresses addresses) {
  entry.asking = false;
  if (!ec && !addresses.empty()) {
    entry.addresses = std::move(addresses);
    entry.fresh_until_ns = clock_.now_ns() + ns(ttl_ms_);
    entry.error.clear();
  } else {
    entry.error = ec ? ec.message() : "no address";
    // Without an old answer there is nothing to hold on to: the next caller asks again.
    if (!entry.addresses.empty()) entry.fresh_until_ns = clock_.now_ns() + ns(kHoldOffMs);
  }
  for (Signal* s : entry.waiting) s->wake();
}

Resolver::Lookup system_lookup(boost::asio::io_context& loop) {
  using boost::asio::ip::tcp;
  return [resolver = std::make_shared<tcp::resolver>(loop)](const std::string& name, Resolver::Done done) {
    resolver->async_resolve(
        name, "",
        [done = std::move(done)](const boost::system::error_code& ec, const tcp::resolver::results_type& found) {
          Resolver::Addresses addresses;
          for (const auto& f : found) addresses.push_back(f.endpoint().address());
          done(ec, std::move(addresses));
        });
  };
}

}  // namespace onechat::net
