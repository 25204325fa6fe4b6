-- What the reconcile job looks for, and its role.

-- Subscriptions that go on and whose period is over, or that nobody asked about for long.
create index subscriptions_current_period_end_idx on subscriptions (current_period_end)
  where status not in ('canceled', 'incomplete_expired');
create index subscriptions_synced_idx on subscriptions (coalesce(synced_at, created_at))
  where status not in ('canceled', 'incomplete_expired');

-- People who await erasure.
create index users_deleted_at_idx on users (deleted_at) where deleted_at is not null;

-- Roles belong to the whole server: another database of it may have made this one.
do $$
begin
  create role streamly_reconcile nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

grant usage on schema public to streamly_reconcile;

-- reconcile: what the webhook does to an event, done again, and the columns that say what has to be asked of Stripe.
grant select (id, stripe_event_id, event_type, event_created, livemode, stripe_customer_id, stripe_subscription_id,
    payment_intent_id, user_id, outcome, payload, received_at, processed_at, replays),
  insert (stripe_event_id, snapshot_event_id, event_type, event_created, api_version, livemode, object_id,
    stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency, outcome, detail,
    payload, processed_at),
  update (user_id, outcome, detail, processed_at, payload, replays) on payment_logs to streamly_reconcile;
grant select,
  insert (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, needs_sync, sync_reason),
  update (stripe_customer_id, status, plan, price_id, quantity, currency, current_period_start, current_period_end,
    trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior, pause_resumes_at, past_due_since,
    latest_invoice_id, checkout_session_id, api_version, last_event_id, last_event_type, last_event_created, needs_sync,
    sync_reason, sync_attempts, sync_after, synced_at, updated_at) on subscriptions to streamly_reconcile;
grant select (id, deleted_at, stripe_customer_id, stripe_livemode, open_checkout_session),
  update (stripe_customer_id, stripe_livemode, open_checkout_session) on users to streamly_reconcile;
