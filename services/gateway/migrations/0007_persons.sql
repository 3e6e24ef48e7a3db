-- A key or a user may be a person's, and then acts as that person. The users there are until now are administrators.
alter table api_keys add column person_id text;
alter table users add column person_id text, add column scopes text[] not null default '{admin}';
alter table api_keys add constraint self_is_a_person check (person_id is not null or not 'self' = any (scopes));
alter table users add constraint self_is_a_person check (person_id is not null or not 'self' = any (scopes));
