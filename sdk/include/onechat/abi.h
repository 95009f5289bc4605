/* onechat/abi.h: base types of the 1chat plugin ABI. C99 / C++11; needs only <stdint.h> and <stddef.h>.
 *
 * Rules that every header here keeps (docs/decisions/0002-plugin-abi.md):
 *  - A growable struct starts with `struct_size`, set to sizeof as its WRITER compiled it. Fields are only appended.
 *    Zero always means "absent" or "default". Readers test a field with OC_HAS.
 *  - Growable structs travel by pointer, many of them as an array of pointers. By-value structs never change.
 *  - Borrowed for the call: every pointer argument, unless its comment says more. Nobody frees the other side's memory.
 *  - Unknown numbers (kinds, event types, capability bits) are legal and are skipped or passed on.
 *  - No exception crosses a call. Thread tags: [init] configuration thread before traffic; [loop] the one event loop
 *    that owns the instance; [backend] the host's thread for this backend, may block; [any] any thread. */
#ifndef ONECHAT_ABI_H
#define ONECHAT_ABI_H

#include <stddef.h>
#include <stdint.h>

/* 0.9: the ABI may still move until 1.0. A host of 0.x loads only modules of the same 0.x. */
#define OC_ABI_MAJOR 0u
#define OC_ABI_MINOR 9u
#define OC_ABI_VERSION ((OC_ABI_MAJOR << 16) | OC_ABI_MINOR)

#if defined(__GNUC__)
#define OC_EXPORT __attribute__((visibility("default")))
#else
#define OC_EXPORT
#endif
#define OC_CALL

#ifdef __cplusplus
#define OC_EXTERN_C extern "C"
extern "C" {
#else
#define OC_EXTERN_C extern
#endif

/* By-value types: frozen for ever. */
typedef struct oc_str {   /* UTF-8, not NUL-terminated; ptr may be NULL when len is 0 */
  const char *ptr;
  uint64_t len;
} oc_str;
typedef struct oc_bytes {
  const uint8_t *ptr;
  uint64_t len;
} oc_bytes;
typedef struct oc_id128 { /* time-ordered: 48 bits of Unix ms, then node, counter and chance */
  uint64_t hi, lo;
} oc_id128;
typedef struct oc_header {
  oc_str name, value;
} oc_header;
typedef struct oc_splice { /* replaces `length` bytes at `offset` of a text that both sides hold */
  uint64_t offset, length;
  oc_str with;
} oc_splice;
typedef struct oc_anchor { /* where a named member's value lies in oc_request.raw */
  oc_str name;
  uint64_t offset, length;
} oc_anchor;

/* 0 ok, < 0 error, > 0 informational. The code says who has to act; the words go to host->fail. */
typedef int32_t oc_status;
enum {
  OC_OK = 0,
  OC_AGAIN = 1,      /* not finished, call again */
  OC_PAUSE = 2,      /* taken, but stop producing until resumed */
  OC_DUPLICATE = 3,  /* done before under the same id; the result is the first one's */
  OC_LATE = 4,       /* done, but after the thing it refers to had been closed */
  OC_E_INVALID = -1, /* the caller's input */
  OC_E_UNSUPPORTED = -2,
  OC_E_NOMEM = -3,
  OC_E_PARSE = -4,
  OC_E_CONFIG = -5,
  OC_E_IO = -6,
  OC_E_TIMEOUT = -7,
  OC_E_CANCELLED = -8,
  OC_E_UPSTREAM = -9,
  OC_E_AUTH = -10,
  OC_E_RATE = -11,
  OC_E_FUNDS = -12,
  OC_E_LIMIT = -13,
  OC_E_CONFLICT = -14,
  OC_E_NOT_FOUND = -15,
  OC_E_TOO_LARGE = -16,
  OC_E_UNAVAILABLE = -17,
  OC_E_FENCED = -18, /* the caller's epoch is over: another process has its node's number */
  OC_E_LINKED = -19, /* not done because another operation of its group was refused */
  OC_E_INTERNAL = -99
};

#define OC_HAS(p, type, field) \
  ((p)->struct_size >= (uint32_t)(offsetof(type, field) + sizeof(((type *)0)->field)))

typedef struct oc_arena oc_arena;       /* bump allocator of one call; everything in it dies with the call */
typedef struct oc_host_ctx oc_host_ctx; /* the host's name for one plugin instance */
typedef struct oc_call oc_call;         /* the host's handle of one request in flight */
typedef struct oc_op oc_op;             /* completion token: complete it exactly once */
typedef struct oc_json oc_json;         /* parsed JSON value, lives in an arena */
typedef struct oc_jsonw oc_jsonw;       /* JSON writer, bound to a buffer of the host's */
typedef struct oc_out oc_out;           /* what a surface writes to its client */

#ifdef __cplusplus
}
#endif
#endif
