-- Leases, grants, budgets over windows, refunds, the chain. Small tables are made anew; `transfer` and `tombstone` may be
-- huge and keep their bytes: a row written before has the defaults of the columns it lacks.
DROP VIEW journal;

CREATE TABLE account_2 (  -- balances: a cache that equals the fold of `transfer` and `hold`
  code INTEGER NOT NULL, owner INTEGER NOT NULL,
  debits INTEGER NOT NULL, credits INTEGER NOT NULL, pending INTEGER NOT NULL,
  overdraft INTEGER NOT NULL, debt_limit INTEGER NOT NULL, flags INTEGER NOT NULL,
  terms_op_hi INTEGER NOT NULL, terms_op_lo INTEGER NOT NULL,
  PRIMARY KEY (code, owner),
  CHECK (debits >= 0 AND credits >= 0 AND pending >= 0 AND overdraft >= 0 AND debt_limit >= 0),
  CHECK (code NOT IN (2000, 2010) OR credits - debits - pending + overdraft >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO account_2 SELECT code, owner, debits, credits, pending, 0, 0, 0, 0, 0 FROM account;
DROP TABLE account;
ALTER TABLE account_2 RENAME TO account;

CREATE TABLE node_2 (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, heartbeat_ms INTEGER NOT NULL,
  epoch_op_hi INTEGER NOT NULL, epoch_op_lo INTEGER NOT NULL
) STRICT;
INSERT INTO node_2 SELECT id, epoch, 0, epoch_op_hi, epoch_op_lo FROM node;
DROP TABLE node;
ALTER TABLE node_2 RENAME TO node;

CREATE TABLE hold_2 (  -- open holds and leases only: few rows, so a sweep reads them all and no index slows the hot path
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind IN (3, 8)),         -- 3 request, 8 lease
  account INTEGER NOT NULL, project_id INTEGER NOT NULL, key_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  group_id INTEGER NOT NULL, node INTEGER NOT NULL, epoch INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  grant1 INTEGER NOT NULL, grant1_part INTEGER NOT NULL, grant2 INTEGER NOT NULL, grant2_part INTEGER NOT NULL,
  grant3 INTEGER NOT NULL, grant3_part INTEGER NOT NULL,
  settled INTEGER NOT NULL, progress INTEGER NOT NULL, progress_fee INTEGER NOT NULL,
  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, drain_ms INTEGER NOT NULL,
  available INTEGER NOT NULL, body_hash INTEGER NOT NULL,
  last_op_hi INTEGER NOT NULL, last_op_lo INTEGER NOT NULL, last_hash INTEGER NOT NULL, last_available INTEGER NOT NULL,
  PRIMARY KEY (id_hi, id_lo),
  CHECK (settled >= 0 AND settled <= amount AND progress >= 0 AND progress_fee >= 0),
  CHECK (grant1_part >= 0 AND grant2_part >= 0 AND grant3_part >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO hold_2
  SELECT id_hi, id_lo, 3, account, project_id, key_id, 0, 0, node, epoch, amount, 0, 0, 0, 0, 0, 0, 0, 0, 0,
         created_ms, expires_ms, 0, available, body_hash, 0, 0, 0, 0 FROM hold;
DROP TABLE hold;
ALTER TABLE hold_2 RENAME TO hold;

ALTER TABLE tombstone ADD COLUMN account INTEGER NOT NULL DEFAULT 0;

-- More columns and wider CHECKs without a new copy of the rows: only the table's text changes, by the rule of ALTER TABLE
-- ADD COLUMN (new columns at the end, with constant defaults) and of dropping a CHECK. (A long IN list in a CHECK would cost
-- each INSERT a temporary tree.)
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = 'CREATE TABLE transfer (
  seq INTEGER PRIMARY KEY,
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,       -- settle: the hold''s id; lease settle: the request''s; else the op''s
  kind INTEGER NOT NULL,                                -- OC_LOP_*
  flags INTEGER NOT NULL,
  account INTEGER NOT NULL, counter INTEGER NOT NULL, key_id INTEGER NOT NULL, project_id INTEGER NOT NULL, node INTEGER NOT NULL,
  amount INTEGER NOT NULL, fee INTEGER NOT NULL,
  wallet_part INTEGER NOT NULL, debt_part INTEGER NOT NULL, absorbed_part INTEGER NOT NULL,
  released INTEGER NOT NULL, available INTEGER NOT NULL, ts_ms INTEGER NOT NULL,
  body_hash INTEGER NOT NULL, hold_hash INTEGER NOT NULL, hold_available INTEGER NOT NULL,
  ref_hi INTEGER NOT NULL DEFAULT 0, ref_lo INTEGER NOT NULL DEFAULT 0, code INTEGER NOT NULL DEFAULT 0,
  user_id INTEGER NOT NULL DEFAULT 0, group_id INTEGER NOT NULL DEFAULT 0,
  grant1 INTEGER NOT NULL DEFAULT 0, grant1_part INTEGER NOT NULL DEFAULT 0,
  grant2 INTEGER NOT NULL DEFAULT 0, grant2_part INTEGER NOT NULL DEFAULT 0,
  grant3 INTEGER NOT NULL DEFAULT 0, grant3_part INTEGER NOT NULL DEFAULT 0,
  reserved_ms INTEGER NOT NULL DEFAULT 0,
  UNIQUE (id_hi, id_lo),
  CHECK (kind = 5 OR kind = 10 OR kind = 1 OR kind = 2 OR kind = 7 OR kind = 12 OR kind = 16 OR kind = 17),
  CHECK (amount >= 0 AND fee >= 0 AND amount + fee > 0),
  CHECK (wallet_part >= 0 AND debt_part >= 0 AND absorbed_part >= 0),
  CHECK (grant1_part >= 0 AND grant2_part >= 0 AND grant3_part >= 0),
  CHECK (wallet_part + debt_part + absorbed_part + grant1_part + grant2_part + grant3_part = amount + fee)
) STRICT' WHERE type = 'table' AND name = 'transfer';
PRAGMA writable_schema = RESET;

-- Which transfers name another one, and which a wallet got from another: as tables, since an index would have to read all
-- of `transfer` once.
CREATE TABLE transfer_ref (
  ref_hi INTEGER NOT NULL, ref_lo INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (ref_hi, ref_lo, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE transfer_to (
  account INTEGER NOT NULL, ts_ms INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (account, ts_ms, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE wallet_grant (  -- promotional money; its balance is account 2010
  number INTEGER PRIMARY KEY, id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,
  wallet INTEGER NOT NULL, priority INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  expiries INTEGER NOT NULL, open INTEGER NOT NULL CHECK (open IN (0, 1))
) STRICT;
CREATE INDEX wallet_grant_of ON wallet_grant (wallet, open);
CREATE INDEX wallet_grant_ends ON wallet_grant (expires_ms) WHERE open = 1 AND expires_ms > 0;

CREATE TABLE budget (
  account INTEGER NOT NULL, scope INTEGER NOT NULL, scope_id INTEGER NOT NULL, period INTEGER NOT NULL,
  action INTEGER NOT NULL, limit_nano INTEGER NOT NULL CHECK (limit_nano >= 0), time_zone TEXT NOT NULL,
  PRIMARY KEY (account, scope, scope_id, period)
) STRICT, WITHOUT ROWID;

CREATE TABLE budget_window (  -- a new window is a new row: nothing is ever reset
  account INTEGER NOT NULL, scope INTEGER NOT NULL, scope_id INTEGER NOT NULL, period INTEGER NOT NULL,
  begin_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, spent INTEGER NOT NULL, held INTEGER NOT NULL,
  PRIMARY KEY (account, scope, scope_id, period, begin_ms),
  CHECK (spent >= 0 AND held >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE refund_cap (  -- what was given back of one transfer so far
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,
  refunded INTEGER NOT NULL, refunded_fee INTEGER NOT NULL,
  PRIMARY KEY (id_hi, id_lo),
  CHECK (refunded_fee >= 0 AND refunded >= refunded_fee)
) STRICT, WITHOUT ROWID;

CREATE TABLE chain_link (  -- hash = SHA-256(hash of the node's link before, encoded transfers first_seq..last_seq)
  first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL,
  node INTEGER NOT NULL, n INTEGER NOT NULL, ts_ms INTEGER NOT NULL, hash BLOB NOT NULL,
  CHECK (last_seq >= first_seq AND length(hash) = 32)
) STRICT;
CREATE TRIGGER chain_link_is_final BEFORE UPDATE ON chain_link BEGIN SELECT RAISE(ABORT, 'links are append-only'); END;
CREATE TRIGGER chain_link_stays BEFORE DELETE ON chain_link BEGIN SELECT RAISE(ABORT, 'links are append-only'); END;

-- A key's limit becomes a budget of the wallet that the key spends from. A key that was not used of late names no wallet
-- without a walk through all transfers: its limit waits, with what it has spent, for its next request.
CREATE TABLE key_limit (
  key_id INTEGER PRIMARY KEY, limit_nano INTEGER NOT NULL, spent INTEGER NOT NULL, held INTEGER NOT NULL
) STRICT;
INSERT INTO key_limit SELECT key_id, spend_limit, spent, held FROM key_spend WHERE spend_limit >= 0;
CREATE TABLE key_wallet (key_id INTEGER PRIMARY KEY, account INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO key_wallet SELECT key_id, account FROM hold;
INSERT OR IGNORE INTO key_wallet
  SELECT key_id, account FROM transfer WHERE seq > (SELECT max(seq) - 10000 FROM transfer) AND kind = 5;
INSERT INTO budget_window
  SELECT w.account, 3, k.key_id, 0, 0, 9223372036854775807, k.spent, k.held FROM key_limit k JOIN key_wallet w USING (key_id);
INSERT INTO budget
  SELECT w.account, 3, k.key_id, 0, 0, k.limit_nano, '' FROM key_limit k JOIN key_wallet w USING (key_id);
DELETE FROM key_limit WHERE key_id IN (SELECT key_id FROM key_wallet);
DROP TABLE key_wallet;
DROP TABLE key_spend;

INSERT INTO ledger_meta SELECT 'chained_from', coalesce(max(seq), 0) + 1 FROM transfer;

-- Plain double entry for auditors: one row for each side of each posting.
CREATE VIEW journal (seq, id_hi, id_lo, code, owner, debit, credit) AS
  WITH side AS (  -- 1: the wallet and what belongs to it is debited, 0: credited
    SELECT *, kind IN (5, 10, 12, 16) AS pays FROM transfer),
  leg (seq, id_hi, id_lo, code, owner, amount, is_debit) AS (
    SELECT seq, id_hi, id_lo, 2000, account, wallet_part, pays FROM side WHERE kind <> 2
    UNION ALL SELECT seq, id_hi, id_lo, 1100, account, debt_part, pays FROM side WHERE kind <> 2
    UNION ALL SELECT seq, id_hi, id_lo, 2010, grant1, grant1_part, pays FROM side
    UNION ALL SELECT seq, id_hi, id_lo, 2010, grant2, grant2_part, pays FROM side
    UNION ALL SELECT seq, id_hi, id_lo, 2010, grant3, grant3_part, pays FROM side
    UNION ALL SELECT seq, id_hi, id_lo, 1000, counter, amount, kind = 1 FROM side WHERE kind IN (1, 16)
    UNION ALL SELECT seq, id_hi, id_lo, 2000, account, amount, 1 FROM side WHERE kind = 2
    UNION ALL SELECT seq, id_hi, id_lo, 2000, counter, wallet_part, 0 FROM side WHERE kind = 2
    UNION ALL SELECT seq, id_hi, id_lo, 1100, counter, debt_part, 0 FROM side WHERE kind = 2
    UNION ALL SELECT seq, id_hi, id_lo, 5000, 0, amount, 1 FROM side WHERE kind = 17
    UNION ALL SELECT seq, id_hi, id_lo, 4100, 0, amount, 0 FROM side WHERE kind = 12
    UNION ALL SELECT seq, id_hi, id_lo, 2100, counter, amount, 1 FROM side WHERE kind = 7 AND code = 1
    UNION ALL SELECT seq, id_hi, id_lo, 5200, node, amount, 1 FROM side WHERE kind = 7 AND code <> 1
    UNION ALL SELECT seq, id_hi, id_lo, 4000, node, fee, 1 FROM side WHERE kind = 7
    UNION ALL SELECT seq, id_hi, id_lo, 5200, node, absorbed_part, 1 FROM side WHERE kind IN (5, 10)
    UNION ALL SELECT seq, id_hi, id_lo, 2100, counter, amount, 0 FROM side WHERE kind IN (5, 10)
    UNION ALL SELECT seq, id_hi, id_lo, 4000, node, fee, 0 FROM side WHERE kind IN (5, 10))
  SELECT seq, id_hi, id_lo, code, owner, iif(is_debit, amount, 0), iif(is_debit, 0, amount) FROM leg WHERE amount <> 0;
