// Rows survive their encoding, and the encoding survives us: dumps and hashes of years ago must still be read.
#include <onechat/ledger_codec.hpp>

#include <gtest/gtest.h>

#include <random>

namespace onechat::ledger_core {
namespace {

struct Fill {
  std::mt19937_64& random;
  template <class V>
  void operator()(V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      v = {random(), random()};
    } else if constexpr (std::is_same_v<V, std::string>) {
      v.assign(random() % (kTimeZoneMax + 1), 'a' + static_cast<char>(random() % 26));
    } else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      for (auto& byte : v) byte = static_cast<std::uint8_t>(random());
    } else if constexpr (std::is_same_v<V, bool>) {
      v = random() % 2 != 0;
    } else {
      v = static_cast<V>(random());
    }
  }
};

struct Values {  // of all fields, as text
  std::string all;
  template <class V>
  void operator()(const V& v) {
    if constexpr (std::is_same_v<V, oc_id128>) {
      all += std::to_string(v.hi) + ":" + std::to_string(v.lo) + " ";
    } else if constexpr (std::is_same_v<V, std::string>) {
      all += v + " ";
    } else if constexpr (std::is_same_v<V, std::array<std::uint8_t, 32>>) {
      for (const auto byte : v) all += std::to_string(byte) + ".";
    } else {
      all += std::to_string(static_cast<std::uint64_t>(v)) + " ";
    }
  }
};
template <class Row>
std::string values(const Row& row) {
  Values v;
  codec::fields(row, v);
  return v.all;
}

template <class Row>
class LedgerCodec : public ::testing::Test {};
using AllRows =
    ::testing::Types<Account, Grant, Node, Budget, Window, Hold, Tombstone, Transfer, RefundCap, Link>;
TYPED_TEST_SUITE(LedgerCodec, AllRows);

TYPED_TEST(LedgerCodec, ARowComesBackAsItWas) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    TypeParam row;
    codec::fields(row, Fill{random});
    Bytes bytes{7};  // rows are appended
    encode(row, bytes);
    TypeParam back;
    ASSERT_TRUE(decode(bytes.data() + 1, bytes.size() - 1, back));
    ASSERT_EQ(values(row), values(back));
    std::string by_table;
    ASSERT_TRUE(decode_any({sizeof(oc_ledger_row), kTableOf<TypeParam>, {bytes.data() + 1, bytes.size() - 1}},
                           [&](const auto& r) { by_table = values(r); }));
    ASSERT_EQ(by_table, values(row));
  }
}

TYPED_TEST(LedgerCodec, EveryFieldIsInTheBytes) {
  std::mt19937_64 random(2);
  TypeParam row;
  codec::fields(row, Fill{random});
  Bytes bytes;
  encode(row, bytes);
  for (std::size_t i = 1; i < bytes.size(); ++i) {  // another byte is another row, or none
    Bytes other = bytes;
    other[i] ^= 0x40;
    TypeParam back;
    const bool same = decode(other.data(), other.size(), back) && values(row) == values(back);
    ASSERT_FALSE(same) << "byte " << i;
  }
}

TYPED_TEST(LedgerCodec, CutLongerAndUnknownBytesAreRefused) {
  std::mt19937_64 random(3);
  TypeParam row, back;
  codec::fields(row, Fill{random});
  Bytes bytes;
  encode(row, bytes);
  for (std::size_t n = 0; n < bytes.size(); ++n) ASSERT_FALSE(decode(bytes.data(), n, back)) << n << " bytes";
  bytes.push_back(0);
  EXPECT_FALSE(decode(bytes.data(), bytes.size(), back));
  bytes.pop_back();
  EXPECT_TRUE(decode(bytes.data(), bytes.size(), back));
  for (const int version : {0, 2, 255}) {
    bytes[0] = static_cast<std::uint8_t>(version);
    EXPECT_FALSE(decode(bytes.data(), bytes.size(), back)) << "version " << version;
  }
}

TEST(LedgerCodecFormat, UnknownTablesAreRefused) {
  const std::uint8_t byte = kCodecVersion;
  EXPECT_FALSE(decode_any({sizeof(oc_ledger_row), 11, {&byte, 1}}, [](const auto&) {}));
  EXPECT_FALSE(decode_any({sizeof(oc_ledger_row), OC_ROW_NODE, {&byte, 0}}, [](const auto&) {}));
}

// Written down once: if this fails, old chains and dumps cannot be read any more.
TEST(LedgerCodecFormat, TheBytesOfVersionOneAreWhatTheyWere) {
  const RefundCap cap{{0x0102030405060708, 0x1112131415161718}, 0x21, -2};
  Bytes bytes;
  encode(cap, bytes);
  const Bytes expected{1,    8,    7,    6,    5,    4,    3,    2,    1,    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11,
                       0x21, 0,    0,    0,    0,    0,    0,    0,    0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_EQ(bytes, expected);

  std::uint64_t value = 0, digest = 14'695'981'039'346'656'037ull;
  const auto count_up = [&](auto& v) {
    using V = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<V, oc_id128>)
      v = {value + 1, value + 2}, value += 2;
    else
      v = static_cast<V>(++value);
  };
  Transfer t;
  codec::fields(t, count_up);
  bytes.clear();
  encode(t, bytes);
  for (const auto byte : bytes) digest = (digest ^ byte) * 1'099'511'628'211ull;
  EXPECT_EQ(bytes.size(), 241u);
  EXPECT_EQ(t.ref.lo, 4u);
  EXPECT_EQ(t.hold_available, 32);
  EXPECT_EQ(digest, 3'071'339'070'867'564'236u);
}

}  // namespace
}  // namespace onechat::ledger_core
