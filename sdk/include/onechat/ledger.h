/* onechat/ledger.h: a prepaid ledger backend. Amounts are int64 nano-USD (1e-9 USD).
 *
 * The host owns one instance and calls it from one thread, batch after batch; a backend blocks as it needs to. Its
 * semantics are those of sdk/include/onechat/ledger_core.hpp, which a SQL backend can use as it is. */
#ifndef ONECHAT_LEDGER_H
#define ONECHAT_LEDGER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

enum {
  OC_LOP_DEPOSIT = 1,  /* account += amount. Creates the account. */
  OC_LOP_RESERVE = 3,  /* holds `amount` of `account`, if it and every spend limit allow */
  OC_LOP_SETTLE = 5,   /* ends hold `ref`: spends amount (cost) + fee, releases the rest */
  OC_LOP_VOID = 6,     /* ends hold `ref`: releases all */
  OC_LOP_SWEEP = 12,   /* resolves holds of older epochs of `node` and expired ones */
  OC_LOP_EPOCH = 15,   /* node start: epoch := epoch + 1 (returned in `available`) */
  OC_LOP_LIMIT = 16    /* sets the lifetime spend limit of a key (key_id) to `amount`; negative: none */
};
enum {
  OC_LF_LINKED = 1u << 0,
  OC_LF_ESTIMATED = 1u << 2, /* SETTLE: usage was counted by us */
  OC_LF_LATE = 1u << 3       /* result: the hold had been resolved before */
};
enum { OC_OVERAGE_DEBT = 0, OC_OVERAGE_ABSORB = 1, OC_OVERAGE_OVERDRAFT = 2 };

typedef struct oc_ledger_op {  /* frozen: 128 bytes; a batch is a plain array */
  oc_id128 id;                 /* idempotency key: same id + same body => OC_DUPLICATE with the first result */
  oc_id128 ref;                /* the hold a SETTLE or VOID ends */
  uint64_t account, account2;  /* wallet; counter account (0: the kind's default) */
  uint64_t key_id, project_id; /* spend-limit scopes, 0 = none */
  int64_t amount, fee;         /* nano-USD; SETTLE: provider cost and markup */
  uint32_t kind, flags;
  uint32_t ttl_ms, overage;    /* RESERVE: life of the hold; SETTLE: OC_OVERAGE_* */
  uint64_t node, epoch;
  uint32_t code, reserved0;
  uint64_t reserved1;
} oc_ledger_op;

typedef struct oc_ledger_result { /* frozen: 48 bytes */
  oc_status status;
  uint32_t flags;
  int64_t posted, released, shortfall; /* nano-USD */
  int64_t available;                   /* of the account, after this op */
  uint64_t limit_scope;                /* OC_E_LIMIT: the key_id or project_id that refused */
} oc_ledger_result;

typedef struct oc_ledger_balance {
  uint32_t struct_size, reserved;
  int64_t available, held, spent, deposited; /* nano-USD; spent = settled cost + fee */
} oc_ledger_balance;

typedef struct oc_ledger_entry { /* one line of a statement */
  uint32_t struct_size, kind;    /* OC_LOP_DEPOSIT or OC_LOP_SETTLE */
  oc_id128 id, ref;
  int64_t amount, fee, unix_ms;
  uint64_t key_id;
  uint32_t flags, reserved;
} oc_ledger_entry;

typedef struct oc_ledger_problem { /* one broken invariant */
  uint32_t struct_size, reserved;
  oc_str invariant, detail;        /* "I2", "account 7: ..." */
} oc_ledger_problem;

enum {
  OC_LEDGER_CAP_MULTI_NODE = 1ull << 0,
  OC_LEDGER_CAP_DURABLE_ACK = 1ull << 2, /* required: an acknowledged op survives power loss */
  OC_LEDGER_CAP_HASH_CHAIN = 1ull << 3
};

typedef void(OC_CALL *oc_ledger_entry_fn)(void *arg, const oc_ledger_entry *);
typedef void(OC_CALL *oc_ledger_problem_fn)(void *arg, const oc_ledger_problem *);

typedef struct oc_ledger_backend { /* all [backend], one thread */
  uint32_t struct_size, batch_max;
  /* Applies ops in array order, commits atomically and durably, then returns. OC_OK: every result is filled and final.
   * OC_E_UNAVAILABLE: nothing is known to have happened; the host may submit the identical batch again. */
  oc_status(OC_CALL *apply)(void *inst, const oc_ledger_op *, oc_ledger_result *, uint64_t n);
  oc_status(OC_CALL *balance)(void *inst, uint64_t account, oc_ledger_balance *out);
  oc_status(OC_CALL *statement)(void *inst, uint64_t account, int64_t from_unix_ms, int64_t to_unix_ms, oc_ledger_entry_fn,
                                void *arg);
  /* Recomputes every invariant from the transfers. Returns OC_OK when the check ran, whatever it found. */
  oc_status(OC_CALL *verify)(void *inst, oc_ledger_problem_fn, void *arg, uint64_t *n_transfers);
  oc_status(OC_CALL *open_holds)(void *inst, uint64_t *n, int64_t *held_nano);
} oc_ledger_backend;

#ifdef __cplusplus
}
#endif
#endif
