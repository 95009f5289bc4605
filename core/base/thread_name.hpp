// Names of our threads, for those who look at the process: top -H, perf, a debugger.
#pragma once

namespace onechat {

// Of the calling thread; at most 15 characters (pthread_setname_np(3)), longer ones are refused by the system.
void name_this_thread(const char* name) noexcept;

}  // namespace onechat
