// The facts of a trace as columns: one list for whatever writes or reads them.
#pragma once
#include <onechat/store.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "database.hpp"
#include "memory.hpp"

namespace onechat::store_sqlite {

enum class FactKind : std::uint8_t { kText, kNumber, kSmallNumber };  // oc_str, 64 bits, uint32_t

struct Fact {
  FactKind kind;
  std::uint16_t offset;  // in oc_trace
};

// In the order of OC_TRACE_FACTS.
#define OC_FACT(kind, member) \
  Fact { FactKind::kind, offsetof(oc_trace, member) }
inline constexpr std::array kFacts{
    OC_FACT(kNumber, unix_ms),
    OC_FACT(kText, project),
    OC_FACT(kText, key_id),
    OC_FACT(kText, surface),
    OC_FACT(kText, operation),
    OC_FACT(kText, model),
    OC_FACT(kText, provider),
    OC_FACT(kText, target_model),
    OC_FACT(kText, status),
    OC_FACT(kSmallNumber, http_status),
    OC_FACT(kText, route_reason),
    OC_FACT(kText, finish),
    OC_FACT(kSmallNumber, stream),
    OC_FACT(kSmallNumber, attempts),
    OC_FACT(kNumber, first_byte_us),
    OC_FACT(kNumber, total_us),
    OC_FACT(kNumber, upstream_us),
    OC_FACT(kSmallNumber, usage.flags),
    OC_FACT(kNumber, usage.input),
    OC_FACT(kNumber, usage.cache_read),
    OC_FACT(kNumber, usage.cache_write),
    OC_FACT(kNumber, usage.cache_write_1h),
    OC_FACT(kNumber, usage.audio_input),
    OC_FACT(kNumber, usage.output),
    OC_FACT(kNumber, usage.reasoning),
    OC_FACT(kNumber, usage.audio_output),
    OC_FACT(kNumber, usage.images),
    OC_FACT(kNumber, usage.searches),
    OC_FACT(kNumber, usage.requests),
    OC_FACT(kNumber, held_nano),
    OC_FACT(kNumber, cost_nano),
    OC_FACT(kNumber, fee_nano),
};
#undef OC_FACT

#define OC_TRACE_FACTS                                                                                               \
  "unix_ms, project, key_id, surface, operation, model, provider, target_model, status, http_status, route_reason, " \
  "finish, stream, attempts, first_byte_us, total_us, upstream_us, usage_flags, input_tokens, cache_read_tokens, "   \
  "cache_write_tokens, cache_write_1h_tokens, audio_input_tokens, output_tokens, reasoning_tokens, "                 \
  "audio_output_tokens, images, searches, requests, held_nano, cost_nano, fee_nano"

template <class T>
T* fact_at(const Fact& fact, oc_trace& trace) noexcept {
  return reinterpret_cast<T*>(reinterpret_cast<unsigned char*>(&trace) + fact.offset);
}
template <class T>
const T& fact_at(const Fact& fact, const oc_trace& trace) noexcept {
  return *reinterpret_cast<const T*>(reinterpret_cast<const unsigned char*>(&trace) + fact.offset);
}

// Big-endian, so that byte order is order in time.
using IdBytes = std::array<std::uint8_t, 16>;
IdBytes bytes_of(oc_id128 id) noexcept;

oc_trace* read_facts(const Statement& row, Memory& memory);  // of a row that begins with `id, OC_TRACE_FACTS`

}  // namespace onechat::store_sqlite
