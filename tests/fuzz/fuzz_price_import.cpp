// Any bytes as a public price catalogue: what is taken over is a prices file that we read back with the same models,
// and what is told about the rest is one line each.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "ledger/price_book.hpp"
#include "ledger/price_import.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

bool one_line(std::string_view text) {
  return !text.empty() && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace onechat::ledger;
  const auto imported = import_prices(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!imported) {
    require(one_line(imported.error().message));
    return 0;
  }
  for (const auto& line : imported->skipped) require(one_line(line));
  for (const auto& line : imported->notes) require(one_line(line));
  if (imported->models == 0) return 0;
  const auto book = PriceBook::parse(imported->yaml, "imported");
  require(book.has_value() && book->models().size() == imported->models);
  for (const auto& model : book->models()) {
    require(!model.id.empty() && !model.versions.empty());
    for (const auto& version : model.versions) require(version.price.base.input >= 0 && version.price.base.output >= 0);
  }
  return 0;
}
