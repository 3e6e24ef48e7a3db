-- The runs of a service: work of minutes or hours, done a page at a time, with what the next page begins from.
create table runs (
    id           text        primary key,
    kind         text        not null,
    subject      text        not null,
    status       text        not null,
    requested_by text        not null,
    requested_at timestamptz not null,
    started_at   timestamptz,
    finished_at  timestamptz,
    done         int         not null default 0,
    total        int,
    counts       text        not null default '{}',
    errors       text        not null default '[]',
    checkpoint   bytea       not null,
    page         int         not null default 0,
    sequence     bigint      not null default 1,
    queued_at    timestamptz not null,
    published_at timestamptz not null
);
create unique index runs_one_at_a_time on runs (kind, subject) where status in ('queued', 'running');
create index runs_finished_at on runs (finished_at);
