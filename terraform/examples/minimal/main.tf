# The smallest deployment: nothing runs while nobody asks, one small database, API Gateway in front. Only the project, the
# region and the images are asked for; what is below is yours to change, and the secrets are filled by hand beforehand.
module "streamly" {
  source = "../.."

  project_id = var.project_id
  region     = var.region
  images     = var.images

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
