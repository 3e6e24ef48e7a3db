-- Who was forgotten: what is needed to say the same when it is asked for again. Merged persons have a row each.
create table forgotten (
    person_id     text primary key,
    main_id       text        not null,
    seerr_user_id int,
    forgotten_at  timestamptz not null
);
