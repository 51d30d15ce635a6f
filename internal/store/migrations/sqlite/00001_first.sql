-- +goose Up
CREATE TABLE users (
    id         TEXT   NOT NULL PRIMARY KEY,
    state      TEXT   NOT NULL, -- active, disabled
    name       TEXT   NOT NULL,
    locale     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What a person may type to say who they are. canonical is unique for each kind; as_typed is what is shown and mailed to. Compared byte by byte:
-- an index in the order of a language breaks when an update of the system's library changes that order, and then lets an address in twice.
CREATE TABLE identifiers (
    kind        TEXT   NOT NULL, -- email, username
    canonical   TEXT   NOT NULL,
    user_id     TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    as_typed    TEXT   NOT NULL,
    verified_at BIGINT NOT NULL, -- 0: not verified
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (kind, canonical)
);
CREATE UNIQUE INDEX identifiers_user ON identifiers (user_id, kind);

CREATE TABLE credentials (
    id         TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind       TEXT   NOT NULL, -- password
    secret     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);
CREATE INDEX credentials_user ON credentials (user_id, kind);
CREATE UNIQUE INDEX credentials_password ON credentials (user_id) WHERE kind = 'password';

CREATE TABLE sessions (
    token_hash   BLOB   NOT NULL PRIMARY KEY, -- SHA-256 of the token: a copy of this table opens nothing
    id           TEXT   NOT NULL,
    user_id      TEXT   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   BIGINT NOT NULL,
    seen_at      BIGINT NOT NULL,
    idle         BIGINT NOT NULL, -- microseconds
    end_at       BIGINT NOT NULL,
    auth_at      BIGINT NOT NULL, -- last proof of a credential
    methods      TEXT   NOT NULL,
    remember     BIGINT NOT NULL,
    device_label TEXT   NOT NULL,
    device_addr  TEXT   NOT NULL
);
CREATE UNIQUE INDEX sessions_id ON sessions (id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_end ON sessions (end_at);

-- Everything that works once: links in mails, pending steps.
CREATE TABLE tickets (
    id         TEXT   NOT NULL PRIMARY KEY,
    kind       TEXT   NOT NULL,
    hash       BLOB   NOT NULL, -- SHA-256 of the token
    user_id    TEXT   NOT NULL, -- empty: nobody's yet
    subject    TEXT   NOT NULL, -- the canonical address it is about
    browser    BLOB   NOT NULL, -- SHA-256 of the pending token of the browser that asked; empty: not bound
    payload    BLOB   NOT NULL, -- sealed
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL, -- 0: still good; below 0: made useless then, and never used
    mailed_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX tickets_hash ON tickets (kind, hash);
CREATE INDEX tickets_subject ON tickets (kind, subject);
CREATE INDEX tickets_user ON tickets (user_id);
CREATE INDEX tickets_expires ON tickets (expires_at);

CREATE TABLE outbox (
    id         TEXT   NOT NULL PRIMARY KEY,
    class      TEXT   NOT NULL, -- job, mail
    kind       TEXT   NOT NULL,
    payload    BLOB   NOT NULL, -- sealed: it holds links
    created_at BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL,
    last_error TEXT   NOT NULL,
    sent_at    BIGINT NOT NULL,
    dead_at    BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (class, sent_at, dead_at, due_at);

CREATE TABLE events (
    id         TEXT   NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    user_id    TEXT   NOT NULL,
    actor      TEXT   NOT NULL,
    client     TEXT   NOT NULL,
    reference  TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    cause      TEXT   NOT NULL,
    detail     TEXT   NOT NULL
);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_user ON events (user_id, at);
CREATE INDEX events_reference ON events (reference);

CREATE TABLE revocations (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT   NOT NULL, -- session, user, all
    id   TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
CREATE INDEX revocations_at ON revocations (at);

CREATE TABLE roles (
    name       TEXT   NOT NULL PRIMARY KEY,
    created_at BIGINT NOT NULL
);
CREATE TABLE role_permissions (
    role       TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role, permission)
);
CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role    TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    PRIMARY KEY (user_id, role)
);
CREATE INDEX user_roles_role ON user_roles (role);

-- One row a subject that must be worked on by one transaction at a time; see Tx.Lock.
CREATE TABLE locks (
    name TEXT   NOT NULL PRIMARY KEY,
    at   BIGINT NOT NULL
);

INSERT INTO roles (name, created_at) VALUES ('admin', 0);

-- +goose Down
DROP TABLE locks;
DROP TABLE user_roles;
DROP TABLE role_permissions;
DROP TABLE roles;
DROP TABLE revocations;
DROP TABLE events;
DROP TABLE outbox;
DROP TABLE tickets;
DROP TABLE sessions;
DROP TABLE credentials;
DROP TABLE identifiers;
DROP TABLE users;
