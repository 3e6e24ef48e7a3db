-- What came in by webhook, and what became of it. A row is made by whichever comes first: the webhook or its outcome.
create table events (
    id              text primary key,
    source          text not null,
    event           text not null default '',
    server          text,
    received_at     timestamptz,                   -- null while only the outcome has come
    payload         bytea,                         -- the sender's JSON, byte for byte
    attempt         int  not null default 0,       -- the last replay by hand
    status          text not null default 'pending',
    settled_attempt int  not null default -1,      -- the attempt that the status is of
    reason          text,
    noted_at        timestamptz not null default now()
) with (toast_tuple_target = 256);                 -- payloads over 2 kB lie apart: counting rows passes them by
create index events_received_at on events (received_at desc, id desc) where received_at is not null;
create index events_status on events (status, received_at desc, id desc) where received_at is not null;
create index events_source on events (source, received_at desc, id desc) where received_at is not null;
create index events_noted_at on events (noted_at);

-- What services gave up. Dropping one leaves its row behind, so that the stream cannot bring it back.
create table dead_letters (
    id          text primary key,
    service     text not null,
    consumer    text not null,
    subject     text not null,
    message_id  text not null,
    reason      text not null,
    attempts    int  not null,
    died_at     timestamptz not null,
    payload     bytea not null,                    -- the letter as it came, with the original in it
    status      text not null default 'waiting',   -- waiting, replayed or dropped
    replays     int  not null default 0
);
create index dead_letters_died_at on dead_letters (died_at desc, id desc);
