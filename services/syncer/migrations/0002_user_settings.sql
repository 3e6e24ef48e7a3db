-- What somebody has set for a user, by name; the password is in the vault.
create table user_settings (
    name_key      text primary key,     -- what the spellings of a name have in common, see shared.schemas.users
    username      text        not null, -- as it was spelled last
    blocked       boolean     not null,
    immune        boolean     not null,
    request_limit int         check (request_limit >= 0),
    has_password  boolean     not null,
    changed_at    timestamptz not null
);
