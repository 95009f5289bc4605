// `test_conformance --write` writes docs/conformance.md anew from what the run produces; else it is compared.
#include <gtest/gtest.h>

#include <cstring>

#include "table.hpp"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i)
    if (std::strcmp(argv[i], "--write") == 0) onechat::conformance::write_table() = true;
  return RUN_ALL_TESTS();
}
