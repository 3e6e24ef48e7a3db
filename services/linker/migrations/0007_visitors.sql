-- Somebody without a credential may begin a sign-in, to be let into the dashboard by it.
alter table sign_ins drop constraint sign_ins_asker_kind_check;
alter table sign_ins add constraint sign_ins_asker_kind_check
    check (asker_kind in ('discord', 'usher', 'person', 'key', 'visitor'));
