-- +goose Up
-- Why a session ended, for whoever still has its token: the hash of it, a word, and nothing else about the person. Kept for seven days.
CREATE TABLE ended_sessions (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL, -- for the bound on rows a user; empty when the account is gone
    reason     TEXT   NOT NULL, -- idle, expired, password_changed, …
    ended_at   BIGINT NOT NULL,
    lasted     BIGINT NOT NULL  -- microseconds: of idle, how long it was not used; of expired, how long it lived
);
CREATE INDEX ended_sessions_user ON ended_sessions (user_id, ended_at);
CREATE INDEX ended_sessions_at ON ended_sessions (ended_at);

-- What became of a link: the device that used it, or the word for what made it useless.
ALTER TABLE tickets ADD COLUMN ended_by TEXT NOT NULL DEFAULT '';

ALTER TABLE users ADD COLUMN state_at BIGINT NOT NULL DEFAULT 0; -- when it came into its state; 0: not known
UPDATE users SET state_at = updated_at WHERE state <> 'active';

-- +goose Down
ALTER TABLE users DROP COLUMN state_at;
ALTER TABLE tickets DROP COLUMN ended_by;
DROP TABLE ended_sessions;
