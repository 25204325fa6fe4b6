-- What it takes to hear of titles from their providers, and the role of video-webhook.

-- Every event of a video provider counts once. Mux names its events; one of Cloudflare Stream is a video at a moment.
create table webhook_events (
  provider text not null,
  event_id text not null,
  event_type text not null,
  received_at timestamptz not null default now(),
  constraint webhook_events_pkey primary key (provider, event_id),
  constraint webhook_events_provider_check check (provider in ('mux', 'cloudflare'))
);

-- An event that names no title of ours is told by the provider's ids.
create index videos_provider_asset_id_idx on videos (provider_asset_id);
create index videos_provider_upload_id_idx on videos (provider_upload_id);
create index videos_playback_id_idx on videos (playback_id);

-- The role of video-webhook. Roles belong to the whole server, so another database of the same server may have made it
-- already, or be making it now.
do $$
begin
  create role streamly_video_webhook nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

-- It sees the schema.
grant usage on schema public to streamly_video_webhook;

-- It notes an event, and what it says of a title. Who may watch it, it only reads.
grant select (provider, event_id), insert (provider, event_id, event_type) on webhook_events to streamly_video_webhook;
grant select (id, provider, provider_asset_id, provider_upload_id, playback_id, playback_policy, status, access, min_tier,
    provider_event_at, duration_seconds, aspect_ratio, max_width, max_height, resolution_tier, thumbnail_time),
  update (provider_asset_id, provider_upload_id, playback_id, playback_policy, status, error_code, error_message,
    duration_seconds, aspect_ratio, max_width, max_height, resolution_tier, thumbnail_time, provider_event_at, updated_at)
  on videos to streamly_video_webhook;
