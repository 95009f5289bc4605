#include "body_codec.hpp"

#include <cstring>
#include <new>

namespace onechat::store_sqlite {
namespace {

constexpr std::uint64_t kWorthTrying = 1'024;  // below it little is gained

}  // namespace

BodyCodec::BodyCodec() : compressor_(ZSTD_createCCtx()), decompressor_(ZSTD_createDCtx()) {
  if (!compressor_ || !decompressor_) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_compressionLevel, kLevel);
  ZSTD_CCtx_setParameter(compressor_.get(), ZSTD_c_checksumFlag, 1);  // a damaged page must not pass for what was said
}

EncodedBody BodyCodec::encode(oc_bytes body, std::vector<std::uint8_t>& scratch) {
  if (body.len < kWorthTrying) return {Encoding::kPlain, body};
  const std::size_t room = ZSTD_compressBound(body.len);
  if (scratch.size() < room) scratch.resize(room);
  const std::size_t n = ZSTD_compress2(compressor_.get(), scratch.data(), scratch.size(), body.ptr, body.len);
  if (ZSTD_isError(n) != 0 || n >= body.len) return {Encoding::kPlain, body};
  return {Encoding::kZstd, {scratch.data(), n}};
}

bool BodyCodec::decoded_size(const EncodedBody& body, std::uint64_t& size) noexcept {
  size = body.bytes.len;
  if (body.encoding == Encoding::kPlain) return true;
  if (body.encoding != Encoding::kZstd) return false;
  size = ZSTD_getFrameContentSize(body.bytes.ptr, body.bytes.len);
  return size <= kBytesMax;  // the library's error values are above it
}

bool BodyCodec::decode(const EncodedBody& body, std::uint8_t* out, std::uint64_t size) noexcept {
  if (body.encoding == Encoding::kPlain) {
    if (size != 0) std::memcpy(out, body.bytes.ptr, size);
    return true;
  }
  return ZSTD_decompressDCtx(decompressor_.get(), out, size, body.bytes.ptr, body.bytes.len) == size;
}

}  // namespace onechat::store_sqlite
