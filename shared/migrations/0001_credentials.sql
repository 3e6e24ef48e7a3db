-- Every token, API key and password of every service, sealed; shared/vault.py is the only code that reads or writes it.
create schema if not exists shared;

create table shared.credentials (
    id bigint generated always as identity primary key,
    owner_kind text not null,
    owner_id text not null,
    provider text not null,
    purpose text not null,
    key_id text not null,
    -- a version byte, a nonce of 12 bytes, then AES-256-GCM's ciphertext and tag
    sealed bytea not null check (octet_length(sealed) between 29 and 65565),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (owner_kind, owner_id, provider, purpose)
);

create index credentials_by_key on shared.credentials (key_id, id);
