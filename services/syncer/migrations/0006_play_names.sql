-- Plays are asked for by a person's name too.
create index plays_person_name on plays (lower(person_name), watched_at desc) where person_name is not null;
