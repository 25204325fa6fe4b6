-- What listing, searching and resuming titles take, and the roles of catalog and progress.

-- Finds words that are misspelt or not finished. Part of PostgreSQL's own distribution everywhere that this service runs,
-- and trusted, so that the owner of a database may create it.
create extension if not exists pg_trgm;

-- A text as it is searched: without case, accents and other marks upon letters. The stored text and what somebody types
-- pass through the same.
create function searchable(text text) returns text
  language sql immutable strict parallel safe
  return lower(regexp_replace(normalize(text, nfkd), '[\u0300-\u036f]', '', 'g'));

-- The words of a title and its description, whole.
create index videos_words_idx on videos
  using gin (to_tsvector('simple', searchable(title || ' ' || coalesce(description, ''))));
-- The title by threes of letters.
create index videos_title_idx on videos using gin (searchable(title) gin_trgm_ops);
-- The catalog in its order. A date before 1970, which only says "always", counts as 1970, so that every row has its place.
create index videos_catalog_idx on videos (greatest(published_at, 'epoch') desc, id desc)
  where published_at is not null and status in ('waiting', 'preparing', 'ready');

-- A heartbeat a minute rewrites a row that no index mentions: room on its page keeps the new version beside the old one.
alter table watch_progress set (fillfactor = 80);

-- The roles of catalog and progress. Roles belong to the whole server, so another database of the same server may have made
-- them already, or be making them now.
do $$
declare
  function text;
begin
  foreach function in array array['catalog', 'progress'] loop
    begin
      execute format('create role %I nologin', 'streamly_' || function);
    exception
      when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

-- They see the schema.
grant usage on schema public to streamly_catalog, streamly_progress;

-- catalog and progress: show titles, of which a poster's address takes the provider's id.
grant select (id, title, description, provider, playback_id, playback_policy, status, duration_seconds, aspect_ratio,
    thumbnail_time, access, min_tier, preview_seconds, allowed_countries, blocked_countries, available_from,
    available_until, published_at, unpublished_at) on videos to streamly_catalog, streamly_progress;

-- progress: knows by playback's own rule who may still watch, keeps the place, and moves or ends what plays.
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior,
    past_due_since, created_at) on subscriptions to streamly_progress;
grant select (id, disabled_at, deleted_at) on users to streamly_progress;
grant select (id, user_id, revoked_at, idle_expires_at, absolute_expires_at) on sessions to streamly_progress;
grant select, insert (user_id, video_id, position_seconds), update (position_seconds, updated_at) on watch_progress
  to streamly_progress;
grant select, update (last_seen_at, ended_at, taken_over_at) on streams to streamly_progress;
