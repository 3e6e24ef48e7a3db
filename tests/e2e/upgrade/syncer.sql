-- The syncer's rows as the last version wrote them; words after a dollar are as in the messages.
insert into accounts (source, server, id, person_id, person_name) values
    ('plex', '$attic', '5001', 'p-anna', 'anna'),
    ('plex', '$attic', '5096', 'p-dora-2', 'dora, again'),
    ('jellyfin', '$cellar', '5001', 'p-anna', 'anna'),
    ('emby', 'shed', '5001', 'p-anna', 'anna'),
    ('discord', '', '800000000000000001', 'p-anna', 'anna');
insert into plays (id, feeder, feeder_server, source, server, account_id, account_name, person_id, person_name, type,
    title, year, ids, show_ids, keys, item, watched_at)
select id, 'plex', '$attic', 'plex', '$attic', account, 'plex ' || account, person, person, 'movie',
    title, 1999, '{}', '{}', array['movie:' || title], id, '$earlier'
from (values
    ('fa7e667c2d64a57a052592bdce7161c3', '5001', 'p-anna', 'Handled before'),
    ('play-lost', '5001', 'p-anna', 'Handled, and its acknowledgement was lost'),
    ('play-said', '5001', 'p-anna', 'Stored, and its event still to be published'),
    ('play-claimed-1', '5099', null, 'Watched by who is Carl'),
    ('play-claimed-2', '5097', null, 'Watched by who is Bela'),
    ('play-merged', '5096', 'p-dora-2', 'Watched by who was Dora too')) as play (id, account, person, title);
insert into user_settings (name_key, username, blocked, immune, request_limit, has_password, changed_at)
values ('anna', 'anna', false, true, 7, true, '$earlier');
insert into inbox (consumer, message_id) values ('syncer-webhooks', 'w-handled'), ('syncer-webhooks', 'w-lost');
