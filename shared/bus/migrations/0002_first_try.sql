-- How long a message has been tried already, so that waiting for the other side ends however often it asks for it.
alter table retries add column first_tried_at timestamptz not null default now();
