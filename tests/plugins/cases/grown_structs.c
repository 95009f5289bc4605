/* Nothing is wrong: the module was compiled with headers that have more fields than the host's. */
#include <string.h>

#include "parts.h"

struct grown_codec {
  oc_provider_codec known;
  uint64_t appended[4];
};
struct grown_component {
  oc_component known;
  uint64_t appended[4];
};
struct grown_module {
  oc_module known;
  uint64_t appended[4];
};
static struct grown_codec codec;
static struct grown_component component;
static const oc_component *components[] = {&component.known};
static struct grown_module module;

OC_EXPORT oc_status OC_CALL onechat_plugin_entry_v1(const oc_loader *loader, const oc_module **out) {
  (void)loader;
  codec.known = good_codec();
  codec.known.struct_size = sizeof codec;
  memset(codec.appended, 0xff, sizeof codec.appended);
  component.known = good_component(&codec.known);
  component.known.struct_size = sizeof component;
  memset(component.appended, 0xff, sizeof component.appended);
  module.known = good_module(components);
  module.known.struct_size = sizeof module;
  memset(module.appended, 0xff, sizeof module.appended);
  *out = &module.known;
  return OC_OK;
}
