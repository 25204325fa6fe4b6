# Every variable that holds no secret, by name, whoever reads it; null leaves it unset.
locals {
  values = {
    ARGON2_MEMORY_KIB        = var.accounts.argon2_memory_kib == null ? null : tostring(var.accounts.argon2_memory_kib)
    ARGON2_TIME_COST         = var.accounts.argon2_time_cost == null ? null : tostring(var.accounts.argon2_time_cost)
    AUTH_TOKEN_HEADER        = { api_gateway = "x-forwarded-authorization", load_balancer = "authorization" }[var.edge]
    CHECKOUT_CANCEL_URL      = var.app.checkout_cancel_url
    CHECKOUT_SUCCESS_URL     = var.app.checkout_success_url
    CLOUDFLARE_STREAM_DOMAIN = try(var.video.cloudflare.domain, null)
    CLOUDFLARE_STREAM_KEY_ID = try(var.video.cloudflare.key_id, null)
    CORS_ALLOWED_ORIGINS     = length(var.app.origins) == 0 ? null : join(",", var.app.origins)
    EMAIL_VERIFICATION       = var.accounts.email_verification
    GEO_COUNTRY_HEADER       = var.edge == "load_balancer" && var.load_balancer.names_country ? local.country_header : null
    JWT_AUDIENCE             = var.tokens.audience
    JWT_ISSUER               = var.tokens.issuer
    JWT_SIGNING_KEY_ID       = var.tokens.signing_key_id
    JWT_VERIFY_KEYS          = var.tokens.verify_keys
    MAIL_FROM                = var.mail_from
    MUX_SIGNING_KEY          = try(var.video.mux.signing_key_id, null)
    PASSWORD_MIN_LENGTH      = tostring(var.accounts.password_length_min)
    PAST_DUE_GRACE_DAYS      = tostring(var.billing.past_due_grace_days)
    PLANS                    = jsonencode(local.plans)
    PORTAL_RETURN_URL        = var.app.portal_return_url
    PUBLIC_APP_URL           = var.app.public_url
    RENEWAL_LEEWAY_HOURS     = tostring(var.billing.renewal_leeway_hours)
    STRIPE_LIVEMODE          = tostring(var.billing.livemode)
    THROTTLE_IP_CREDENTIALS  = var.accounts.throttle_ip_credentials
    THROTTLE_IP_REFRESH      = var.accounts.throttle_ip_refresh
    THROTTLE_IP_REGISTER     = var.accounts.throttle_ip_register
    TRUSTED_PROXY_HOPS       = tostring(var.trusted_proxy_hops)
  }

  # Without the members that were left out: a plan's optional members have their defaults in the functions.
  plans = [for plan in var.billing.plans : { for name, value in plan : name => value if value != null }]

  country_header = "x-client-region"
}
