-- The role of mailer. Roles belong to the whole server, so another database of the same server may have made it already, or
-- be making it now.
do $$
begin
  create role streamly_mailer nologin;
exception
  when duplicate_object or unique_violation then null;
end;
$$;

-- It sees the schema.
grant usage on schema public to streamly_mailer;

-- mailer: takes the mails that are due, and says what became of them. It writes none, changes no recipient and no text but
-- to blank what filled it.
grant select (id, recipient, template, params, not_before, attempts, expires_at, sent_at),
  update (params, not_before, attempts, expires_at, sent_at, last_error) on mail_outbox to streamly_mailer;
