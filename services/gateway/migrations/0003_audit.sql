-- Who changed what. Rows are only ever added.
create table audit (
    seq     bigint generated always as identity primary key,
    at      timestamptz not null,
    actor   text not null,
    address text not null,
    action  text not null,
    object  text not null
);
create index audit_at on audit (at desc);

create function audit_refuses() returns trigger language plpgsql as $$
begin
    raise exception 'the audit is only ever added to';
end
$$;
create trigger audit_is_append_only before update or delete or truncate on audit
    for each statement execute function audit_refuses();
