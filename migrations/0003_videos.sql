-- Titles, where a person stopped, and what plays now.

-- One row a title. What a provider fills is null until it has.
create table videos (
  id uuid primary key,
  uploader_id uuid references users on delete set null,
  slug text,
  title text not null,
  description text,
  provider text not null,
  provider_asset_id text,
  provider_upload_id text,
  playback_id text,
  playback_policy text,
  playback_restriction_id text,
  status text not null default 'waiting',
  error_code text,
  error_message text,
  duration_seconds numeric,
  aspect_ratio text,
  max_width integer,
  max_height integer,
  resolution_tier text,
  thumbnail_time numeric,
  provider_event_at timestamptz,
  access text not null,
  min_tier text,
  preview_seconds integer,
  allowed_countries text[],
  blocked_countries text[],
  available_from timestamptz,
  available_until timestamptz,
  published_at timestamptz,
  unpublished_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint videos_slug_key unique (slug),
  constraint videos_provider_check check (provider in ('mux', 'cloudflare')),
  constraint videos_playback_policy_check check (playback_policy in ('signed', 'public', 'drm')),
  constraint videos_playback_id_check check (
    playback_id is null
    or (provider = 'mux' and playback_id ~ '^[A-Za-z0-9]{1,128}$')
    or (provider = 'cloudflare' and playback_id ~ '^[0-9a-f]{32}$')
  ),
  constraint videos_status_check check (status in ('waiting', 'preparing', 'ready', 'errored', 'deleted')),
  constraint videos_access_check check (access in ('free', 'members', 'tier')),
  constraint videos_min_tier_check check (access <> 'tier' or min_tier is not null),
  constraint videos_preview_seconds_check check (preview_seconds >= 0)
);

create index videos_uploader_id_idx on videos (uploader_id);

-- Where a person stopped in a title; the last to arrive wins.
create table watch_progress (
  user_id uuid not null references users on delete cascade,
  video_id uuid not null references videos on delete cascade,
  position_seconds numeric not null,
  updated_at timestamptz not null default now(),
  constraint watch_progress_pkey primary key (user_id, video_id),
  constraint watch_progress_position_seconds_check check (position_seconds >= 0)
);

create index watch_progress_video_id_idx on watch_progress (video_id);

-- What plays now: live while it has not ended and was seen within three heartbeats.
create table streams (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  video_id uuid not null references videos on delete cascade,
  device text,
  started_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  ended_at timestamptz,
  taken_over_at timestamptz
);

create index streams_user_id_idx on streams (user_id, last_seen_at) where ended_at is null;
create index streams_video_id_idx on streams (video_id);
