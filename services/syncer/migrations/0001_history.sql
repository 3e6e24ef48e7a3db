-- Whose account is whose, as linker said it. An account without a row belongs to nobody.
create table accounts (
    source      text not null,
    server      text not null,
    id          text not null,
    person_id   text not null,
    person_name text not null,
    primary key (source, server, id)
);
create index accounts_person on accounts (person_id);

-- Persons that became part of another, because facts can arrive in any order.
create table merges (
    merged_id   text primary key,
    person_id   text not null,
    person_name text not null
);

-- One row a viewing, appended and never taken away; rewatches are rows of their own.
create table plays (
    id           text primary key,
    feeder       text        not null, -- who told: plex, jellyfin, emby, tautulli, manual, trakt
    feeder_server text       not null, -- the configured server's name, or its machine id
    source       text        not null, -- the account: system, machine id, id, name
    server       text        not null,
    account_id   text        not null,
    account_name text        not null,
    person_id    text,
    person_name  text,
    type         text        not null check (type in ('movie', 'episode')),
    title        text        not null,
    show         text,
    season       int,
    episode      int,
    year         int,
    ids          text        not null, -- JSON of shared.schemas.media.Ids
    show_ids     text        not null,
    keys         text[]      not null, -- what makes two reports the same title, see domain.keys_of
    duration_s   int,
    item         text,                 -- the sender's own id of the item
    watched_at   timestamptz not null,
    recorded_at  timestamptz not null default now()
);
create index plays_watched_at on plays (watched_at desc, id);
create index plays_account on plays (source, server, account_id, watched_at);
create index plays_person on plays (person_id, watched_at desc) where person_id is not null;

-- Somebody said that he has not watched it: an explicit statement, from then on.
create table unwatched (
    id           text primary key,
    source       text        not null,
    server       text        not null,
    account_id   text        not null,
    account_name text        not null,
    person_id    text,
    type         text        not null,
    title        text        not null,
    keys         text[]      not null,
    unwatched_at timestamptz not null
);
create index unwatched_account on unwatched (source, server, account_id);
