-- When the next call to a system may go, whichever service and replica makes it; only shared/upstreams/store.py reads
-- or writes these two tables.
create table shared.rate_limits (
    name       text primary key,
    free_at    timestamptz not null,
    -- the other side asked us to wait
    held_until timestamptz not null default '-infinity'
);

-- What this installation made up for itself once, and all services say of it: the name that plex.tv knows it by.
create table shared.installation (
    name  text primary key,
    value text not null
);

-- It was the linker's alone; another name would be another device in everybody's list at plex.tv.
do $$
begin
    if to_regclass('linker.installation') is not null then
        insert into shared.installation (name, value)
        select name, value from linker.installation where name = 'plex_client_id';
    end if;
end
$$;
