-- `revision` is another one after each change and for each server, one of an earlier name too, so that what was found
-- out about an address that is not the address any more is thrown away.
create sequence server_revisions;
select setval('server_revisions', (select coalesce(max(revision), 1) from servers));
alter table servers
    alter column revision type bigint,
    alter column revision set default nextval('server_revisions');

-- When somebody last began a sign-in or came to see how it stands.
alter table sign_ins add column wanted_at timestamptz;
update sign_ins set wanted_at = created_at;
alter table sign_ins alter column wanted_at set not null;

-- The interactions of Discord that began a sign-in or came to see it: one that is delivered again begins no other.
create table sign_in_interactions (
    id         text primary key,
    sign_in_id text not null references sign_ins (id) on delete cascade
);
create index sign_in_interactions_sign_in on sign_in_interactions (sign_in_id);
