-- The ledger. Amounts are nano-USD; a 128-bit id is two integers, high half first, so that rows lie in order of time.
CREATE TABLE account (  -- balances: a cache that equals the fold of `transfer` and `hold`
  code INTEGER NOT NULL, owner INTEGER NOT NULL,
  debits INTEGER NOT NULL, credits INTEGER NOT NULL, pending INTEGER NOT NULL,
  PRIMARY KEY (code, owner),
  CHECK (debits >= 0 AND credits >= 0 AND pending >= 0),
  CHECK (code <> 2000 OR credits - debits - pending >= 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_spend (
  key_id INTEGER PRIMARY KEY,
  spend_limit INTEGER NOT NULL, spent INTEGER NOT NULL, held INTEGER NOT NULL,  -- spend_limit < 0: none
  limit_op_hi INTEGER NOT NULL, limit_op_lo INTEGER NOT NULL,
  CHECK (spent >= 0 AND held >= 0)
) STRICT;

CREATE TABLE node (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, epoch_op_hi INTEGER NOT NULL, epoch_op_lo INTEGER NOT NULL
) STRICT;

CREATE TABLE hold (  -- open holds only: few rows, so a sweep reads them all and no index slows the hot path
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,
  account INTEGER NOT NULL, key_id INTEGER NOT NULL, project_id INTEGER NOT NULL, node INTEGER NOT NULL, epoch INTEGER NOT NULL,
  amount INTEGER NOT NULL CHECK (amount >= 0), created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  available INTEGER NOT NULL, body_hash INTEGER NOT NULL,
  PRIMARY KEY (id_hi, id_lo)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (  -- holds that ended without a transfer: 1 voided, 2 swept, 3 settled at zero
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,
  outcome INTEGER NOT NULL, hold_hash INTEGER NOT NULL, close_hash INTEGER NOT NULL,
  hold_available INTEGER NOT NULL, released INTEGER NOT NULL, available INTEGER NOT NULL, ts_ms INTEGER NOT NULL,
  PRIMARY KEY (id_hi, id_lo)
) STRICT, WITHOUT ROWID;

CREATE TABLE transfer (
  seq INTEGER PRIMARY KEY,
  id_hi INTEGER NOT NULL, id_lo INTEGER NOT NULL,       -- deposit: its op id; settle: the hold's id
  kind INTEGER NOT NULL CHECK (kind IN (1, 5)),         -- 1 deposit, 5 settle
  flags INTEGER NOT NULL,
  account INTEGER NOT NULL, counter INTEGER NOT NULL, key_id INTEGER NOT NULL, project_id INTEGER NOT NULL, node INTEGER NOT NULL,
  amount INTEGER NOT NULL, fee INTEGER NOT NULL,
  wallet_part INTEGER NOT NULL, debt_part INTEGER NOT NULL, absorbed_part INTEGER NOT NULL,
  released INTEGER NOT NULL, available INTEGER NOT NULL, ts_ms INTEGER NOT NULL,
  body_hash INTEGER NOT NULL, hold_hash INTEGER NOT NULL, hold_available INTEGER NOT NULL,
  UNIQUE (id_hi, id_lo),
  CHECK (amount >= 0 AND fee >= 0 AND amount + fee > 0),
  CHECK (wallet_part >= 0 AND debt_part >= 0 AND absorbed_part >= 0),
  CHECK (wallet_part + debt_part + absorbed_part = amount + fee)
) STRICT;
CREATE INDEX transfer_by_account ON transfer (account, ts_ms);

CREATE TRIGGER transfer_is_final BEFORE UPDATE ON transfer BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

-- Plain double entry for auditors: one row for each side of each posting.
CREATE VIEW journal (seq, id_hi, id_lo, code, owner, debit, credit) AS
  SELECT seq, id_hi, id_lo, 1000, counter, amount, 0 FROM transfer WHERE kind = 1
  UNION ALL SELECT seq, id_hi, id_lo, 2000, account, 0, wallet_part FROM transfer WHERE kind = 1 AND wallet_part > 0
  UNION ALL SELECT seq, id_hi, id_lo, 1100, account, 0, debt_part FROM transfer WHERE kind = 1 AND debt_part > 0
  UNION ALL SELECT seq, id_hi, id_lo, 2000, account, wallet_part, 0 FROM transfer WHERE kind = 5 AND wallet_part > 0
  UNION ALL SELECT seq, id_hi, id_lo, 1100, account, debt_part, 0 FROM transfer WHERE kind = 5 AND debt_part > 0
  UNION ALL SELECT seq, id_hi, id_lo, 5200, node, absorbed_part, 0 FROM transfer WHERE kind = 5 AND absorbed_part > 0
  UNION ALL SELECT seq, id_hi, id_lo, 2100, counter, 0, amount FROM transfer WHERE kind = 5 AND amount > 0
  UNION ALL SELECT seq, id_hi, id_lo, 4000, node, 0, fee FROM transfer WHERE kind = 5 AND fee > 0;
