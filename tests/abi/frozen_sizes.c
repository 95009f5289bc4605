/* Structs that travel by value or side by side in arrays: their sizes are part of every compiled plugin. */
#include <onechat/ledger.h>
#include <onechat/provider.h>

_Static_assert(sizeof(oc_ledger_op) == 128, "oc_ledger_op is frozen at 128 bytes");
_Static_assert(sizeof(oc_ledger_result) == 48, "oc_ledger_result is frozen at 48 bytes");
_Static_assert(sizeof(oc_str) == 16 && sizeof(oc_bytes) == 16 && sizeof(oc_id128) == 16, "16 bytes, passed by value");
_Static_assert(sizeof(oc_header) == 32 && sizeof(oc_splice) == 32 && sizeof(oc_anchor) == 32, "32 bytes, in arrays");
_Static_assert(sizeof(void *) == 8, "the plugin ABI is for 64-bit machines");
