#include "base/thread_name.hpp"

#include <pthread.h>

namespace onechat {

void name_this_thread(const char* name) noexcept { pthread_setname_np(pthread_self(), name); }

}  // namespace onechat
