/* The sound parts of a provider codec in plain C: every case takes them and gets one thing wrong. */
#ifndef ONECHAT_TESTS_PLUGINS_PARTS_H
#define ONECHAT_TESTS_PLUGINS_PARTS_H
#include <onechat/provider.h>

static inline oc_str text(const char *s) {
  oc_str out = {s, 0};
  while (s[out.len]) out.len++;
  return out;
}

static oc_status good_build(void *inst, oc_call *call, void *state, oc_arena *arena, const oc_request *request,
                            uint32_t straight_ok, oc_http_request *out) {
  (void)inst, (void)call, (void)state, (void)arena, (void)request, (void)straight_ok;
  out->method = text("POST");
  out->path = text("/");
  out->body.ptr = (const uint8_t *)"{}";
  out->body.len = 2;
  return OC_OK;
}

static oc_status good_frame(void *inst, oc_call *call, void *state, oc_arena *arena, const oc_frame *frame,
                            oc_relay *relay) {
  (void)inst, (void)call, (void)state, (void)arena, (void)frame, (void)relay;
  return OC_OK;
}

static oc_status good_finish(void *inst, oc_call *call, void *state, oc_arena *arena, oc_status transport) {
  (void)inst, (void)call, (void)state, (void)arena;
  return transport;
}

static oc_status good_create(const oc_component *component, const oc_host *host, oc_arena *scratch, oc_bytes config,
                             void **instance, oc_str *err) {
  static int the_instance;
  (void)component, (void)host, (void)scratch, (void)config, (void)err;
  *instance = &the_instance;
  return OC_OK;
}

static void good_destroy(void *instance) { (void)instance; }

static oc_provider_codec good_codec(void) {
  oc_provider_codec codec = {0};
  codec.struct_size = sizeof codec;
  codec.build = good_build;
  codec.frame = good_frame;
  codec.finish = good_finish;
  return codec;
}

static oc_component good_component(const oc_provider_codec *codec) {
  oc_component component = {0};
  component.struct_size = sizeof component;
  component.kind = OC_KIND_PROVIDER;
  component.id = "provider." CASE; /* CASE: the folder's name, from the build */
  component.version = "0.9.0";
  component.summary = "a test plugin";
  component.caps = OC_PROV_CAP_STREAM;
  component.vtbl = codec;
  component.create = good_create;
  component.destroy = good_destroy;
  return component;
}

static oc_module good_module(const oc_component *const *components) {
  oc_module module = {0};
  module.struct_size = sizeof module;
  module.abi_version = OC_ABI_VERSION;
  module.min_host_abi = OC_ABI_VERSION;
  module.name = CASE;
  module.version = "0.9.0";
  module.vendor = "1chat";
  module.license = "Apache-2.0";
  module.components = components;
  module.n_components = 1;
  return module;
}

/* A whole plugin of one provider; EDITS then spoil `codec`, `component`, `components` or `module`. */
#define PLUGIN(EDITS)                                                                                  \
  static oc_provider_codec codec;                                                                      \
  static oc_component component;                                                                       \
  static const oc_component *components[] = {&component};                                              \
  static oc_module module;                                                                             \
  OC_EXPORT oc_status OC_CALL onechat_plugin_entry_v1(const oc_loader *loader, const oc_module **out) { \
    (void)loader;                                                                                      \
    codec = good_codec();                                                                              \
    component = good_component(&codec);                                                                \
    components[0] = &component;                                                                        \
    module = good_module(components);                                                                  \
    *out = &module;                                                                                    \
    EDITS;                                                                                             \
    return OC_OK;                                                                                      \
  }

#endif
