-- What the users of Seerr were known by that a person had, so that the same user is known again wherever Seerr is, and
-- nobody is taken for them who got their number in another database. `created_at` is as Seerr writes it, empty for what
-- was matched before this was kept, at `seen_at`; `written` are the Discord ids that Usher wrote into the user's settings.
create table seerr_proofs (
    person_id        text        not null references persons (id),
    seerr_user_id    int         not null,
    created_at       text        not null default '',
    plex_id          bigint,
    jellyfin_user_id text,
    email            text,
    name             text,
    written          text[]      not null default '{}',
    seen_at          timestamptz not null default now(),
    primary key (person_id, seerr_user_id, created_at)
);
create index seerr_proofs_user on seerr_proofs (seerr_user_id);

insert into seerr_proofs (person_id, seerr_user_id, name, written, seen_at)
select persons.id, persons.seerr_user_id, identities.username,
    case when seerr_matches.discord_id is null then '{}' else array[seerr_matches.discord_id] end,
    coalesce(identities.linked_at, seerr_matches.tried_at, now())
from persons
left join identities on identities.provider = 'seerr' and identities.server = ''
    and identities.id = persons.seerr_user_id::text and identities.person_id = persons.id
left join seerr_matches on seerr_matches.person_id = persons.id
where persons.seerr_user_id is not null and persons.merged_into is null;

-- Why a user was made in Seerr who should have been imported.
alter table seerr_matches add column import_reason text;

-- Seerr only: why its import fails until somebody mends that; it is tried again at each look until it works.
alter table servers add column import_problem text;
