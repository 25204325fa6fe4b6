-- The roles of password and email. Roles belong to the whole server, so another database of the same server may have made
-- them already, or be making them now.
do $$
declare
  function text;
begin
  foreach function in array array['password', 'email'] loop
    begin
      execute format('create role %I nologin', 'streamly_' || function);
    exception
      when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

-- They see the schema.
grant usage on schema public to streamly_password, streamly_email;

-- password: verifies and replaces hashes, uses tokens up, ends sessions and begins one. It changes nobody's address.
grant select (id, email, email_canonical, verified_at, scope, disabled_at, deleted_at), update (verified_at)
  on users to streamly_password;
grant select (user_id, kind, phc, failures, disabled_at), insert (user_id, kind, phc), update (phc, failures, disabled_at)
  on credentials to streamly_password;
grant select (id, user_id, auth_time, last_used_at, idle_expires_at, absolute_expires_at, revoked_at),
  insert (id, user_id, user_agent, ip_prefix, idle_expires_at, absolute_expires_at),
  update (revoked_at, revoke_reason) on sessions to streamly_password;
grant select, insert, update (hash, email, expires_at), delete on one_time_tokens to streamly_password;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_password;
grant select, insert, update, delete on auth_throttle to streamly_password;
grant insert on auth_events to streamly_password;

-- email: verifies hashes but writes none, uses tokens up, and sets addresses. It makes and ends no session.
grant select (id, email, email_canonical, verified_at, disabled_at, deleted_at),
  update (email, email_canonical, verified_at) on users to streamly_email;
grant select (user_id, kind, phc, failures, disabled_at), update (failures, disabled_at) on credentials to streamly_email;
grant select (id, user_id, idle_expires_at, absolute_expires_at, revoked_at) on sessions to streamly_email;
grant select, insert, update (hash, email, expires_at), delete on one_time_tokens to streamly_email;
grant insert (id, recipient, template, params, not_before, expires_at) on mail_outbox to streamly_email;
grant select, insert, update, delete on auth_throttle to streamly_email;
grant insert on auth_events to streamly_email;
