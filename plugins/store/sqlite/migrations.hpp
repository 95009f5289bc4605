// The migrations in migrations/sqlite/store_*.sql, put into the library when it is built. Forward only.
#pragma once
#include <cstddef>

namespace onechat::store_sqlite {

struct Migration {
  int version;  // 1, 2, 3, ... without gaps
  const char* name;
  const char* sql;
};

extern const Migration kMigrations[];
extern const std::size_t kMigrationCount;

}  // namespace onechat::store_sqlite
