-- The linker's rows as the last version wrote them; words after a dollar are as in the messages.
insert into installation (name, value) values ('plex_client_id', '$plex_client_id');
insert into servers (name, type, url, machine_id, check_at) values
    ('Attic', 'plex', '$url_plex', '$attic', '$earlier'),
    ('Cellar', 'jellyfin', '$url_jellyfin', '$cellar', '$earlier'),
    ('Seerr', 'seerr', '$url_seerr', null, '$earlier');
insert into budgets (name, free_at) values ('plex.tv', '$now');

insert into persons (id, name)
select 'p-' || name, name
from unnest('{anna,bela,carl,dora,emil,finn,gina,hugo,iris,judy,ivan,zelda,lost,uma,gwen}'::text[]) as name;
insert into persons (id, name, merged_into) values ('p-dora-2', 'dora, again', 'p-dora');
insert into identities (provider, server, id, person_id, username, proven, linked_at)
select 'plex', '', id, 'p-' || name, name, true, '$earlier' from (values
    ('anna', '5001'), ('bela', '5002'), ('carl', '5003'), ('dora', '5004'), ('emil', '5005'), ('finn', '5006'),
    ('gina', '5007'), ('hugo', '5008'), ('iris', '5009'), ('judy', '5010'), ('ivan', '5011'), ('zelda', '5012'),
    ('lost', '5098'), ('uma', '5015')) as plex (name, id);
insert into identities (provider, server, id, person_id, username, proven, linked_at)
select 'discord', '', id, 'p-' || name, name, true, '$earlier' from (values
    ('bela', '800000000000000002'), ('carl', '800000000000000003'), ('emil', '800000000000000004'),
    ('finn', '800000000000000005'), ('uma', '800000000000000007'), ('gwen', '800000000000000020')) as discord (name, id);
insert into connections (provider, server, account_id, person_id, username, linked_at, checked_at, check_at) values
    ('plex', '', '5005', 'p-emil', 'emil', '$earlier', '$earlier', '$earlier'),
    ('plex', '', '5015', 'p-uma', 'uma', '$earlier', '$earlier', '2999-01-01');
insert into seen_accounts (source, server, id, name, is_owner, person_id, plays, last_seen_at)
values ('plex', '$attic', '6000', 'plex 6000', false, null, 1, '$earlier');

-- Emil's and Finn's users are known, and Gwen's was: of Emil Seerr lacks what the table says, of Finn both do.
update persons set seerr_user_id = $seerr_emil where id = 'p-emil';
update persons set seerr_user_id = $seerr_finn where id = 'p-finn';
insert into identities (provider, server, id, person_id, username, proven, linked_at) values
    ('seerr', '', '$seerr_emil', 'p-emil', 'emil', true, '$earlier'),
    ('seerr', '', '$seerr_finn', 'p-finn', 'finn', true, '$earlier');
insert into seerr_matches (person_id, url, tried_at, discord_id) values
    ('p-emil', '$url_seerr', '$earlier', '800000000000000004'),
    ('p-finn', '$url_seerr', '$earlier', null);
insert into seerr_proofs (person_id, seerr_user_id, created_at, plex_id, email, name, seen_at) values
    ('p-emil', $seerr_emil, '$made_at', 5005, 'emil@example.com', 'emil', '$earlier'),
    ('p-finn', $seerr_finn, '$made_at', 5006, 'finn@example.com', 'finn', '$earlier');
insert into seerr_discord_ids (seerr_user_id, discord_id, seen_at)
values ($seerr_gwen, '800000000000000020', '$earlier');

-- Two people are signing in, one from Discord and one on a website that has the key k-own.
insert into sign_ins (id, provider, server, asker_kind, asker_id, asker_name, code, url, references_, poll_every,
    poll_at, expires_at, interaction_id, created_at, wanted_at)
values
    ('s-otto', 'plex', '', 'discord', '800000000000000006', 'otto', 'code', 'https://app.plex.tv/auth', '{$pins_otto}',
        '2 s', '$earlier', '2999-01-01', '$i_sign_in', '$earlier', '$now'),
    ('s-nora', 'plex', '', 'key', 'k-own/s-nora', 'first key', 'code', 'https://app.plex.tv/auth', '{$pins_nora}',
        '2 s', '$earlier', '2999-01-01', null, '$earlier', '$now');
insert into sign_in_interactions (id, sign_in_id) values ('$i_sign_in', 's-otto');

insert into inbox (consumer, message_id) values
    ('linker-plays', 'play.recorded-before'),
    ('linker-interactions', '$i_done'),
    ('linker-links', 'account.linked-p-lost'),
    ('linker-seerr-nightly', '$night');
