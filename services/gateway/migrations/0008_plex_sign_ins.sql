-- People who come in by signing in with Plex have no password.
alter table users alter column password_hash drop not null;

-- Sign-ins with Plex that somebody without a credential began. `visitor` is the digest of what their browser keeps;
-- `sign_in_id` is the linker's, and missing while it is asked for one. One that ended is not used again.
create table plex_sign_ins (
    visitor    text primary key,
    address    text        not null,
    area       text        not null,
    sign_in_id text unique,
    url        text        not null default '',
    code       text        not null default '',
    short_code text,
    begun_at   timestamptz not null,
    expires_at timestamptz not null,
    ended_at   timestamptz
);
create index plex_sign_ins_address on plex_sign_ins (address, begun_at);
create index plex_sign_ins_area on plex_sign_ins (area, begun_at);
create index plex_sign_ins_expires on plex_sign_ins (expires_at);
