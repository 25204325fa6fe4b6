-- What Stripe told us, and what follows from it.

-- Which customer of Stripe a person is, in which mode, and the one Checkout session that is open for them.
alter table users
  add stripe_customer_id text,
  add stripe_livemode boolean,
  add open_checkout_session text,
  add constraint users_stripe_customer_id_key unique (stripe_customer_id);

-- One row a subscription of Stripe's. Statuses are text without a check: one that Stripe adds must not fail a delivery.
-- Several rows a person are allowed: the events of a second one must not fail for ever.
create table subscriptions (
  id bigint generated always as identity primary key,
  user_id uuid not null references users on delete restrict,
  stripe_subscription_id text not null,
  stripe_customer_id text not null,
  livemode boolean not null,
  status text not null,
  plan text,
  price_id text,
  quantity bigint,
  currency text,
  current_period_start timestamptz,
  current_period_end timestamptz,
  trial_end timestamptz,
  cancel_at_period_end boolean not null default false,
  cancel_at timestamptz,
  canceled_at timestamptz,
  ended_at timestamptz,
  pause_behavior text,
  pause_resumes_at timestamptz,
  past_due_since timestamptz,
  latest_invoice_id text,
  checkout_session_id text,
  api_version text,
  last_event_id text,
  last_event_type text,
  last_event_created bigint not null default 0,
  needs_sync boolean not null default false,
  sync_reason text,
  sync_attempts integer not null default 0,
  sync_after timestamptz,
  synced_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint subscriptions_stripe_subscription_id_key unique (stripe_subscription_id)
);

create index subscriptions_user_id_idx on subscriptions (user_id);
create index subscriptions_stripe_customer_id_idx on subscriptions (stripe_customer_id);
create index subscriptions_needs_sync_idx on subscriptions (updated_at) where needs_sync;

-- Every verified event, once: ledger, dedupe, audit and dead letter in one. The payload is text, since jsonb refuses
-- valid JSON that holds \u0000.
create table payment_logs (
  id bigint generated always as identity primary key,
  stripe_event_id text not null,
  snapshot_event_id text,
  event_type text not null,
  event_created bigint not null,
  api_version text,
  livemode boolean not null,
  user_id uuid,
  object_id text,
  stripe_customer_id text,
  stripe_subscription_id text,
  stripe_invoice_id text,
  payment_intent_id text,
  amount bigint,
  currency text,
  outcome text not null,
  detail text,
  payload text,
  received_at timestamptz not null default now(),
  processed_at timestamptz,
  replays integer not null default 0,
  constraint payment_logs_stripe_event_id_key unique (stripe_event_id)
);

create index payment_logs_user_id_idx on payment_logs (user_id, received_at desc);
create index payment_logs_unsettled_idx on payment_logs (received_at) where outcome in ('unmatched', 'conflict');
create index payment_logs_payload_idx on payment_logs (received_at) where payload is not null;
create index payment_logs_payment_intent_id_idx on payment_logs (payment_intent_id)
  where payment_intent_id is not null;
create index payment_logs_customer_deleted_idx on payment_logs (stripe_customer_id)
  where event_type = 'customer.deleted';
