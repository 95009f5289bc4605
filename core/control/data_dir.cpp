#include "control/data_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/ids.hpp"

namespace onechat::control {
namespace {

constexpr std::size_t kTokenChars = 43;  // 256 bits

std::string token_file(const std::string& data_dir) { return data_dir + "/admin.token"; }

Error cannot(const std::string& what) { return Error(OC_E_CONFIG, "cannot " + what + ": " + std::strerror(errno)); }

// Written beside and renamed, so that a crash leaves no half token.
Result<std::string> make_token(const std::string& file) {
  const std::string token = random_text(kTokenChars), text = token + "\n";
  const std::string draft = file + ".new";
  ::unlink(draft.c_str());
  const int fd = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("make " + draft);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(draft.c_str(), file.c_str()) != 0) return cannot("write " + file);
  return token;
}

}  // namespace

Result<std::string> read_admin_token(const std::string& data_dir) {
  const std::string file = token_file(data_dir);
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0)
    return Error(OC_E_NOT_FOUND, "there is no " + file + " (the gateway makes it on its first start)");
  if ((s.st_mode & 077) != 0) return Error(OC_E_CONFIG, file + " can be read by others; run: chmod 600 " + file);
  std::string token;
  if (!(std::ifstream(file) >> token) || token.size() < 16)
    return Error(OC_E_CONFIG, file + " holds no token; delete it for a new one");
  return token;
}

Result<std::string> prepare_data_dir(const std::string& data_dir) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(data_dir, error);
  if (error) return Error(OC_E_CONFIG, "cannot make the data folder " + data_dir + ": " + error.message());
  if (made && ::chmod(data_dir.c_str(), 0700) != 0) return cannot("protect " + data_dir);
  auto token = read_admin_token(data_dir);
  if (!token && token.error().status == OC_E_NOT_FOUND) return make_token(token_file(data_dir));
  return token;
}

}  // namespace onechat::control
