-- The ledger. Amounts are nano-USD, times Unix ms. Numbers of 64 bits without a sign are stored as the bigint with the
-- same bits; an id is a uuid, whose order is the ids' own; NULL stands for zero where most rows have none.
CREATE TABLE account (  -- balances: a cache that equals the fold of `transfer` and `hold`
  code bigint NOT NULL, owner bigint NOT NULL,
  debits bigint NOT NULL, credits bigint NOT NULL, pending bigint NOT NULL,
  overdraft bigint, debt_limit bigint, flags bigint, terms_op uuid,  -- of wallets
  PRIMARY KEY (code, owner),
  CHECK (debits >= 0 AND credits >= 0 AND pending >= 0),
  CHECK (code NOT IN (2000, 2010) OR credits - debits - pending >= -coalesce(overdraft, 0))
) WITH (fillfactor = 50);

CREATE TABLE promo_grant (  -- its balance is the account (2010, number)
  id uuid NOT NULL UNIQUE, number bigint PRIMARY KEY, wallet bigint NOT NULL,
  priority bigint NOT NULL, created_ms bigint NOT NULL, expires_ms bigint NOT NULL,  -- expires_ms 0: never
  expiries bigint NOT NULL, open boolean NOT NULL
);
CREATE INDEX promo_grant_of_wallet ON promo_grant (wallet) WHERE open;
CREATE INDEX promo_grant_by_end ON promo_grant (expires_ms) WHERE open AND expires_ms > 0;

CREATE TABLE node (
  id bigint PRIMARY KEY, epoch bigint NOT NULL, heartbeat_ms bigint NOT NULL, epoch_op uuid
) WITH (fillfactor = 50);

CREATE TABLE budget (
  account bigint NOT NULL, scope bigint NOT NULL, scope_id bigint NOT NULL, period bigint NOT NULL,
  action bigint NOT NULL, limit_nano bigint NOT NULL, time_zone text NOT NULL,
  PRIMARY KEY (account, scope, scope_id, period)
);

CREATE TABLE budget_window (  -- a new window is a new row: nothing is ever reset
  account bigint NOT NULL, scope bigint NOT NULL, scope_id bigint NOT NULL, period bigint NOT NULL,
  begin_ms bigint NOT NULL, end_ms bigint NOT NULL, spent bigint NOT NULL, held bigint NOT NULL,
  PRIMARY KEY (account, scope, scope_id, period, begin_ms)
) WITH (fillfactor = 50);

CREATE TABLE hold (  -- open holds only: few rows, so a sweep reads them all and no index slows the hot path
  id uuid PRIMARY KEY, kind bigint NOT NULL,  -- 3 of a request, 8 a lease
  account bigint NOT NULL, project_id bigint, key_id bigint, user_id bigint, group_id bigint,
  node bigint NOT NULL, epoch bigint NOT NULL, amount bigint NOT NULL,
  grant_1 bigint, part_1 bigint, grant_2 bigint, part_2 bigint, grant_3 bigint, part_3 bigint,
  settled bigint, progress bigint, progress_fee bigint,
  created_ms bigint NOT NULL, expires_ms bigint NOT NULL, drain_ms bigint, available bigint NOT NULL,
  body_hash bigint NOT NULL, last_op uuid, last_hash bigint, last_available bigint,
  CHECK (amount >= 0)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);

CREATE TABLE tombstone (  -- holds that ended without a transfer of their own: 1 voided, 2 swept, 3 settled at zero, 4 lease
  id uuid PRIMARY KEY, outcome bigint NOT NULL, account bigint NOT NULL, hold_hash bigint NOT NULL, close_hash bigint,
  hold_available bigint NOT NULL, released bigint NOT NULL, available bigint NOT NULL, ts_ms bigint NOT NULL
);
CREATE INDEX tombstone_by_time ON tombstone (ts_ms);

CREATE TABLE transfer (  -- one posting with all its legs
  seq bigint PRIMARY KEY,  -- a batch takes a block of its own: within a block without gaps, between blocks with
  id uuid NOT NULL UNIQUE, ref uuid, kind bigint NOT NULL, flags bigint, code bigint,
  account bigint NOT NULL, project_id bigint, key_id bigint, user_id bigint, group_id bigint,
  counter bigint, node bigint, amount bigint NOT NULL, fee bigint,
  wallet_part bigint, debt_part bigint, absorbed_part bigint,
  grant_1 bigint, part_1 bigint, grant_2 bigint, part_2 bigint, grant_3 bigint, part_3 bigint,
  released bigint, available bigint NOT NULL, ts_ms bigint NOT NULL, reserved_ms bigint, body_hash bigint NOT NULL,
  hold_hash bigint, hold_available bigint,
  CHECK (amount >= 0 AND coalesce(fee, 0) >= 0),
  CHECK (amount + coalesce(fee, 0) = coalesce(wallet_part, 0) + coalesce(debt_part, 0) + coalesce(absorbed_part, 0)
                                     + coalesce(part_1, 0) + coalesce(part_2, 0) + coalesce(part_3, 0))
);
CREATE INDEX transfer_by_account ON transfer (account, ts_ms);
CREATE INDEX transfer_received ON transfer (counter, ts_ms) WHERE kind = 2;
CREATE INDEX transfer_by_ref ON transfer (ref) WHERE ref IS NOT NULL;
CREATE SEQUENCE transfer_block MINVALUE 1 START 1;

CREATE TABLE refund_cap (  -- what was given back of one transfer so far
  transfer uuid PRIMARY KEY, refunded bigint NOT NULL, refunded_fee bigint NOT NULL,
  CHECK (refunded >= 0 AND refunded_fee >= 0)
);

CREATE TABLE link (  -- each node's chain of postings
  node bigint NOT NULL, n bigint NOT NULL, first_seq bigint NOT NULL, last_seq bigint NOT NULL, ts_ms bigint NOT NULL,
  hash bytea NOT NULL, PRIMARY KEY (node, n)
);
CREATE UNIQUE INDEX link_by_seq ON link (first_seq);

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION '%s are append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation'; END $$;
CREATE TRIGGER transfer_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer EXECUTE FUNCTION append_only();
CREATE TRIGGER link_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON link EXECUTE FUNCTION append_only();

-- Ends the transaction, to be tried again, when somebody else resolved one of the same ids meanwhile.
CREATE FUNCTION expect_rows(got bigint, wanted bigint) RETURNS void LANGUAGE plpgsql AS
  $$ BEGIN IF got <> wanted THEN RAISE EXCEPTION 'somebody else was first' USING ERRCODE = 'serialization_failure'; END IF;
  END $$;

-- Plain double entry for auditors: one row for each side of each posting. Kinds: 1 deposit, 2 transfer, 5 settle,
-- 7 refund, 10 settle of a lease, 12 a grant that expired, 16 withdrawal, 17 grant.
CREATE VIEW journal AS
  SELECT t.seq, t.id, t.ts_ms, leg.code, leg.owner, CASE WHEN leg.debits THEN leg.amount ELSE 0 END AS debit,
         CASE WHEN leg.debits THEN 0 ELSE leg.amount END AS credit
  FROM transfer t CROSS JOIN LATERAL (
    -- the owner's side: wallet, debt and grants
    SELECT o.code, o.owner, o.amount, t.kind IN (5, 10, 12, 16) AS debits
      FROM (VALUES (2010, t.grant_1, t.part_1), (2010, t.grant_2, t.part_2), (2010, t.grant_3, t.part_3),
                   (2000, t.account, t.wallet_part), (1100, t.account, t.debt_part)) AS o (code, owner, amount)
      WHERE t.kind <> 2
    UNION ALL SELECT o.code, o.owner, o.amount, o.debits
      FROM (VALUES (2000, t.account, t.amount, true), (2000, coalesce(t.counter, 0), t.wallet_part, false),
                   (1100, coalesce(t.counter, 0), t.debt_part, false)) AS o (code, owner, amount, debits)
      WHERE t.kind = 2
    -- the other side
    UNION ALL SELECT 1000, coalesce(t.counter, 0), t.amount, t.kind = 1 WHERE t.kind IN (1, 16)
    UNION ALL SELECT 5000, 0, t.amount, true WHERE t.kind = 17
    UNION ALL SELECT 4100, 0, t.amount, false WHERE t.kind = 12
    UNION ALL SELECT o.code, o.owner, o.amount, o.debits
      FROM (VALUES (5200, coalesce(t.node, 0), t.absorbed_part, true), (2100, coalesce(t.counter, 0), t.amount, false),
                   (4000, coalesce(t.node, 0), t.fee, false)) AS o (code, owner, amount, debits)
      WHERE t.kind IN (5, 10)
    UNION ALL SELECT o.code, o.owner, o.amount, true
      FROM (VALUES (CASE WHEN t.code = 1 THEN 2100 ELSE 5200 END,
                    CASE WHEN t.code = 1 THEN coalesce(t.counter, 0) ELSE coalesce(t.node, 0) END, t.amount),
                   (4000, coalesce(t.node, 0), t.fee)) AS o (code, owner, amount)
      WHERE t.kind = 7
  ) AS leg (code, owner, amount, debits)
  WHERE leg.amount <> 0;
