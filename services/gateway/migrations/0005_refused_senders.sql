-- Who sent webhooks that were refused, and why: what the gateways gathered in memory, forgotten a day after the last.
-- The address '' stands for all those that are too many to be told apart.
create table refused_senders (
    source   text not null,
    reason   text not null,
    address  text not null,
    detail   text not null,
    count    bigint not null,
    first_at timestamptz not null,
    last_at  timestamptz not null,
    primary key (source, reason, address)
);
