#include "plugin/operation.hpp"

#include <boost/asio/post.hpp>

namespace onechat::plugin {
namespace {

// 22 bits of generation ride on the pointer: 16 unused high ones, 6 low ones that the alignment leaves zero.
constexpr std::uint32_t kGenerationMask = (1u << 22) - 1;
constexpr std::uintptr_t kLow = 63;
constexpr std::uintptr_t kAddress = ((std::uintptr_t(1) << 48) - 1) & ~kLow;

oc_op* encode(void* slot, std::uint32_t generation) noexcept {
  const std::uintptr_t g = generation & kGenerationMask;
  return reinterpret_cast<oc_op*>(reinterpret_cast<std::uintptr_t>(slot) | (g & kLow) | (g >> 6) << 48);
}

}  // namespace

OperationPool::~OperationPool() = default;

std::pair<OperationPool::Slot*, std::uint32_t> OperationPool::decode(oc_op* token) noexcept {
  const auto bits = reinterpret_cast<std::uintptr_t>(token);
  return {reinterpret_cast<Slot*>(bits & kAddress), static_cast<std::uint32_t>((bits & kLow) | (bits >> 48) << 6)};
}

oc_op* OperationPool::open(std::function<void(oc_status)> done) {
  if (free_.empty()) {
    slots_.push_back(std::make_unique<Slot>());
    slots_.back()->pool = this;
    free_.push_back(slots_.back().get());
  }
  Slot* slot = free_.back();
  free_.pop_back();
  slot->done = std::move(done);
  ++open_count_;
  const std::uint32_t generation = slot->generation.fetch_add(1, std::memory_order_acq_rel) + 1;
  return encode(slot, generation);
}

bool OperationPool::complete(oc_op* token, oc_status status) noexcept {
  if (token == nullptr) return false;
  const auto [slot, generation] = decode(token);
  std::uint32_t now = slot->generation.load(std::memory_order_acquire);
  do {
    if ((now & kGenerationMask) != generation || (now & 1) != 0) return false;
  } while (!slot->generation.compare_exchange_weak(now, now + 1, std::memory_order_acq_rel));
  boost::asio::post(slot->pool->loop_, [slot = slot, status] { slot->pool->finish(slot, status); });
  return true;
}

void OperationPool::finish(Slot* slot, oc_status status) {
  auto done = std::move(slot->done);
  slot->done = nullptr;
  free_.push_back(slot);
  --open_count_;
  done(status);
}

}  // namespace onechat::plugin
