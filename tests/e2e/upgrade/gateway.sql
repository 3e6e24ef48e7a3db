-- The gateway's rows as the last version wrote them; words after a dollar are as in the messages.
insert into users (id, username, name_key, password_hash, created_at)
values ('u-admin', 'admin', 'admin', '$password_hash', '$earlier');
insert into sessions (id, digest, user_id, address, created_at, used_at, expires_at)
values ('s-admin', '\x$digest_session', 'u-admin', '127.0.0.1', '$earlier', '$earlier', '2999-01-01');
insert into api_keys (id, name, digest, scopes, created_at) values
    ('k-own', 'first key', '\x$digest_key', '{read,write,admin}', '$earlier'),
    ('k-local', 'command line on this host', '\x$digest_local_key', '{read,write,admin}', '$earlier');
insert into webhook_secrets (id, source, server, digest, created_at)
values ('h-own', null, null, '\x$digest_webhook', '$earlier');
insert into known_addresses (user_id, address, last_at) values ('u-admin', '127.0.0.1', '$earlier');
insert into login_attempts (account, address, at, area, is_stranger)
values ('\x00', '192.0.2.1', '$earlier', '192.0.2.0/24', true);
insert into refused_senders (source, reason, address, detail, count, first_at, last_at)
values ('plex', 'wrong_secret', '192.0.2.1', '', 3, '$earlier', '$earlier');
insert into audit (at, actor, address, action, object)
values ('$earlier', 'first key', '127.0.0.1', 'event.replayed', 'event w-handled');

-- Handled, handled while its replay is in the outbox, dead, and waiting for what became of them.
insert into events (id, source, event, received_at, payload, attempt, status, settled_attempt, reason) values
    ('w-lost', 'plex', 'media.scrobble', '$earlier', '{"event":"media.scrobble"}', 0, 'handled', 0, 'stored by then'),
    ('w-handled', 'plex', 'media.scrobble', '$earlier', '{"event":"media.scrobble"}', 1, 'pending', 0, null),
    ('w-dead', 'plex', 'media.scrobble', '$earlier', '{"event":"media.scrobble"}', 0, 'dead', 0, 'failed 3 times');
insert into events (id, source, event, received_at, payload)
select id, 'plex', 'media.scrobble', '$earlier', '{"event":"media.scrobble"}'
from unnest('{$noted}'::text[]) as id;

-- Its outcome came before it was noted itself.
insert into events (id, source, status, settled_attempt, reason)
values ('w-noted', 'plex', 'handled', 0, 'a play was stored');

insert into dead_letters (id, service, consumer, subject, message_id, reason, attempts, died_at, payload, status) values
    ('d-webhook', 'syncer', 'syncer-webhooks', 'webhooks.plex.media.scrobble', 'w-dead', 'failed 3 times: KeyError: 1',
        3, '$earlier', convert_to('$dead_webhook', 'UTF8'), 'waiting'),
    ('d-dropped', 'syncer', 'syncer-webhooks', 'webhooks.plex.media.scrobble', 'w-dropped', 'of no use',
        3, '$earlier', '', 'dropped');
