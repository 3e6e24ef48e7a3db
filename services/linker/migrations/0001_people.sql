create table persons (
    id            text primary key,
    name          text        not null,
    seerr_user_id int,
    merged_into   text references persons (id),
    created_at    timestamptz not null default now()
);

-- A person's accounts. `server` is empty where an account is one on all servers (a plex.tv account).
create table identities (
    provider  text        not null,
    server    text        not null,
    id        text        not null,
    person_id text        not null references persons (id),
    username  text        not null,
    email     text,
    proven    boolean     not null,
    linked_at timestamptz not null,
    primary key (provider, server, id)
);
create index identities_person on identities (person_id);

-- Every account that plays were seen on, whoever's it is.
create table seen_accounts (
    source       text        not null,
    server       text        not null,
    id           text        not null,
    name         text        not null,
    is_owner     boolean     not null,
    person_id    text references persons (id),
    plays        int         not null,
    last_seen_at timestamptz not null,
    primary key (source, server, id)
);
create index seen_accounts_unclaimed on seen_accounts (last_seen_at desc) where person_id is null;
create index seen_accounts_person on seen_accounts (person_id);
