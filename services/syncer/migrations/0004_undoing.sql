-- An account that was given back is a row without a person: `revision` tells facts about it that come late. A person is
-- who remains after all merges; `claimed_by` is who the linker named, to whom an undone merge brings the account back.
alter table accounts
    alter column person_id drop not null,
    alter column person_name drop not null,
    add column revision bigint not null default 0,
    add column claimed_by text,
    add column claimed_name text;
update accounts set claimed_by = person_id, claimed_name = person_name;
create index accounts_claimed_by on accounts (claimed_by);

-- A merge that was undone is a row without a person. `person_id` is whom the linker named; they may be merged too.
alter table merges
    alter column person_id drop not null,
    alter column person_name drop not null,
    add column revision bigint not null default 0;
create index merges_person on merges (person_id);
