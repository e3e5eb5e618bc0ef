-- Where the caller's address is from, by an address database; '' when it is not
-- known. The address itself is not kept.
ALTER TABLE calls ADD COLUMN caller_network TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN caller_country TEXT NOT NULL DEFAULT '';
