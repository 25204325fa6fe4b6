-- Erasure of people who deleted their account, and rows that are of no use any more.

-- When what was known of a person was erased. The row itself stays: what was paid has to be kept, under an id that leads to
-- nobody. Who erases need not read the address.
alter table users add erased_at timestamptz;

-- Only who left is erased, and nothing of the address outlives it. Every row that is there already passes.
alter table users add constraint users_erased_at_check check (
  erased_at is null or (deleted_at is not null and email = '' and email_canonical = '' and verified_at is null)
) not valid;

-- People who await erasure, without those who were erased.
create index users_erasure_due_idx on users (deleted_at) where deleted_at is not null and erased_at is null;

-- Sessions by when they ended, and mails by when they were done with.
create index sessions_over_idx on sessions (least(revoked_at, idle_expires_at, absolute_expires_at));
create index mail_outbox_over_idx on mail_outbox (coalesce(sent_at, expires_at));

-- reconcile: blanks the address of who left, without reading one, and drops what proved who they were and what they watched.
-- What happened to the account, and what was paid, stays under the id.
grant select (erased_at), update (email, email_canonical, verified_at, erased_at) on users to streamly_reconcile;
grant select (user_id), delete on credentials, watch_progress, streams to streamly_reconcile;
grant select (user_id), update (session_id, subject_hash, ip_prefix, request_id, detail) on auth_events
  to streamly_reconcile;
grant select (uploader_id), update (uploader_id) on videos to streamly_reconcile;

-- And it drops what is over. Passing by locked rows takes the right to change one column of each table.
grant select (id, user_id, revoked_at, idle_expires_at, absolute_expires_at), update (revoke_reason), delete on sessions
  to streamly_reconcile;
grant select (user_id, purpose, expires_at), update (expires_at), delete on one_time_tokens to streamly_reconcile;
grant select (id, sent_at, expires_at), update (last_error), delete on mail_outbox to streamly_reconcile;
grant select (key, touched_at, until), update (touched_at), delete on auth_throttle to streamly_reconcile;
