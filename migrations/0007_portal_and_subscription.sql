-- The roles of portal and subscription. Roles belong to the whole server, so another database of the same server may have
-- made them already, or be making them now.
do $$
declare
  function text;
begin
  foreach function in array array['portal', 'subscription'] loop
    begin
      execute format('create role %I nologin', 'streamly_' || function);
    exception
      when duplicate_object or unique_violation then null;
    end;
  end loop;
end
$$;

-- They see the schema.
grant usage on schema public to streamly_portal, streamly_subscription;

-- portal: the customer of the caller, while the session is alive.
grant select (id, disabled_at, deleted_at, stripe_customer_id, stripe_livemode) on users to streamly_portal;
grant select (id, user_id, revoked_at, idle_expires_at, absolute_expires_at) on sessions to streamly_portal;

-- subscription: how everything stands that the caller subscribed to.
grant select (user_id, livemode, status, plan, current_period_end, cancel_at_period_end, cancel_at, pause_behavior,
    past_due_since, created_at) on subscriptions to streamly_subscription;
