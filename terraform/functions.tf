# The house: every function and job, once. A function is added by one entry here; what it reads is what
# `<function> --print-variables` lists, and a check compares the two.
#
#   kind       "service" or "job"
#   role       the database role that migrations made for it; null for one without a database
#   variables  what it reads that is no secret; a variable without a value in environment.tf stays unset
#   secrets    what it reads that is one, beside DATABASE_URL
#   hashes     whether it computes password hashes, which want memory and few requests at once
#   asks       whether it asks a provider while its caller waits, which wants time
locals {
  house = {
    register = {
      role = "streamly_register", hashes = true
      variables = [
        "ARGON2_MEMORY_KIB", "ARGON2_TIME_COST", "CORS_ALLOWED_ORIGINS", "EMAIL_VERIFICATION", "PASSWORD_MIN_LENGTH",
        "THROTTLE_IP_REGISTER", "TRUSTED_PROXY_HOPS",
      ]
    }
    login = {
      role = "streamly_login", hashes = true
      variables = [
        "ARGON2_MEMORY_KIB", "ARGON2_TIME_COST", "CORS_ALLOWED_ORIGINS", "EMAIL_VERIFICATION", "JWT_AUDIENCE",
        "JWT_ISSUER", "JWT_SIGNING_KEY_ID", "JWT_VERIFY_KEYS", "THROTTLE_IP_CREDENTIALS", "TRUSTED_PROXY_HOPS",
      ]
      secrets = ["JWT_SIGNING_KEY", "REFRESH_TOKEN_KEY"]
    }
    account = {
      role = "streamly_account", hashes = true
      variables = [
        "ARGON2_MEMORY_KIB", "ARGON2_TIME_COST", "AUTH_TOKEN_HEADER", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE",
        "JWT_ISSUER", "JWT_VERIFY_KEYS", "THROTTLE_IP_CREDENTIALS", "TRUSTED_PROXY_HOPS",
      ]
    }
    password = {
      role = "streamly_password", hashes = true
      variables = [
        "ARGON2_MEMORY_KIB", "ARGON2_TIME_COST", "AUTH_TOKEN_HEADER", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE",
        "JWT_ISSUER", "JWT_SIGNING_KEY_ID", "JWT_VERIFY_KEYS", "PASSWORD_MIN_LENGTH", "THROTTLE_IP_CREDENTIALS",
        "TRUSTED_PROXY_HOPS",
      ]
      secrets = ["JWT_SIGNING_KEY", "REFRESH_TOKEN_KEY"]
    }
    email = {
      role = "streamly_email", hashes = true
      variables = [
        "ARGON2_MEMORY_KIB", "ARGON2_TIME_COST", "AUTH_TOKEN_HEADER", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE",
        "JWT_ISSUER", "JWT_VERIFY_KEYS", "THROTTLE_IP_CREDENTIALS", "TRUSTED_PROXY_HOPS",
      ]
    }
    token = {
      role = "streamly_token"
      variables = [
        "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE", "JWT_ISSUER", "JWT_SIGNING_KEY_ID", "JWT_VERIFY_KEYS",
        "THROTTLE_IP_REFRESH", "TRUSTED_PROXY_HOPS",
      ]
      secrets = ["JWT_SIGNING_KEY", "REFRESH_TOKEN_KEY"]
    }
    checkout = {
      role = "streamly_checkout", asks = true
      variables = [
        "AUTH_TOKEN_HEADER", "CHECKOUT_CANCEL_URL", "CHECKOUT_SUCCESS_URL", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE",
        "JWT_ISSUER", "JWT_VERIFY_KEYS", "PLANS", "STRIPE_LIVEMODE",
      ]
      secrets = ["STRIPE_SECRET_KEY"]
    }
    portal = {
      role = "streamly_portal", asks = true
      variables = [
        "AUTH_TOKEN_HEADER", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE", "JWT_ISSUER", "JWT_VERIFY_KEYS",
        "PORTAL_RETURN_URL", "STRIPE_LIVEMODE",
      ]
      secrets = ["STRIPE_SECRET_KEY"]
    }
    subscription = {
      role = "streamly_subscription"
      variables = [
        "AUTH_TOKEN_HEADER", "CORS_ALLOWED_ORIGINS", "JWT_AUDIENCE", "JWT_ISSUER", "JWT_VERIFY_KEYS",
        "PAST_DUE_GRACE_DAYS", "PLANS", "RENEWAL_LEEWAY_HOURS", "STRIPE_LIVEMODE",
      ]
    }
    webhook = {
      role      = "streamly_webhook"
      variables = ["PLANS", "STRIPE_LIVEMODE"]
      secrets   = ["STRIPE_WEBHOOK_SECRET"]
    }
    playback = {
      role = "streamly_playback"
      variables = [
        "AUTH_TOKEN_HEADER", "CLOUDFLARE_STREAM_DOMAIN", "CLOUDFLARE_STREAM_KEY_ID", "CORS_ALLOWED_ORIGINS",
        "GEO_COUNTRY_HEADER", "JWT_AUDIENCE", "JWT_ISSUER", "JWT_VERIFY_KEYS", "MUX_SIGNING_KEY",
        "PAST_DUE_GRACE_DAYS", "PLANS", "RENEWAL_LEEWAY_HOURS", "STRIPE_LIVEMODE",
      ]
      secrets = ["CLOUDFLARE_STREAM_PRIVATE_KEY", "MUX_PRIVATE_KEY"]
    }
    catalog = {
      role = "streamly_catalog"
      variables = [
        "AUTH_TOKEN_HEADER", "CLOUDFLARE_STREAM_DOMAIN", "CLOUDFLARE_STREAM_KEY_ID", "CORS_ALLOWED_ORIGINS",
        "JWT_AUDIENCE", "JWT_ISSUER", "JWT_VERIFY_KEYS", "MUX_SIGNING_KEY",
      ]
      secrets = ["CLOUDFLARE_STREAM_PRIVATE_KEY", "MUX_PRIVATE_KEY"]
    }
    progress = {
      role = "streamly_progress"
      variables = [
        "AUTH_TOKEN_HEADER", "CLOUDFLARE_STREAM_DOMAIN", "CLOUDFLARE_STREAM_KEY_ID", "CORS_ALLOWED_ORIGINS",
        "GEO_COUNTRY_HEADER", "JWT_AUDIENCE", "JWT_ISSUER", "JWT_VERIFY_KEYS", "MUX_SIGNING_KEY",
        "PAST_DUE_GRACE_DAYS", "PLANS", "RENEWAL_LEEWAY_HOURS", "STRIPE_LIVEMODE",
      ]
      secrets = ["CLOUDFLARE_STREAM_PRIVATE_KEY", "MUX_PRIVATE_KEY"]
    }
    video-webhook = {
      role    = "streamly_video_webhook"
      secrets = ["CLOUDFLARE_WEBHOOK_SECRET", "MUX_WEBHOOK_SECRET"]
    }
    mailer = {
      role      = "streamly_mailer", asks = true
      variables = ["MAIL_FROM", "PUBLIC_APP_URL"]
      secrets   = ["SMTP_URL"]
    }
    reconcile = {
      kind      = "job", role = "streamly_reconcile", asks = true
      variables = ["PLANS", "STRIPE_LIVEMODE"]
      secrets   = ["STRIPE_SECRET_KEY"]
    }
  }

  # The same with everything that an entry may leave out, and with what the operator chose.
  functions = {
    for name, function in local.house : name => {
      kind      = try(function.kind, "service")
      role      = try(function.role, null)
      variables = toset(try(function.variables, []))
      secrets = setsubtract(
        toset(concat(try(function.secrets, []), contains(try(function.variables, []), "JWT_VERIFY_KEYS") ? local.verify_keys_secret : [])),
        local.secrets_off,
      )
      asks = try(function.asks, false)
      resources = {
        concurrency     = try(function.hashes, false) ? 16 : 80
        memory_mib      = try(function.hashes, false) ? 512 : 256
        timeout_seconds = try(function.kind, "service") == "job" ? 600 : try(function.asks, false) ? 60 : 30
        instances_max   = try(var.functions[name].instances_max, null) == null ? 2 : var.functions[name].instances_max
        instances_min   = try(var.functions[name].instances_min, null) == null ? 0 : var.functions[name].instances_min
      }
      pool_size = try(var.functions[name].pool_size, null) == null ? 2 : var.functions[name].pool_size
    }
  }

  services = { for name, function in local.functions : name => function if function.kind == "service" }
  jobs     = { for name, function in local.functions : name => function if function.kind == "job" }

  # A service is reached through the edge where the OpenAPI document routes to it, and by the scheduler alone otherwise.
  routed  = module.document.functions
  ingress = { api_gateway = "all", load_balancer = "internal-and-load-balancer" }[var.edge]
  invokers = {
    for name in keys(local.services) : name =>
    name == "mailer" ? { scheduler = google_service_account.scheduler["mailer"].member } :
    { for edge in [var.edge] : "gateway" => google_service_account.gateway[0].member if edge == "api_gateway" && contains(local.routed, name) }
  }
}

# Brings the database to the newest schema, within the apply and before anything that needs it: a failing migration ends
# the apply, and the former revisions keep serving. Migrations are compiled in, so the image's digest says which they are.
module "migrate" {
  source = "./modules/function"

  name                 = "migrate"
  kind                 = "job"
  image                = var.images["migrate"]
  binary_authorization = var.binary_authorization
  database             = merge(local.database, { role = "cloudsqlsuperuser" })
  deletion_protection  = var.deletion_protection
  job                  = { max_retries = 0, run_token = substr(split("@sha256:", var.images["migrate"])[1], 0, 12) }
  labels               = var.labels
  prefix               = var.prefix
  project_id           = var.project_id
  region               = var.region
  resources            = { timeout_seconds = 1800 }

  depends_on = [google_project_service.main, google_sql_database.main]
}

module "function" {
  source   = "./modules/function"
  for_each = local.functions

  name                 = each.key
  kind                 = each.value.kind
  image                = var.images[each.key]
  binary_authorization = var.binary_authorization
  database             = each.value.role == null ? null : merge(local.database, { role = each.value.role, pool_size = each.value.pool_size })
  deletion_protection  = var.deletion_protection
  environment          = { for name in each.value.variables : name => local.values[name] if local.values[name] != null }
  ingress              = contains(local.routed, each.key) ? local.ingress : "internal"
  invokers             = each.value.kind == "service" ? local.invokers[each.key] : {}
  is_open              = var.edge == "load_balancer" && contains(local.routed, each.key)
  labels               = var.labels
  manage_image         = var.manage_images
  prefix               = var.prefix
  project_id           = var.project_id
  region               = var.region
  resources            = each.value.resources
  secrets              = { for name in each.value.secrets : name => local.secrets[name] }

  # The roles that the logins join are made by migrations.
  depends_on = [module.migrate]
}
