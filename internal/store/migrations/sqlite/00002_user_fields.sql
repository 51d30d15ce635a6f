-- +goose Up
-- What people filled in of the fields that the site declares: one row for a text or a choice, one for each version of a consent.
CREATE TABLE user_fields (
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    version      TEXT   NOT NULL, -- of a consent: the wording that was agreed to; empty: it is none
    value        TEXT   NOT NULL, -- of a text or a choice
    at           BIGINT NOT NULL, -- when it was filled in or agreed to
    withdrawn_at BIGINT NOT NULL, -- of a consent; 0: it holds
    PRIMARY KEY (user_id, name, version)
);

-- +goose Down
DROP TABLE user_fields;
