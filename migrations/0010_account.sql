-- The role of account. Roles belong to the whole server, so another database of the same server may have made it already, or
-- be making it now.
do $$
begin
  create role streamly_account nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

-- It sees the schema.
grant usage on schema public to streamly_account;

-- account: verifies hashes but writes none, ends sessions and accounts, and reads what an export holds. It begins no
-- session, and reads no token and no mail's text.
grant select, update (deleted_at) on users to streamly_account;
grant select, update (failures, disabled_at) on credentials to streamly_account;
grant select (id, user_id, auth_time, created_at, last_used_at, rotated_at, idle_expires_at, absolute_expires_at,
    user_agent, ip_prefix, revoked_at, revoke_reason),
  update (revoked_at, revoke_reason) on sessions to streamly_account;
grant select, delete on one_time_tokens to streamly_account;
-- Locking a person's mailed tokens takes the right to change one column of them.
grant update (expires_at) on one_time_tokens to streamly_account;
grant select (id, recipient, template, created_at, not_before, attempts, expires_at, sent_at),
  insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_account;
grant select (id, at, name, user_id, session_id, ip_prefix, request_id, detail), insert on auth_events to streamly_account;
grant select, insert, update, delete on auth_throttle to streamly_account;
grant select (id, user_id, stripe_subscription_id, stripe_customer_id, livemode, status, plan, price_id, quantity, currency,
    current_period_start, current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at,
    pause_behavior, pause_resumes_at, past_due_since, latest_invoice_id, checkout_session_id, created_at, updated_at)
  on subscriptions to streamly_account;
grant select (id, stripe_event_id, event_type, livemode, user_id, object_id, stripe_customer_id, stripe_subscription_id,
    stripe_invoice_id, payment_intent_id, amount, currency, payload, received_at) on payment_logs to streamly_account;
grant select on watch_progress, streams to streamly_account;
-- An export finds a person's mails by their address.
create index mail_outbox_recipient_idx on mail_outbox (recipient);
-- And it reads their sessions and plays that are over, which no partial index has.
create index sessions_of_user_idx on sessions (user_id, created_at);
create index streams_of_user_idx on streams (user_id, started_at);
