// The dialect's usage object and the disjoint buckets of oc_usage.
//
// On the wire input_tokens leaves out what was read from and written to the cache, and output_tokens includes thinking.
// A stream tells it twice: message_start has the input, message_delta the running totals of whatever it names.
#pragma once
#include <onechat/onechat.hpp>

#include <cstdint>

namespace onechat::anthropic_messages {

class UsageCounts {
 public:
  // Takes over what `usage` names; the rest stays. False when it is no object.
  bool merge(oc::Json usage);
  // Flags: CUMULATIVE and the service tier. Iterations that the totals leave out (a compaction, an adviser) are added: they are paid for too.
  oc_usage total() const;

 private:
  struct Extra {
    std::uint64_t input = 0, cache_read = 0, cache_write = 0, cache_write_1h = 0, output = 0;
  };
  std::uint64_t input_ = 0, cache_read_ = 0, cache_created_ = 0, created_1h_ = 0, output_ = 0, thinking_ = 0, searches_ = 0;
  std::uint32_t tier_ = 0;
  Extra extra_;
};

// The value of a "usage" member: of a message, or of a message_delta.
void write_usage(oc::Writer& out, const oc_usage& usage);
void write_delta_usage(oc::Writer& out, const oc_usage& usage);

}  // namespace onechat::anthropic_messages
