-- A wallet's row is what nodes lock: one that has nothing but grants needs it as well. New grants make it themselves.
INSERT INTO account (code, owner, debits, credits, pending)
  SELECT DISTINCT 2000, wallet, 0, 0, 0 FROM promo_grant ON CONFLICT (code, owner) DO NOTHING;
