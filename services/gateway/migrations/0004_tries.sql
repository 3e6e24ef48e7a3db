-- A user is found by the same form of a name that tries are counted by; the gateway fills it in at its start.
alter table users add column name_key text unique;

-- Tries from where an account was never let in have a limit in common: `is_stranger`. `area` is the network around an
-- address, for whoever has many addresses has neighbours.
alter table login_attempts add column area text not null default '';
alter table login_attempts add column is_stranger boolean not null default true;

-- Where users were let in from: they are not made to wait for what others do.
create table known_addresses (
    user_id text not null references users (id) on delete cascade,
    address text not null,
    last_at timestamptz not null,
    primary key (user_id, address)
);
