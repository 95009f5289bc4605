// Packs of bodies at rest, and single bodies of older files: zstd from 1 KiB on, where it makes them smaller.
#pragma once
#include <onechat/store.h>
#include <zstd.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace onechat::store_sqlite {

enum class Encoding : int { kPlain = 0, kZstd = 1 };  // numbers are in the file

struct EncodedBody {
  Encoding encoding = Encoding::kPlain;
  oc_bytes bytes{};
};

// One context each way, used again and again. Belongs to one thread.
class BodyCodec {
 public:
  static constexpr int kLevel = 1;  // two thirds of the time of 3 for 8 % more disk (100 KB of text)
  static constexpr std::uint64_t kBytesMax = 513u << 20;  // unpacked: what the largest trace says, and its directory

  BodyCodec();
  // The result points into `scratch` or is `body` itself.
  EncodedBody encode(oc_bytes body, std::vector<std::uint8_t>& scratch);
  // Bytes that decode() will write; false: not a body of ours.
  static bool decoded_size(const EncodedBody& body, std::uint64_t& size) noexcept;
  bool decode(const EncodedBody& body, std::uint8_t* out, std::uint64_t size) noexcept;

 private:
  struct Free {
    void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
    void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> compressor_;
  std::unique_ptr<ZSTD_DCtx, Free> decompressor_;
};

}  // namespace onechat::store_sqlite
