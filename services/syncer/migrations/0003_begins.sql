-- When a viewing began, where the sender says so, and when the sender spoke, where that is later than watched_at:
-- until then no other viewing of the item had begun. Jellyfin's LastPlayedDate is the begin of the last one.
alter table plays add column began_at timestamptz;
alter table plays add column told_at timestamptz;
