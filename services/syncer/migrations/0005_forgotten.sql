-- Persons who were forgotten, so that no fact that comes late gives them anything.
create table forgotten (
    person_id    text primary key,
    forgotten_at timestamptz not null
);
