-- What this installation made up for itself once: the name that plex.tv knows it by, what is registered at Discord.
create table installation (
    name  text primary key,
    value text not null
);

-- The configured systems; their tokens are in the vault, under the name. `revision` grows with each change, so that
-- what was found out about an address that is not the address any more is thrown away. `from_settings` stays while
-- nobody has changed what the settings made.
create table servers (
    name            text primary key,
    type            text        not null check (type in ('plex', 'jellyfin', 'emby', 'seerr', 'trakt')),
    url             text        not null,
    enabled         boolean     not null default true,
    machine_id      text,
    request_limit   int,
    include_owner   boolean     not null default false,
    libraries       text[]      not null default '{}',
    gives_token     boolean     not null default false,
    revision        int         not null default 1,
    from_settings   boolean     not null default false,
    version         text,
    dialect         text,
    reachable       boolean,
    user_count      int,
    problem         text,
    checked_at      timestamptz,
    check_at        timestamptz not null default now(),
    created_at      timestamptz not null default now()
);
create unique index servers_name on servers (lower(name));
create unique index servers_one_of_a_kind on servers (type) where type in ('seerr', 'trakt');
create unique index servers_machine on servers (type, machine_id) where machine_id is not null;
create index servers_check on servers (check_at) where enabled;

-- Sign-ins under way and how they ended. The secrets that redeem them, and Discord's reply tokens, are in the vault.
create table sign_ins (
    id             text primary key,
    provider       text        not null,
    server         text        not null default '',
    asker_kind     text        not null check (asker_kind in ('discord', 'usher', 'person', 'key')),
    asker_id       text        not null,
    asker_name     text        not null,
    code           text        not null,
    short_code     text,
    short_until    timestamptz,
    url            text        not null,
    -- what the other system calls it: of a Plex sign-in the two PINs
    references_    text[]      not null default '{}',
    state          text        not null default 'pending'
        check (state in ('pending', 'authorized', 'expired', 'denied', 'refused', 'cancelled')),
    reason         text,
    account_id     text,
    username       text,
    email          text,
    poll_every     interval    not null,
    poll_at        timestamptz not null,
    polled_at      timestamptz,
    -- while a replica asks how it stands, no other does
    polling_until  timestamptz,
    expires_at     timestamptz not null,
    -- the interaction of Discord that is answered with the outcome
    interaction_id text,
    created_at     timestamptz not null
);
create index sign_ins_due on sign_ins (poll_at) where state = 'pending';
create unique index sign_ins_one_open on sign_ins (provider, server, asker_kind, asker_id) where state = 'pending';

-- When the next call to a system with one budget for all replicas may go.
create table budgets (
    name       text primary key,
    free_at    timestamptz not null,
    -- the other side asked us to wait
    held_until timestamptz not null default '-infinity'
);

-- Passwords that were tried of late and were not right, by a digest of the server and the user name.
create table password_tries (
    id       text primary key,
    account  bytea       not null,
    tried_at timestamptz not null
);
create index password_tries_account on password_tries (account, tried_at);
create index password_tries_age on password_tries (tried_at);

-- The accounts that Usher holds a credential for, and how it stands.
create table connections (
    provider      text        not null,
    server        text        not null default '',
    account_id    text        not null,
    person_id     text        not null references persons (id),
    username      text        not null,
    state         text        not null default 'ok' check (state in ('ok', 'dead')),
    reason        text,
    linked_at     timestamptz not null,
    checked_at    timestamptz,
    check_at      timestamptz not null,
    -- of tokens that end: when, and when they are to be renewed
    expires_at    timestamptz,
    renew_at      timestamptz,
    -- how many renewals in a row came to nothing
    renewal_tries int         not null default 0,
    primary key (provider, server, account_id)
);
create index connections_person on connections (person_id);
create index connections_check on connections (check_at) where state = 'ok';
create index connections_renew on connections (renew_at) where state = 'ok' and renew_at is not null;

-- Whose Seerr user a person is: a user of Seerr belongs to one person.
create unique index persons_seerr_user on persons (seerr_user_id) where merged_into is null;
create index identities_name on identities (lower(btrim(username)));

-- How the search for a person's Seerr user ended, at which address, and what Seerr was told since.
create table seerr_matches (
    person_id      text primary key references persons (id),
    url            text        not null,
    tried_at       timestamptz not null,
    -- why no user was found or made, or why Seerr could not be told about him
    reason         text,
    -- the Discord id that was written to the user
    discord_id     text,
    -- when Seerr took the person's Plex token, or why it did not
    token_given_at timestamptz,
    token_reason   text
);

-- The Discord ids that Seerr's users have, as they were when all of them were last read.
create table seerr_discord_ids (
    seerr_user_id int         not null,
    discord_id    text        not null,
    seen_at       timestamptz not null,
    primary key (seerr_user_id, discord_id)
);
create index seerr_discord_ids_discord on seerr_discord_ids (discord_id);
