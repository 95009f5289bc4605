// docs/conformance.md is what the plugins do today.
#include <gtest/gtest.h>

#include "corpus.hpp"
#include "files.hpp"
#include "sample.hpp"
#include "table.hpp"

namespace onechat::conformance {
namespace {

TEST(Table, IsWhatARunGives) {
  if (corpus().empty()) GTEST_SKIP() << "no recordings here (ONECHAT_CORPUS)";
  if (sample_every() != 1) GTEST_SKIP() << "only a sample of the recordings is looked at";
  const std::string path = "docs/conformance.md", made = make_table();
  if (write_table()) {
    std::ofstream(path, std::ios::binary) << made;
    return;
  }
  EXPECT_TRUE(read_file(path) == made) << path
                                       << " is out of date: look at what changed with `test_conformance --write`";
}

}  // namespace
}  // namespace onechat::conformance
