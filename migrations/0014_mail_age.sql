-- mailer tells how long the oldest mail has waited, so that an alert can say that none gets through.
grant select (created_at) on mail_outbox to streamly_mailer;
