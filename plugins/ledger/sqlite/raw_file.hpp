// Another connection to a ledger's file, to look or to damage.
#pragma once
#include <sqlite3.h>

#include <string>

namespace onechat::ledger_test {

class Raw {
 public:
  explicit Raw(const std::string& file) { sqlite3_open(file.c_str(), &db_); }
  ~Raw() { sqlite3_close(db_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;
  std::string run(const std::string& sql) {
    char* message = nullptr;
    std::string answer;
    const auto row = [](void* to, int n, char** values, char**) {
      for (int i = 0; i < n; ++i) *static_cast<std::string*>(to) += values[i] != nullptr ? values[i] : "null";
      return 0;
    };
    if (sqlite3_exec(db_, sql.c_str(), row, &answer, &message) != SQLITE_OK) answer = std::string("error: ") + message;
    sqlite3_free(message);
    return answer;
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace onechat::ledger_test
