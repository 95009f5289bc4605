// The answer of one op in a batch.
#pragma once
#include <onechat/store.h>

#include <new>

#include "database.hpp"

namespace onechat::store_sqlite {

// Errors that leave the transaction as it is are the op's own; any other goes on and ends the batch.
template <class Run>
void answer(oc_store_result& result, Run&& run) {
  try {
    run();
  } catch (const DatabaseError& e) {
    if ((e.sqlite_code & 0xff) != SQLITE_TOOBIG) throw;
    result.status = OC_E_TOO_LARGE;
  } catch (const std::bad_alloc&) {
    result.status = OC_E_NOMEM;
  }
}

}  // namespace onechat::store_sqlite
