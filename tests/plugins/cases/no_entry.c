/* A library without the entry symbol. Linked without the version script, which would insist on one. */
#include <onechat/abi.h>
OC_EXPORT oc_status some_other_function(void);
OC_EXPORT oc_status some_other_function(void) { return OC_OK; }
