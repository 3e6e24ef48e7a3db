-- Numbers the changes of owners, so that whoever hears of two in the wrong order keeps the later one.
create sequence ownership_revisions;
alter table seen_accounts add column revision bigint not null default 0;

-- The merges that can be undone, with what they moved; `undone_at` while the person is one of their own again.
create table merges (
    merged_id text primary key references persons (id),
    person_id text        not null references persons (id),
    merged_at timestamptz not null,
    undone_at timestamptz
);
create table merged_identities (
    merged_id text not null references merges (merged_id) on delete cascade,
    provider  text not null,
    server    text not null,
    id        text not null,
    primary key (merged_id, provider, server, id)
);
create table merged_accounts (
    merged_id text not null references merges (merged_id) on delete cascade,
    source    text not null,
    server    text not null,
    id        text not null,
    primary key (merged_id, source, server, id)
);
