-- Who may do what. Of keys, sessions and webhook secrets only SHA-256 digests are here; the secrets that must be shown
-- again are in the vault.
create table users (
    id            text primary key,
    username      text not null unique,
    password_hash text not null,
    created_at    timestamptz not null
);

create table sessions (
    id         text primary key,
    digest     bytea not null unique,
    user_id    text not null references users (id) on delete cascade,
    address    text not null,
    created_at timestamptz not null,
    used_at    timestamptz not null,
    expires_at timestamptz not null
);

create table api_keys (
    id         text primary key,
    name       text not null,
    digest     bytea not null unique,
    scopes     text[] not null,
    created_at timestamptz not null,
    used_at    timestamptz,
    expires_at timestamptz
);

create table webhook_secrets (
    id         text primary key,
    source     text,
    server     text,
    digest     bytea not null unique,
    created_at timestamptz not null
);

create table login_attempts (
    id      bigint generated always as identity primary key,
    account bytea not null,
    address text not null,
    at      timestamptz not null
);
create index login_attempts_account on login_attempts (account, at);
create index login_attempts_address on login_attempts (address, at);
create index login_attempts_at on login_attempts (at);
