-- What the migrations add up to. Written by a test; see README.md.

create table auth_events (
  id uuid not null,
  at timestamp with time zone not null default now(),
  name text not null,
  user_id uuid,
  session_id uuid,
  subject_hash bytea,
  ip_prefix text,
  request_id text,
  detail text,
  constraint auth_events_pkey PRIMARY KEY (id)
);
CREATE INDEX auth_events_user_id_idx ON public.auth_events USING btree (user_id, at);
grant insert, select (id, at, name, user_id, session_id, ip_prefix, request_id, detail) on auth_events to streamly_account;
grant insert on auth_events to streamly_email;
grant insert on auth_events to streamly_login;
grant insert on auth_events to streamly_password;
grant select (user_id), update (session_id, subject_hash, ip_prefix, request_id, detail) on auth_events to streamly_reconcile;
grant insert on auth_events to streamly_register;
grant insert on auth_events to streamly_token;

create table auth_throttle (
  key bytea not null,
  started_at timestamp with time zone not null default now(),
  touched_at timestamp with time zone not null default now(),
  count integer not null default 0,
  until timestamp with time zone,
  constraint auth_throttle_pkey PRIMARY KEY (key)
);
CREATE INDEX auth_throttle_touched_at_idx ON public.auth_throttle USING btree (touched_at);
grant delete, insert, select, update on auth_throttle to streamly_account;
grant delete, insert, select, update on auth_throttle to streamly_email;
grant delete, insert, select, update on auth_throttle to streamly_login;
grant delete, insert, select, update on auth_throttle to streamly_password;
grant delete, select (key, touched_at, until), update (touched_at) on auth_throttle to streamly_reconcile;
grant insert, select, update on auth_throttle to streamly_register;
grant insert, select, update on auth_throttle to streamly_token;

create table credentials (
  user_id uuid not null,
  kind text not null,
  phc text,
  failures integer not null default 0,
  disabled_at timestamp with time zone,
  constraint credentials_pkey PRIMARY KEY (user_id, kind),
  constraint credentials_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
grant select, update (failures, disabled_at) on credentials to streamly_account;
grant select (user_id, kind, phc, failures, disabled_at), update (failures, disabled_at) on credentials to streamly_email;
grant select (user_id, kind, phc, failures, disabled_at), update (phc, failures, disabled_at) on credentials to streamly_login;
grant insert (user_id, kind, phc), select (user_id, kind, phc, failures, disabled_at), update (phc, failures, disabled_at) on credentials to streamly_password;
grant delete, select (user_id) on credentials to streamly_reconcile;
grant insert (user_id, kind, phc), select (user_id, kind), update (phc, failures, disabled_at) on credentials to streamly_register;

create table mail_outbox (
  id uuid not null,
  recipient text not null,
  template text not null,
  params jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  not_before timestamp with time zone not null default now(),
  attempts integer not null default 0,
  expires_at timestamp with time zone not null,
  sent_at timestamp with time zone,
  last_error text,
  constraint mail_outbox_pkey PRIMARY KEY (id)
);
CREATE INDEX mail_outbox_due_idx ON public.mail_outbox USING btree (not_before) WHERE (sent_at IS NULL);
CREATE INDEX mail_outbox_over_idx ON public.mail_outbox USING btree (COALESCE(sent_at, expires_at));
CREATE INDEX mail_outbox_recipient_idx ON public.mail_outbox USING btree (recipient);
grant insert (id, recipient, template, params, not_before, expires_at), select (id, recipient, template, created_at, not_before, attempts, expires_at, sent_at) on mail_outbox to streamly_account;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_email;
grant select (id, recipient, template, params, created_at, not_before, attempts, expires_at, sent_at), update (params, not_before, attempts, expires_at, sent_at, last_error) on mail_outbox to streamly_mailer;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_password;
grant delete, select (id, expires_at, sent_at), update (last_error) on mail_outbox to streamly_reconcile;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_register;

create table one_time_tokens (
  hash bytea not null,
  user_id uuid not null,
  purpose text not null,
  email text not null,
  expires_at timestamp with time zone not null,
  constraint one_time_tokens_pkey PRIMARY KEY (hash),
  constraint one_time_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint one_time_tokens_user_id_purpose_key UNIQUE (user_id, purpose)
);
CREATE INDEX one_time_tokens_expires_at_idx ON public.one_time_tokens USING btree (expires_at);
grant delete, select, update (expires_at) on one_time_tokens to streamly_account;
grant delete, insert, select, update (hash, email, expires_at) on one_time_tokens to streamly_email;
grant delete, insert, select, update (hash, email, expires_at) on one_time_tokens to streamly_password;
grant delete, select (user_id, purpose, expires_at), update (expires_at) on one_time_tokens to streamly_reconcile;
grant delete, insert, select, update (hash, email, expires_at) on one_time_tokens to streamly_register;

create table payment_logs (
  id bigint not null generated always as identity,
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
  received_at timestamp with time zone not null default now(),
  processed_at timestamp with time zone,
  replays integer not null default 0,
  constraint payment_logs_pkey PRIMARY KEY (id),
  constraint payment_logs_stripe_event_id_key UNIQUE (stripe_event_id)
);
CREATE INDEX payment_logs_customer_deleted_idx ON public.payment_logs USING btree (stripe_customer_id) WHERE (event_type = 'customer.deleted'::text);
CREATE INDEX payment_logs_payload_idx ON public.payment_logs USING btree (received_at) WHERE (payload IS NOT NULL);
CREATE INDEX payment_logs_payment_intent_id_idx ON public.payment_logs USING btree (payment_intent_id) WHERE (payment_intent_id IS NOT NULL);
CREATE INDEX payment_logs_subscription_idx ON public.payment_logs USING btree (stripe_subscription_id, event_created) WHERE (stripe_subscription_id IS NOT NULL);
CREATE INDEX payment_logs_unsettled_idx ON public.payment_logs USING btree (received_at) WHERE (outcome = ANY (ARRAY['unmatched'::text, 'conflict'::text]));
CREATE INDEX payment_logs_user_id_idx ON public.payment_logs USING btree (user_id, received_at DESC);
grant select (id, stripe_event_id, event_type, livemode, user_id, object_id, stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency, payload, received_at) on payment_logs to streamly_account;
grant insert (stripe_event_id, snapshot_event_id, event_type, event_created, api_version, livemode, object_id, stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency, outcome, detail, payload, processed_at), select (id, stripe_event_id, event_type, event_created, livemode, user_id, stripe_customer_id, stripe_subscription_id, payment_intent_id, outcome, payload, received_at, processed_at, replays), update (user_id, outcome, detail, payload, processed_at, replays) on payment_logs to streamly_reconcile;
grant insert (stripe_event_id, snapshot_event_id, event_type, event_created, api_version, livemode, object_id, stripe_customer_id, stripe_subscription_id, stripe_invoice_id, payment_intent_id, amount, currency, outcome, detail, payload, processed_at), select (stripe_event_id, event_type, event_created, user_id, stripe_customer_id, stripe_subscription_id, payment_intent_id, outcome, payload, received_at), update (user_id, outcome, detail, processed_at) on payment_logs to streamly_webhook;

create table schema_migrations (
  name text not null,
  sha256 text not null,
  applied_at timestamp with time zone not null default now(),
  constraint schema_migrations_pkey PRIMARY KEY (name)
);

create table sessions (
  id uuid not null,
  user_id uuid not null,
  counter bigint not null default 0,
  auth_time timestamp with time zone not null default now(),
  created_at timestamp with time zone not null default now(),
  last_used_at timestamp with time zone not null default now(),
  rotated_at timestamp with time zone,
  idle_expires_at timestamp with time zone not null,
  absolute_expires_at timestamp with time zone not null,
  user_agent text,
  ip_prefix text,
  revoked_at timestamp with time zone,
  revoke_reason text,
  constraint sessions_pkey PRIMARY KEY (id),
  constraint sessions_user_agent_check CHECK ((char_length(user_agent) <= 256)),
  constraint sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE
);
CREATE INDEX sessions_of_user_idx ON public.sessions USING btree (user_id, created_at);
CREATE INDEX sessions_over_idx ON public.sessions USING btree (LEAST(revoked_at, idle_expires_at, absolute_expires_at));
CREATE INDEX sessions_user_id_idx ON public.sessions USING btree (user_id, last_used_at) WHERE (revoked_at IS NULL);
grant select (id, user_id, auth_time, created_at, last_used_at, rotated_at, idle_expires_at, absolute_expires_at, user_agent, ip_prefix, revoked_at, revoke_reason), update (revoked_at, revoke_reason) on sessions to streamly_account;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_checkout;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_email;
grant insert (id, user_id, idle_expires_at, absolute_expires_at, user_agent, ip_prefix), select (id, user_id, auth_time, last_used_at, idle_expires_at, absolute_expires_at, revoked_at), update (revoked_at, revoke_reason) on sessions to streamly_login;
grant insert (id, user_id, idle_expires_at, absolute_expires_at, user_agent, ip_prefix), select (id, user_id, auth_time, last_used_at, idle_expires_at, absolute_expires_at, revoked_at), update (revoked_at, revoke_reason) on sessions to streamly_password;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_playback;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_portal;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_progress;
grant delete, select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at), update (revoke_reason) on sessions to streamly_reconcile;
grant select (user_id, revoked_at), update (revoked_at, revoke_reason) on sessions to streamly_register;
grant select (id, user_id, counter, auth_time, rotated_at, idle_expires_at, absolute_expires_at, revoked_at), update (counter, last_used_at, rotated_at, idle_expires_at, revoked_at, revoke_reason) on sessions to streamly_token;

create table streams (
  id uuid not null,
  user_id uuid not null,
  video_id uuid not null,
  device text,
  started_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  taken_over_at timestamp with time zone,
  constraint streams_pkey PRIMARY KEY (id),
  constraint streams_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint streams_video_id_fkey FOREIGN KEY (video_id) REFERENCES videos(id) ON DELETE CASCADE
);
CREATE INDEX streams_of_user_idx ON public.streams USING btree (user_id, started_at);
CREATE INDEX streams_user_id_idx ON public.streams USING btree (user_id, last_seen_at) WHERE (ended_at IS NULL);
CREATE INDEX streams_video_id_idx ON public.streams USING btree (video_id);
grant select on streams to streamly_account;
grant insert (id, user_id, video_id, device), select, update (last_seen_at) on streams to streamly_playback;
grant select, update (last_seen_at, ended_at, taken_over_at) on streams to streamly_progress;
grant delete, select (user_id) on streams to streamly_reconcile;

create table subscriptions (
  id bigint not null generated always as identity,
  user_id uuid not null,
  stripe_subscription_id text not null,
  stripe_customer_id text not null,
  livemode boolean not null,
  status text not null,
  plan text,
  price_id text,
  quantity bigint,
  currency text,
  current_period_start timestamp with time zone,
  current_period_end timestamp with time zone,
  trial_end timestamp with time zone,
  cancel_at_period_end boolean not null default false,
  cancel_at timestamp with time zone,
  canceled_at timestamp with time zone,
  ended_at timestamp with time zone,
  pause_behavior text,
  pause_resumes_at timestamp with time zone,
  past_due_since timestamp with time zone,
  latest_invoice_id text,
  checkout_session_id text,
  api_version text,
  last_event_id text,
  last_event_type text,
  last_event_created bigint not null default 0,
  needs_sync boolean not null default false,
  sync_reason text,
  sync_attempts integer not null default 0,
  sync_after timestamp with time zone,
  synced_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint subscriptions_pkey PRIMARY KEY (id),
  constraint subscriptions_stripe_subscription_id_key UNIQUE (stripe_subscription_id),
  constraint subscriptions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE RESTRICT
);
CREATE INDEX subscriptions_current_period_end_idx ON public.subscriptions USING btree (current_period_end) WHERE (status <> ALL (ARRAY['canceled'::text, 'incomplete_expired'::text]));
CREATE INDEX subscriptions_needs_sync_idx ON public.subscriptions USING btree (updated_at) WHERE needs_sync;
CREATE INDEX subscriptions_stripe_customer_id_idx ON public.subscriptions USING btree (stripe_customer_id);
CREATE INDEX subscriptions_synced_idx ON public.subscriptions USING btree (COALESCE(synced_at, created_at)) WHERE (status <> ALL (ARRAY['canceled'::text, 'incomplete_expired'::text]));
CREATE INDEX subscriptions_user_id_idx ON public.subscriptions USING btree (user_id);
grant select (id, user_id, stripe_subscription_id, stripe_customer_id, livemode, status, plan, price_id, quantity, currency, current_period_start, current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior, pause_resumes_at, past_due_since, latest_invoice_id, checkout_session_id, created_at, updated_at) on subscriptions to streamly_account;
grant select (user_id, stripe_subscription_id, livemode, status) on subscriptions to streamly_checkout;
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior, past_due_since, created_at) on subscriptions to streamly_playback;
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior, past_due_since, created_at) on subscriptions to streamly_progress;
grant insert (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, needs_sync, sync_reason), select, update (stripe_customer_id, status, plan, price_id, quantity, currency, current_period_start, current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior, pause_resumes_at, past_due_since, latest_invoice_id, checkout_session_id, api_version, last_event_id, last_event_type, last_event_created, needs_sync, sync_reason, sync_attempts, sync_after, synced_at, updated_at) on subscriptions to streamly_reconcile;
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior, past_due_since, created_at) on subscriptions to streamly_subscription;
grant insert (user_id, stripe_subscription_id, stripe_customer_id, livemode, status, needs_sync, sync_reason), select, update (stripe_customer_id, status, plan, price_id, quantity, currency, current_period_start, current_period_end, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at, pause_behavior, pause_resumes_at, past_due_since, latest_invoice_id, checkout_session_id, api_version, last_event_id, last_event_type, last_event_created, needs_sync, sync_reason, updated_at) on subscriptions to streamly_webhook;

create table users (
  id uuid not null,
  email text not null,
  email_canonical text not null,
  verified_at timestamp with time zone,
  scope text not null default 'user'::text,
  disabled_at timestamp with time zone,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  stripe_customer_id text,
  stripe_livemode boolean,
  open_checkout_session text,
  erased_at timestamp with time zone,
  constraint users_erased_at_check CHECK (((erased_at IS NULL) OR ((deleted_at IS NOT NULL) AND (email = ''::text) AND (email_canonical = ''::text) AND (verified_at IS NULL)))) NOT VALID,
  constraint users_pkey PRIMARY KEY (id),
  constraint users_scope_check CHECK ((scope = ANY (ARRAY['user'::text, 'user admin'::text]))),
  constraint users_stripe_customer_id_key UNIQUE (stripe_customer_id)
);
CREATE INDEX users_deleted_at_idx ON public.users USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);
CREATE INDEX users_erasure_due_idx ON public.users USING btree (deleted_at) WHERE ((deleted_at IS NOT NULL) AND (erased_at IS NULL));
CREATE UNIQUE INDEX users_email_canonical_key ON public.users USING btree (email_canonical) WHERE (deleted_at IS NULL);
grant select, update (deleted_at) on users to streamly_account;
grant select (id, email, disabled_at, deleted_at, stripe_customer_id, stripe_livemode, open_checkout_session), update (stripe_customer_id, stripe_livemode, open_checkout_session) on users to streamly_checkout;
grant select (id, email, email_canonical, verified_at, disabled_at, deleted_at), update (email, email_canonical, verified_at) on users to streamly_email;
grant select (id, email_canonical, verified_at, scope, disabled_at, deleted_at) on users to streamly_login;
grant select (id, email, email_canonical, verified_at, scope, disabled_at, deleted_at), update (verified_at) on users to streamly_password;
grant select (id, disabled_at, deleted_at) on users to streamly_playback;
grant select (id, disabled_at, deleted_at, stripe_customer_id, stripe_livemode) on users to streamly_portal;
grant select (id, disabled_at, deleted_at) on users to streamly_progress;
grant select (id, deleted_at, stripe_customer_id, stripe_livemode, open_checkout_session, erased_at), update (email, email_canonical, verified_at, stripe_customer_id, stripe_livemode, open_checkout_session, erased_at) on users to streamly_reconcile;
grant insert (id, email, email_canonical), select (id, email, email_canonical, verified_at, disabled_at, deleted_at, created_at) on users to streamly_register;
grant select (id, scope, disabled_at, deleted_at) on users to streamly_token;
grant select (id, stripe_customer_id, stripe_livemode, open_checkout_session), update (stripe_customer_id, stripe_livemode, open_checkout_session) on users to streamly_webhook;

create table videos (
  id uuid not null,
  uploader_id uuid,
  slug text,
  title text not null,
  description text,
  provider text not null,
  provider_asset_id text,
  provider_upload_id text,
  playback_id text,
  playback_policy text,
  playback_restriction_id text,
  status text not null default 'waiting'::text,
  error_code text,
  error_message text,
  duration_seconds numeric,
  aspect_ratio text,
  max_width integer,
  max_height integer,
  resolution_tier text,
  thumbnail_time numeric,
  provider_event_at timestamp with time zone,
  access text not null,
  min_tier text,
  preview_seconds integer,
  allowed_countries text[],
  blocked_countries text[],
  available_from timestamp with time zone,
  available_until timestamp with time zone,
  published_at timestamp with time zone,
  unpublished_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint videos_access_check CHECK ((access = ANY (ARRAY['free'::text, 'members'::text, 'tier'::text]))),
  constraint videos_min_tier_check CHECK (((access <> 'tier'::text) OR (min_tier IS NOT NULL))),
  constraint videos_pkey PRIMARY KEY (id),
  constraint videos_playback_id_check CHECK (((playback_id IS NULL) OR ((provider = 'mux'::text) AND (playback_id ~ '^[A-Za-z0-9]{1,128}$'::text)) OR ((provider = 'cloudflare'::text) AND (playback_id ~ '^[0-9a-f]{32}$'::text)))),
  constraint videos_playback_policy_check CHECK ((playback_policy = ANY (ARRAY['signed'::text, 'public'::text, 'drm'::text]))),
  constraint videos_preview_seconds_check CHECK ((preview_seconds >= 0)),
  constraint videos_provider_check CHECK ((provider = ANY (ARRAY['mux'::text, 'cloudflare'::text]))),
  constraint videos_slug_key UNIQUE (slug),
  constraint videos_status_check CHECK ((status = ANY (ARRAY['waiting'::text, 'preparing'::text, 'ready'::text, 'errored'::text, 'deleted'::text]))),
  constraint videos_uploader_id_fkey FOREIGN KEY (uploader_id) REFERENCES users(id) ON DELETE SET NULL
);
CREATE INDEX videos_catalog_idx ON public.videos USING btree (GREATEST(published_at, '1970-01-01 00:00:00+00'::timestamp with time zone) DESC, id DESC) WHERE ((published_at IS NOT NULL) AND (status = ANY (ARRAY['waiting'::text, 'preparing'::text, 'ready'::text])));
CREATE INDEX videos_playback_id_idx ON public.videos USING btree (playback_id);
CREATE INDEX videos_provider_asset_id_idx ON public.videos USING btree (provider_asset_id);
CREATE INDEX videos_provider_upload_id_idx ON public.videos USING btree (provider_upload_id);
CREATE INDEX videos_title_idx ON public.videos USING gin (searchable(title) gin_trgm_ops);
CREATE INDEX videos_uploader_id_idx ON public.videos USING btree (uploader_id);
CREATE INDEX videos_words_idx ON public.videos USING gin (to_tsvector('simple'::regconfig, searchable(((title || ' '::text) || COALESCE(description, ''::text)))));
grant select (id, title, description, provider, playback_id, playback_policy, status, duration_seconds, aspect_ratio, thumbnail_time, access, min_tier, preview_seconds, allowed_countries, blocked_countries, available_from, available_until, published_at, unpublished_at) on videos to streamly_catalog;
grant select (id, title, provider, playback_id, playback_policy, playback_restriction_id, status, duration_seconds, aspect_ratio, thumbnail_time, access, min_tier, preview_seconds, allowed_countries, blocked_countries, available_from, available_until, published_at, unpublished_at) on videos to streamly_playback;
grant select (id, title, description, provider, playback_id, playback_policy, status, duration_seconds, aspect_ratio, thumbnail_time, access, min_tier, preview_seconds, allowed_countries, blocked_countries, available_from, available_until, published_at, unpublished_at) on videos to streamly_progress;
grant select (uploader_id), update (uploader_id) on videos to streamly_reconcile;
grant select (id, provider, provider_asset_id, provider_upload_id, playback_id, playback_policy, status, duration_seconds, aspect_ratio, max_width, max_height, resolution_tier, thumbnail_time, provider_event_at, access, min_tier), update (provider_asset_id, provider_upload_id, playback_id, playback_policy, status, error_code, error_message, duration_seconds, aspect_ratio, max_width, max_height, resolution_tier, thumbnail_time, provider_event_at, updated_at) on videos to streamly_video_webhook;

create table watch_progress (
  user_id uuid not null,
  video_id uuid not null,
  position_seconds numeric not null,
  updated_at timestamp with time zone not null default now(),
  constraint watch_progress_pkey PRIMARY KEY (user_id, video_id),
  constraint watch_progress_position_seconds_check CHECK ((position_seconds >= (0)::numeric)),
  constraint watch_progress_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE,
  constraint watch_progress_video_id_fkey FOREIGN KEY (video_id) REFERENCES videos(id) ON DELETE CASCADE
);
CREATE INDEX watch_progress_video_id_idx ON public.watch_progress USING btree (video_id);
grant select on watch_progress to streamly_account;
grant select (user_id, video_id, position_seconds) on watch_progress to streamly_playback;
grant insert (user_id, video_id, position_seconds), select, update (position_seconds, updated_at) on watch_progress to streamly_progress;
grant delete, select (user_id) on watch_progress to streamly_reconcile;

create table webhook_events (
  provider text not null,
  event_id text not null,
  event_type text not null,
  received_at timestamp with time zone not null default now(),
  constraint webhook_events_pkey PRIMARY KEY (provider, event_id),
  constraint webhook_events_provider_check CHECK ((provider = ANY (ARRAY['mux'::text, 'cloudflare'::text])))
);
grant insert (provider, event_id, event_type), select (provider, event_id) on webhook_events to streamly_video_webhook;
