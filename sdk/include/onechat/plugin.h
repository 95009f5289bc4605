/* onechat/plugin.h: entry point, module and component descriptors.
 *
 * Life of a component: entry -> (per instance: create [init] -> calls -> destroy) -> module.shutdown. Surfaces,
 * providers, routers and stages get one instance per event loop, so their code is single-threaded; ledgers, stores,
 * exporters and graders get one instance, called on a thread of the host's that may block. A library is never unloaded. */
#ifndef ONECHAT_PLUGIN_H
#define ONECHAT_PLUGIN_H
#include "host.h"
#ifdef __cplusplus
extern "C" {
#endif

enum {
  OC_KIND_SURFACE = 1,
  OC_KIND_PROVIDER = 2,
  OC_KIND_ROUTER = 3,
  OC_KIND_LEDGER = 4,
  OC_KIND_STORE = 5,
  OC_KIND_STAGE = 6,
  OC_KIND_EXPORTER = 7,
  OC_KIND_GRADER = 8
};

typedef struct oc_component {
  uint32_t struct_size, kind;
  const char *id, *version, *summary; /* id: "provider.acme" or reverse-DNS "com.acme.provider" */
  const char *config_schema_json;     /* JSON Schema (draft 4 vocabulary) of `config_json`, or NULL: no settings */
  uint64_t caps;                      /* OC_*_CAP_* of the kind */
  const void *vtbl;                   /* the kind's table; starts with struct_size */
  /* [init] `config_json` is validated and has its secrets resolved. On failure: a negative status, `*err` says which
   * setting and why (static or in `scratch`). `host` outlives the instance. */
  oc_status(OC_CALL *create)(const struct oc_component *, const oc_host *host, oc_arena *scratch, oc_bytes config_json,
                             void **instance, oc_str *err);
  void(OC_CALL *destroy)(void *instance); /* on the thread that the instance was called on */
  const void *(OC_CALL *get_ext)(void *instance, const char *id); /* may be NULL */
} oc_component;

typedef struct oc_module {
  uint32_t struct_size, abi_version; /* the version the module was COMPILED for */
  uint32_t min_host_abi, flags;
  const char *name, *version, *vendor, *license;
  const oc_component *const *components;
  uint64_t n_components;
  void(OC_CALL *shutdown)(void); /* may be NULL; joins every thread of the module */
} oc_module;

typedef struct oc_loader {
  uint32_t struct_size, abi_version; /* newest version the host speaks */
  uint32_t abi_min, flags;           /* oldest */
  const char *host_name, *host_version;
} oc_loader;

/* The ONLY exported symbol. Starts no thread, opens no file, calls nothing of the host's; may be called more than once
 * and gives the same module each time. OC_E_UNSUPPORTED when the module cannot serve the loader's range. */
typedef oc_status(OC_CALL *oc_entry_fn)(const oc_loader *, const oc_module **out);
#define OC_ENTRY_SYMBOL "onechat_plugin_entry_v1"

#ifdef __cplusplus
}
#endif
#endif
