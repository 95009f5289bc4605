/* onechat/ledger.h: a prepaid ledger backend. Amounts are int64 nano-USD (1e-9 USD).
 *
 * The host owns one instance and calls it from one thread, batch after batch; a backend blocks as it needs to. Its
 * semantics are those of sdk/include/onechat/ledger_core.hpp, which a SQL backend can use as it is; `oc-conform --kind
 * ledger PLUGIN.so` tests them. */
#ifndef ONECHAT_LEDGER_H
#define ONECHAT_LEDGER_H
#include "plugin.h"
#ifdef __cplusplus
extern "C" {
#endif

/* Wallets are created by the first DEPOSIT or GRANT. `account` is the wallet's number, never 0. */
enum {
  OC_LOP_DEPOSIT = 1,       /* wallet += amount; its debt is paid first. account2: the payment provider's clearing account */
  OC_LOP_TRANSFER = 2,      /* wallet `account` -> wallet `account2`, paid money only */
  OC_LOP_RESERVE = 3,       /* holds `amount`, if the wallet and every budget allow. `id` is the hold's */
  OC_LOP_EXTEND = 4,        /* hold `ref` += amount, under the same checks */
  OC_LOP_SETTLE = 5,        /* ends hold `ref`: spends amount (cost) + fee, releases the rest */
  OC_LOP_VOID = 6,          /* ends hold `ref`: releases all */
  OC_LOP_REFUND = 7,        /* gives back `amount` of transfer `ref` in all; code: OC_REFUND_* */
  OC_LOP_LEASE = 8,         /* a hold that one node spends by itself; `id` is the lease's. Past its end it admits nothing;
                               its money comes back `code` seconds later, when no request that began on it can still be
                               running (the drain rule of escrow) */
  OC_LOP_LEASE_RENEW = 9,   /* lease `ref`: += amount (0 is fine), and lives ttl_ms from now, but no longer than the windows it
                               counts in; after them amount 0 is OC_E_NOT_FOUND */
  OC_LOP_LEASE_SETTLE = 10, /* request `id` cost amount + fee, out of lease `ref` */
  OC_LOP_LEASE_CLOSE = 11,  /* ends lease `ref`: what was not settled goes back. amount not 0: so much of it stays, for
                               requests that still run, and the lease with it */
  OC_LOP_SWEEP = 12,        /* resolves holds and leases that nobody will end (see below), expires grants */
  OC_LOP_HEARTBEAT = 13,    /* `node` lives, with `epoch` */
  OC_LOP_PROGRESS = 14,     /* hold `ref` has cost amount + fee so far (cumulative; the largest counts) */
  OC_LOP_EPOCH = 15,        /* node start: epoch := epoch + 1 (returned in `available`) */
  OC_LOP_WITHDRAW = 16,     /* wallet -> clearing account2; code: OC_WITHDRAW_* */
  OC_LOP_GRANT = 17,        /* promotional money: wallet += amount, spent before paid money. code: priority, lowest first;
                               epoch: Unix ms when it ends, 0 never */
  OC_LOP_TERMS = 18         /* wallet: overdraft := amount, debt limit := fee, code: OC_TERMS_* */
};
enum {
  OC_LF_LINKED = 1u << 0,    /* succeeds or fails together with the next op of the batch; the last of a group lacks it */
  OC_LF_ESTIMATED = 1u << 2, /* SETTLE: usage was counted by us */
  OC_LF_LATE = 1u << 3,      /* result, entry: the hold had been resolved before */
  OC_LF_SWEPT = 1u << 4      /* entry: posted by SWEEP from the hold's progress */
};
enum { OC_OVERAGE_DEBT = 0, OC_OVERAGE_ABSORB = 1, OC_OVERAGE_OVERDRAFT = 2 };
enum { OC_REFUND_OURS = 0, OC_REFUND_PROVIDER = 1 };  /* who bears the provider's part */
enum { OC_WITHDRAW_PAYOUT = 0, OC_WITHDRAW_CHARGEBACK = 1 }; /* a chargeback that exceeds the wallet makes debt */
enum { OC_TERMS_FROZEN = 1u << 0 };                   /* RESERVE, LEASE and EXTEND are refused with OC_E_FUNDS */
enum { OC_CRASH_PROGRESS = 0, OC_CRASH_VOID = 1, OC_CRASH_HOLD = 2 }; /* SWEEP code: what becomes of a request hold */

typedef struct oc_ledger_op {  /* frozen: 128 bytes; a batch is a plain array */
  oc_id128 id;                 /* idempotency key: same id + same body => OC_DUPLICATE with the first result */
  oc_id128 ref;                /* the hold, lease or transfer that the op is about */
  uint64_t account, account2;  /* wallet; counter account (0: the kind's default) */
  uint64_t key_id, project_id; /* budget scopes, 0 = none; also user_id, group_id */
  int64_t amount, fee;         /* nano-USD; SETTLE: provider cost and markup */
  uint32_t kind, flags;
  uint32_t ttl_ms, overage;    /* RESERVE, LEASE: its life; SWEEP: heartbeats older than that are dead (0: 30 s). SETTLE:
                                  OC_OVERAGE_* */
  uint64_t node, epoch;
  uint32_t code, group_id;     /* by kind; model group */
  uint64_t user_id;            /* the caller's end user */
} oc_ledger_op;

typedef struct oc_ledger_result { /* frozen: 48 bytes */
  oc_status status;
  uint32_t flags;
  int64_t posted, released, shortfall; /* nano-USD. LEASE, LEASE_RENEW: released = ms it lives, at most ttl_ms */
  int64_t available;                   /* of the account, after this op: wallet and grants less debt */
  uint64_t limit_scope;                /* OC_E_LIMIT, of the budget that refused: OC_SCOPE_* | (OC_WINDOW_* + 1) << 8 */
} oc_ledger_result;

enum { OC_SCOPE_ORG = 1, OC_SCOPE_PROJECT = 2, OC_SCOPE_KEY = 3, OC_SCOPE_USER = 4, OC_SCOPE_GROUP = 5 };
enum { OC_WINDOW_TOTAL = 0, OC_WINDOW_HOUR = 1, OC_WINDOW_DAY = 2, OC_WINDOW_WEEK = 3, OC_WINDOW_MONTH = 4 }; /* ISO week */
enum { OC_BUDGET_REFUSE = 0, OC_BUDGET_REPORT = 1 };

/* How much of a scope's usage has been counted, of a budget's current window: what count_spent and put_budget share. */
typedef struct oc_ledger_spent {
  uint32_t struct_size, reserved;
  int64_t begin_unix_ms; /* of the window */
  uint64_t counted;      /* where it got to, in the backend's own numbers; 0: nothing is counted yet */
  int64_t spent_nano;    /* so far */
} oc_ledger_spent;

/* A spend limit. One for each (account, scope, scope_id, period). Spent is what requests reserved in the window cost. */
typedef struct oc_ledger_budget {
  uint32_t struct_size, scope;
  uint64_t account, scope_id;          /* ORG: scope_id = account */
  uint32_t period, action;
  int64_t limit_nano;                  /* put_budget: negative removes it */
  oc_str time_zone;                    /* IANA name, "" = UTC */
  int64_t spent_nano, held_nano;       /* out: of the current window */
  int64_t begin_unix_ms, end_unix_ms;  /* out: the current window. put_budget: begin_unix_ms not 0: nothing was reserved in its
                                          scope before, a backend need not look there for what was spent */
  const oc_ledger_spent *spent;        /* put_budget, may be NULL: what count_spent has counted of the same window; of another
                                          one it is to be counted anew */
} oc_ledger_budget;

typedef struct oc_ledger_balance {
  uint32_t struct_size, flags;               /* OC_TERMS_* */
  int64_t available, held, spent, deposited; /* nano-USD; available = what a RESERVE can hold; spent = settled cost + fee */
  int64_t promo, debt, overdraft, debt_limit; /* promo: free money of grants (part of available) */
  int64_t leased;                             /* part of held: of leases, not settled yet */
} oc_ledger_balance;

typedef struct oc_ledger_entry { /* one posting */
  uint32_t struct_size, kind;    /* OC_LOP_* that moves money; OC_LOP_SWEEP: a grant that expired */
  oc_id128 id, ref;
  int64_t amount, fee, unix_ms;  /* SETTLE: cost and markup; else the amount, 0 */
  uint64_t key_id;
  uint32_t flags, group_id;
  uint64_t account, account2, project_id, user_id, node;
  int64_t wallet_part, promo_part, debt_part, absorbed_part; /* who paid or got it; their sum is amount + fee */
  int64_t available;                                         /* after it */
  uint32_t code, reserved;                                   /* the op's */
} oc_ledger_entry;

enum { OC_HOLD_OPEN = 0, OC_HOLD_VOIDED = 1, OC_HOLD_SWEPT = 2, OC_HOLD_FREE = 3 }; /* FREE: settled at zero */
typedef struct oc_ledger_hold {
  uint32_t struct_size, kind, state, reserved; /* OC_LOP_RESERVE or OC_LOP_LEASE; OC_HOLD_* */
  oc_id128 id;
  uint64_t account, key_id, project_id, user_id, node, epoch;
  int64_t amount, settled, progress; /* state OPEN; else amount is what was released */
  int64_t created_unix_ms, expires_unix_ms, ended_unix_ms;
} oc_ledger_hold;

typedef struct oc_ledger_open { /* what is not resolved yet */
  uint32_t struct_size, reserved;
  uint64_t holds, leases;
  int64_t held_nano, leased_nano;            /* of leases: granted and not settled */
  int64_t oldest_unix_ms;                    /* creation of the oldest hold, 0: none */
} oc_ledger_open;

typedef struct oc_ledger_sum { /* one account of the chart (ledger_rows.hpp) */
  uint32_t struct_size, code;
  uint64_t owner;
  int64_t debits, credits;
} oc_ledger_sum;

typedef struct oc_ledger_problem { /* one broken invariant */
  uint32_t struct_size, reserved;
  oc_str invariant, detail;        /* "I2", "account 7: ..." */
} oc_ledger_problem;

typedef struct oc_ledger_link { /* of a node's chain of postings; its hash covers all that the node had posted until then */
  uint32_t struct_size, reserved;
  uint64_t node, n;             /* n counts from 1 */
  uint64_t first_seq, last_seq; /* its transfers, numbered over all nodes */
  int64_t unix_ms;
  oc_bytes sha256;              /* 32 bytes; borrowed for the call */
} oc_ledger_link;

enum { OC_ROW_ACCOUNT = 1, OC_ROW_GRANT = 2, OC_ROW_NODE = 3, OC_ROW_BUDGET = 4, OC_ROW_WINDOW = 5, OC_ROW_HOLD = 6,
       OC_ROW_TOMBSTONE = 7, OC_ROW_TRANSFER = 8, OC_ROW_REFUND = 9, OC_ROW_LINK = 10 };
typedef struct oc_ledger_row { /* one stored row, in the encoding of ledger_codec.hpp */
  uint32_t struct_size, table; /* OC_ROW_* */
  oc_bytes data;
} oc_ledger_row;

enum {
  OC_LEDGER_CAP_MULTI_NODE = 1ull << 0,  /* several nodes may have instances on the same books */
  OC_LEDGER_CAP_LEASE = 1ull << 1,       /* LEASE and its kin */
  OC_LEDGER_CAP_DURABLE_ACK = 1ull << 2, /* required: an acknowledged op survives power loss */
  OC_LEDGER_CAP_HASH_CHAIN = 1ull << 3,  /* postings are chained, verify checks the chain */
  OC_LEDGER_CAP_DUMP = 1ull << 4,        /* dump and restore */
  OC_LEDGER_CAP_READ_ASIDE = 1ull << 5   /* statement, verify, find, trial_balance, dump and links are [any]: they run while
                                            other calls do, and each sees one moment of the books */
};

typedef void(OC_CALL *oc_ledger_entry_fn)(void *arg, const oc_ledger_entry *);
typedef void(OC_CALL *oc_ledger_hold_fn)(void *arg, const oc_ledger_hold *);
typedef void(OC_CALL *oc_ledger_budget_fn)(void *arg, const oc_ledger_budget *);
typedef void(OC_CALL *oc_ledger_sum_fn)(void *arg, const oc_ledger_sum *);
typedef void(OC_CALL *oc_ledger_problem_fn)(void *arg, const oc_ledger_problem *);
typedef void(OC_CALL *oc_ledger_row_fn)(void *arg, const oc_ledger_row *);
typedef void(OC_CALL *oc_ledger_link_fn)(void *arg, const oc_ledger_link *);

typedef struct oc_ledger_backend { /* all [backend], one thread; but see OC_LEDGER_CAP_READ_ASIDE */
  uint32_t struct_size, batch_max;
  /* Applies ops in array order, commits atomically and durably, then returns. OC_OK: every result is filled and final.
   * OC_E_UNAVAILABLE: nothing is known to have happened; the host may submit the identical batch again. */
  oc_status(OC_CALL *apply)(void *inst, const oc_ledger_op *, oc_ledger_result *, uint64_t n);
  oc_status(OC_CALL *balance)(void *inst, uint64_t account, oc_ledger_balance *out);
  oc_status(OC_CALL *statement)(void *inst, uint64_t account, int64_t from_unix_ms, int64_t to_unix_ms, oc_ledger_entry_fn,
                                void *arg);
  /* Recomputes every invariant from the transfers. Returns OC_OK when the check ran, whatever it found. */
  oc_status(OC_CALL *verify)(void *inst, oc_ledger_problem_fn, void *arg, uint64_t *n_transfers);
  oc_status(OC_CALL *open)(void *inst, oc_ledger_open *out);
  /* Sets or removes a budget, durably. Its current window counts what was spent and held in it before. */
  oc_status(OC_CALL *put_budget)(void *inst, const oc_ledger_budget *);
  oc_status(OC_CALL *budgets)(void *inst, uint64_t account, oc_ledger_budget_fn, void *arg); /* account 0: all */
  /* Everything known under an id: a hold, open or resolved, and the postings with that id or ref. */
  oc_status(OC_CALL *find)(void *inst, oc_id128 id, oc_ledger_hold_fn, oc_ledger_entry_fn, void *arg);
  /* Sums of all postings before `at_unix_ms`, account by account; debits and credits are equal in all. */
  oc_status(OC_CALL *trial_balance)(void *inst, int64_t at_unix_ms, oc_ledger_sum_fn, void *arg);
  /* NULL without OC_LEDGER_CAP_DUMP. Every row, table by table, transfers in their order; restore takes them in that
   * order into empty books, in as many calls as the host likes (n 0: the last), and refuses others (OC_E_CONFLICT). */
  oc_status(OC_CALL *dump)(void *inst, oc_ledger_row_fn, void *arg);
  oc_status(OC_CALL *restore)(void *inst, const oc_ledger_row *const *, uint64_t n);
  /* May be NULL: no anchors are written. The links that begin at those transfers, as far as there are any; n 0: the last
   * link of each node that posted of late. */
  oc_status(OC_CALL *links)(void *inst, const uint64_t *first_seqs, uint64_t n, oc_ledger_link_fn, void *arg);
  /* May be NULL. Counts ahead what put_budget would have to, beside the batches: from where *spent got to (or its window is
   * over: from nothing) up to now. [any] with READ_ASIDE; else the host has a second instance for it. */
  oc_status(OC_CALL *count_spent)(void *inst, const oc_ledger_budget *, oc_ledger_spent *spent);
} oc_ledger_backend;

#ifdef __cplusplus
}
#endif
#endif
