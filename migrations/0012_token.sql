-- The role of token. Roles belong to the whole server, so another database of the same server may have made it already, or
-- be making it now.
do $$
begin
  create role streamly_token nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

-- It sees the schema.
grant usage on schema public to streamly_token;

-- token: goes on with sessions and ends them, and begins none. It knows nobody's address and no password.
grant select (id, scope, disabled_at, deleted_at) on users to streamly_token;
grant select (id, user_id, counter, auth_time, rotated_at, idle_expires_at, absolute_expires_at, revoked_at),
  update (counter, rotated_at, last_used_at, idle_expires_at, revoked_at, revoke_reason) on sessions to streamly_token;
grant select, insert, update on auth_throttle to streamly_token;
grant insert on auth_events to streamly_token;
