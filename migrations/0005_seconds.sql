-- The events of one second that the webhook compares.

-- What was heard of a subscription in one second.
create index payment_logs_subscription_idx on payment_logs (stripe_subscription_id, event_created)
  where stripe_subscription_id is not null;

grant select (stripe_subscription_id, event_created) on payment_logs to streamly_webhook;
