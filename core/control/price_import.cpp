#include "control/price_import.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "ledger/price_import.hpp"

namespace onechat::control {
namespace {

constexpr std::streamoff kCatalogueBytesMax = 256 << 20;

Result<std::string> read_catalogue(const std::string& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0 || !S_ISREG(s.st_mode)) return Error(OC_E_IO, "cannot read " + file);
  if (s.st_size > kCatalogueBytesMax) return Error(OC_E_TOO_LARGE, file + " is too large for a price catalogue");
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error(OC_E_IO, "cannot read " + file);
  return text;
}

// A prices file may have been edited by hand: an old one is never written over.
Result<void> write_new(const std::string& file, const std::string& text) {
  const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST) return Error(OC_E_CONFLICT, file + " exists; give a new name and compare the two");
  if (fd < 0) return Error(OC_E_IO, "cannot make " + file + ": " + std::strerror(errno));
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = ::write(fd, text.data() + written, text.size() - written);
    if (n <= 0) break;
    written += static_cast<std::size_t>(n);
  }
  if (::close(fd) != 0 || written != text.size()) return Error(OC_E_IO, "cannot write " + file);
  return {};
}

}  // namespace

Result<void> import_prices(const std::string& file, const std::string& out_file, std::ostream& out, std::ostream& err) {
  const auto catalogue = read_catalogue(file);
  if (!catalogue) return catalogue.error();
  const auto imported = ledger::import_prices(*catalogue);
  if (!imported) return imported.error();
  if (out_file.empty()) {
    out << imported->yaml;
  } else {
    if (const auto written = write_new(out_file, imported->yaml); !written) return written.error();
    out << out_file << ": " << imported->models << " models\n";
  }
  for (const auto& line : imported->skipped) err << "skipped " << line << '\n';
  for (const auto& line : imported->notes) err << "note " << line << '\n';
  return {};
}

}  // namespace onechat::control
