# A deployment for many: a database with a standby behind a private address, instances that are always warm where people
# wait, secrets managed by Terraform without being stored, images deployed by GitHub Actions.
module "streamly" {
  source = "../.."

  project_id = var.project_id
  region     = var.region
  images     = var.images

  accounts = {
    argon2_memory_kib   = 65536
    argon2_time_cost    = 3
    password_length_min = 15
  }

  alerts = {
    notification_channels = ["projects/${var.project_id}/notificationChannels/1234567890"]
  }

  app = {
    checkout_cancel_url  = "https://app.example.com/plans"
    checkout_success_url = "https://app.example.com/welcome"
    origins              = ["https://app.example.com"]
    portal_return_url    = "https://app.example.com/account"
    public_url           = "https://app.example.com"
  }

  billing = {
    livemode = true
    plans = [
      { slug = "basic", name = "Basic", price_id = "price_basic", tier = "basic", amount_minor = 900, currency = "eur", interval = "month", max_streams = 2, max_resolution = "720p" },
      { slug = "premium", name = "Premium", price_id = "price_premium", tier = "premium", amount_minor = 1900, currency = "eur", interval = "month", max_streams = 4, trial_days = 7, allow_promotion_codes = true },
    ]
  }

  database = {
    backups         = 30
    connections_max = 500
    connectivity    = "private_ip"
    disk_gb         = 100
    is_regional     = true
    tier            = "db-custom-4-15360"
  }

  deployer = {
    repository = "example/streamly"
  }

  functions = {
    login    = { instances_min = 1, instances_max = 10 }
    playback = { instances_min = 1, instances_max = 20 }
    webhook  = { instances_max = 5 }
  }

  manage_images = false

  secret_values = var.secret_values
  secrets = {
    CLOUDFLARE_STREAM_PRIVATE_KEY = { managed = true }
    CLOUDFLARE_WEBHOOK_SECRET     = { managed = true }
    JWT_SIGNING_KEY               = { managed = true }
    JWT_VERIFY_KEYS               = { managed = true }
    MUX_PRIVATE_KEY               = { managed = true }
    MUX_WEBHOOK_SECRET            = { managed = true }
    SMTP_URL                      = { managed = true }
    STRIPE_SECRET_KEY             = { managed = true }
    STRIPE_WEBHOOK_SECRET         = { managed = true }
  }

  mail_from = "Streamly <mail@example.com>"

  tokens = {
    audience       = "https://api.example.com"
    issuer         = "https://api.example.com"
    signing_key_id = "key-1"
  }

  video = {
    cloudflare = { domain = "customer-example.cloudflarestream.com", key_id = "cloudflare-key-id" }
    mux        = { signing_key_id = "mux-signing-key-id" }
  }
}
