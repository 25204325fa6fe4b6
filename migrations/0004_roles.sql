-- One role a function, with exactly the statements that it sends. Roles belong to the whole server, so another database
-- of the same server may have made them already, or be making them now.
do $$
declare
  function text;
begin
  foreach function in array array['register', 'login', 'checkout', 'webhook', 'playback'] loop
    begin
      execute format('create role %I nologin', 'streamly_' || function);
    exception
      when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

revoke all on schema public from public;
grant usage on schema public
  to streamly_register, streamly_login, streamly_checkout, streamly_webhook, streamly_playback;

-- register: makes accounts, and replaces an unverified one's password.
grant select (id, email, email_canonical, verified_at, disabled_at, deleted_at, created_at),
  insert (id, email, email_canonical) on users to streamly_register;
grant select (user_id, kind), insert (user_id, kind, phc), update (phc, failures, disabled_at)
  on credentials to streamly_register;
grant select, insert, update (hash, email, expires_at), delete on one_time_tokens to streamly_register;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_register;
grant insert on auth_events to streamly_register;
grant select, insert, update on auth_throttle to streamly_register;
grant select (user_id, revoked_at), update (revoked_at, revoke_reason) on sessions to streamly_register;

-- login: reads the hash, counts failures, makes sessions.
grant select (id, email_canonical, verified_at, scope, disabled_at, deleted_at) on users to streamly_login;
grant select (user_id, kind, phc, failures, disabled_at), update (phc, failures, disabled_at)
  on credentials to streamly_login;
grant select (id, user_id, auth_time, last_used_at, idle_expires_at, absolute_expires_at, revoked_at),
  insert (id, user_id, user_agent, ip_prefix, idle_expires_at, absolute_expires_at),
  update (revoked_at, revoke_reason) on sessions to streamly_login;
grant select, insert, update, delete on auth_throttle to streamly_login;
grant insert on auth_events to streamly_login;

-- checkout: the customer and the open session of the caller.
grant select (id, email, disabled_at, deleted_at, stripe_customer_id, stripe_livemode, open_checkout_session),
  update (stripe_customer_id, stripe_livemode, open_checkout_session) on users to streamly_checkout;
grant select (user_id, livemode, status, stripe_subscription_id) on subscriptions to streamly_checkout;
grant select (id, user_id, revoked_at, idle_expires_at, absolute_expires_at) on sessions to streamly_checkout;

-- webhook: the ledger, the subscriptions, the customer of a person.
grant select (stripe_event_id, event_type, stripe_customer_id, payment_intent_id, user_id, outcome, payload, received_at),
  insert (stripe_event_id, snapshot_event_id, event_type, event_created, api_version, livemode, object_id,
    stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency, outcome, detail,
    payload, processed_at),
  update (user_id, outcome, detail, processed_at) on payment_logs to streamly_webhook;
grant select,
  insert (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, needs_sync, sync_reason),
  update (stripe_customer_id, status, plan, price_id, quantity, currency, current_period_start, current_period_end,
    trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior, pause_resumes_at, past_due_since,
    latest_invoice_id, checkout_session_id, api_version, last_event_id, last_event_type, last_event_created, needs_sync,
    sync_reason, updated_at) on subscriptions to streamly_webhook;
grant select (id, stripe_customer_id, stripe_livemode, open_checkout_session),
  update (stripe_customer_id, stripe_livemode, open_checkout_session) on users to streamly_webhook;

-- playback: reads who may watch, writes what plays now.
grant select (id, title, provider, playback_id, playback_policy, playback_restriction_id, status, duration_seconds,
    aspect_ratio, thumbnail_time, access, min_tier, preview_seconds, allowed_countries, blocked_countries,
    available_from, available_until, published_at, unpublished_at) on videos to streamly_playback;
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior,
    past_due_since, created_at) on subscriptions to streamly_playback;
grant select (id, disabled_at, deleted_at) on users to streamly_playback;
grant select (id, user_id, revoked_at, idle_expires_at, absolute_expires_at) on sessions to streamly_playback;
grant select (user_id, video_id, position_seconds) on watch_progress to streamly_playback;
grant select, insert (id, user_id, video_id, device), update (last_seen_at) on streams to streamly_playback;
