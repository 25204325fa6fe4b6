-- People, how they prove who they are, and what is counted against guessing.

-- One row a person. The canonical address is unique among the living: a deleted account frees its address.
create table users (
  id uuid primary key,
  email text not null,
  email_canonical text not null,
  verified_at timestamptz,
  scope text not null default 'user',
  disabled_at timestamptz,
  deleted_at timestamptz,
  created_at timestamptz not null default now(),
  constraint users_scope_check check (scope in ('user', 'user admin'))
);

create unique index users_email_canonical_key on users (email_canonical) where deleted_at is null;

-- What proves an identity; apart from users, so that a role can read one without the other, and so that other kinds fit.
create table credentials (
  user_id uuid not null references users on delete cascade,
  kind text not null,
  phc text,
  failures integer not null default 0,
  disabled_at timestamptz,
  constraint credentials_pkey primary key (user_id, kind)
);

-- One row a login on one device. The counter numbers its refresh tokens; only the newest is good.
create table sessions (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  counter bigint not null default 0,
  auth_time timestamptz not null default now(),
  created_at timestamptz not null default now(),
  last_used_at timestamptz not null default now(),
  rotated_at timestamptz,
  idle_expires_at timestamptz not null,
  absolute_expires_at timestamptz not null,
  user_agent text,
  ip_prefix text,
  revoked_at timestamptz,
  revoke_reason text,
  constraint sessions_user_agent_check check (char_length(user_agent) <= 256)
);

create index sessions_user_id_idx on sessions (user_id, last_used_at) where revoked_at is null;

-- Tokens sent by mail, as SHA-256. A newer one takes the place of the older of its purpose.
create table one_time_tokens (
  hash bytea primary key,
  user_id uuid not null references users on delete cascade,
  purpose text not null,
  email text not null,
  expires_at timestamptz not null,
  constraint one_time_tokens_user_id_purpose_key unique (user_id, purpose)
);

create index one_time_tokens_expires_at_idx on one_time_tokens (expires_at);

-- Counters against guessing. The key is a SHA-256 of a label and an address, so the table holds no address.
create table auth_throttle (
  key bytea primary key,
  started_at timestamptz not null default now(),
  touched_at timestamptz not null default now(),
  count integer not null default 0,
  until timestamptz
);

create index auth_throttle_touched_at_idx on auth_throttle (touched_at);

-- Mail waiting to be sent, written in the transaction whose effect it tells of.
create table mail_outbox (
  id uuid primary key,
  recipient text not null,
  template text not null,
  params jsonb not null default '{}',
  created_at timestamptz not null default now(),
  not_before timestamptz not null default now(),
  attempts integer not null default 0,
  expires_at timestamptz not null,
  sent_at timestamptz,
  last_error text
);

create index mail_outbox_due_idx on mail_outbox (not_before) where sent_at is null;

-- What happened to accounts, in the transaction of the effect. It holds no token and no address.
create table auth_events (
  id uuid primary key,
  at timestamptz not null default now(),
  name text not null,
  user_id uuid,
  session_id uuid,
  subject_hash bytea,
  ip_prefix text,
  request_id text,
  detail text
);

create index auth_events_user_id_idx on auth_events (user_id, at);
