-- 5,000 persons with an account each, 5,000 accounts of nobody, and 100,000 plays of all of them over a year.
create function pg_temp.person(n int) returns text language sql immutable as
    $$ select '00000000-0000-4000-8000-' || lpad(n::text, 12, '0') $$;

insert into linker.persons (id, name)
select pg_temp.person(n), 'Person ' || n from generate_series(1, 5000) n;

insert into linker.identities (provider, server, id, person_id, username, proven, linked_at)
select 'plex', '', n::text, pg_temp.person(n), 'viewer' || n, true, now() from generate_series(1, 5000) n;

insert into linker.seen_accounts (source, server, id, name, is_owner, person_id, plays, last_seen_at)
select 'plex', '', n::text, 'viewer' || n, false, case when n <= 5000 then pg_temp.person(n) end, 10,
    now() - n * interval '1 minute'
from generate_series(1, 10000) n;

insert into syncer.accounts (source, server, id, person_id, person_name)
select 'plex', '', n::text, pg_temp.person(n), 'Person ' || n from generate_series(1, 5000) n;

insert into syncer.plays (
    id, feeder, feeder_server, source, server, account_id, account_name, person_id, person_name,
    type, title, show, season, episode, ids, show_ids, keys, duration_s, watched_at
)
select 'bench-' || i, 'plex', 'Plex', 'plex', '', n::text, 'viewer' || n,
    case when n <= 5000 then pg_temp.person(n) end, case when n <= 5000 then 'Person ' || n end,
    case when i % 2 = 0 then 'movie' else 'episode' end, 'Title ' || i % 3000,
    case when i % 2 = 1 then 'Show ' || i % 200 end, case when i % 2 = 1 then 1 + i % 9 end,
    case when i % 2 = 1 then 1 + i % 20 end, '{}', '{}', array['title-' || i % 3000], 3600,
    now() - i * interval '5 minutes'
from (select i, 1 + i / 2 % 10000 as n from generate_series(1, 100000) i) as play;
