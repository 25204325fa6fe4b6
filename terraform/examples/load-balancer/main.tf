# The other edge: a load balancer with Cloud Armor, for a domain of one's own, limits per address, and titles that play in
# some countries only. It costs some 20 to 25 USD a month at rest.
module "streamly" {
  source = "../.."

  project_id = var.project_id
  region     = var.region
  images     = var.images

  edge = "load_balancer"
  load_balancer = {
    domains = ["api.example.com"]
  }

  app = {
    checkout_cancel_url  = "https://app.example.com/plans"
    checkout_success_url = "https://app.example.com/welcome"
    origins              = ["https://app.example.com"]
    portal_return_url    = "https://app.example.com/account"
    public_url           = "https://app.example.com"
  }

  billing = {
    plans = [
      { slug = "basic", name = "Basic", price_id = "price_basic", tier = "basic", amount_minor = 900, currency = "eur", interval = "month", max_streams = 2 },
      { slug = "premium", name = "Premium", price_id = "price_premium", tier = "premium", amount_minor = 1900, currency = "eur", interval = "month", max_streams = 4 },
    ]
  }

  mail_from = "Streamly <mail@example.com>"

  tokens = {
    audience       = "https://api.example.com"
    issuer         = "https://api.example.com"
    signing_key_id = "key-1"
  }

  video = {
    mux = { signing_key_id = "mux-signing-key-id" }
  }
}
