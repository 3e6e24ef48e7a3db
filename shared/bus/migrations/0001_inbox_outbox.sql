-- Exactly-once effects: what was done (inbox), what is still to be said (outbox), what is to be tried again (retries).
create table inbox (
    consumer   text        not null,
    message_id text        not null,
    done_at    timestamptz not null default now(),
    primary key (consumer, message_id)
);
create index inbox_done_at on inbox (done_at);

create table outbox (
    id         bigint generated always as identity primary key,
    message_id text        not null,
    subject    text        not null,
    headers    text        not null,
    payload    bytea       not null,
    created_at timestamptz not null default now()
);

create table retries (
    consumer   text        not null,
    message_id text        not null,
    subject    text        not null,
    headers    text        not null,
    payload    bytea       not null,
    attempts   int         not null,
    due_at     timestamptz not null,
    reason     text        not null,
    primary key (consumer, message_id)
);
create index retries_due_at on retries (due_at);
