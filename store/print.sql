-- What the caller's client shows of itself; '' when it is not known.
ALTER TABLE calls ADD COLUMN caller_print TEXT NOT NULL DEFAULT '';
