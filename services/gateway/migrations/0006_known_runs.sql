-- The runs of all services, as their events say they are: the one with the highest sequence counts.
create table known_runs (
    id           text        primary key,
    kind         text        not null,
    status       text        not null,
    requested_at timestamptz not null,
    finished_at  timestamptz,
    sequence     bigint      not null,
    run          bytea       not null
);
create index known_runs_requested_at on known_runs (requested_at);
