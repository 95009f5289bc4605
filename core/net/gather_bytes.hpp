// When the pieces of a write are copied together instead of being handed to the kernel one by one.
#pragma once
#include <cstddef>

namespace onechat::net {

// Up to so many bytes the copy costs less than what the kernel does for each piece (docs/performance.md).
inline constexpr std::size_t kGatherBytesMax = 4 * 1024;

}  // namespace onechat::net
