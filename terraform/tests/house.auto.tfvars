# A small deployment, on which every test of this folder changes what it is about.
project_id = "streamly-test"
region     = "europe-west1"
images = {
  account       = "europe-west1-docker.pkg.dev/streamly-test/streamly/account@sha256:000000000000000000000000000000000000000000000000000000000000000a"
  catalog       = "europe-west1-docker.pkg.dev/streamly-test/streamly/catalog@sha256:00000000000000000000000000000000000000000000000000000000000000c1"
  email         = "europe-west1-docker.pkg.dev/streamly-test/streamly/email@sha256:000000000000000000000000000000000000000000000000000000000000000b"
  mailer        = "europe-west1-docker.pkg.dev/streamly-test/streamly/mailer@sha256:000000000000000000000000000000000000000000000000000000000000000c"
  password      = "europe-west1-docker.pkg.dev/streamly-test/streamly/password@sha256:000000000000000000000000000000000000000000000000000000000000000d"
  token         = "europe-west1-docker.pkg.dev/streamly-test/streamly/token@sha256:000000000000000000000000000000000000000000000000000000000000000e"
  register      = "europe-west1-docker.pkg.dev/streamly-test/streamly/register@sha256:0000000000000000000000000000000000000000000000000000000000000001"
  login         = "europe-west1-docker.pkg.dev/streamly-test/streamly/login@sha256:0000000000000000000000000000000000000000000000000000000000000002"
  checkout      = "europe-west1-docker.pkg.dev/streamly-test/streamly/checkout@sha256:0000000000000000000000000000000000000000000000000000000000000003"
  portal        = "europe-west1-docker.pkg.dev/streamly-test/streamly/portal@sha256:0000000000000000000000000000000000000000000000000000000000000004"
  subscription  = "europe-west1-docker.pkg.dev/streamly-test/streamly/subscription@sha256:0000000000000000000000000000000000000000000000000000000000000005"
  webhook       = "europe-west1-docker.pkg.dev/streamly-test/streamly/webhook@sha256:0000000000000000000000000000000000000000000000000000000000000006"
  playback      = "europe-west1-docker.pkg.dev/streamly-test/streamly/playback@sha256:0000000000000000000000000000000000000000000000000000000000000007"
  progress      = "europe-west1-docker.pkg.dev/streamly-test/streamly/progress@sha256:00000000000000000000000000000000000000000000000000000000000000c2"
  video-webhook = "europe-west1-docker.pkg.dev/streamly-test/streamly/video-webhook@sha256:00000000000000000000000000000000000000000000000000000000000000c3"
  reconcile     = "europe-west1-docker.pkg.dev/streamly-test/streamly/reconcile@sha256:0000000000000000000000000000000000000000000000000000000000000008"
  migrate       = "europe-west1-docker.pkg.dev/streamly-test/streamly/migrate@sha256:0000000000000000000000000000000000000000000000000000000000000009"
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
    { slug = "basic", name = "Basic", price_id = "price_basic", tier = "basic", amount_minor = 900, currency = "eur", interval = "month" },
  ]
}
mail_from = "Streamly <mail@example.com>"
tokens = {
  audience       = "https://api.example.com"
  issuer         = "https://api.example.com"
  signing_key_id = "key-1"
}
video = {
  mux = { signing_key_id = "mux-key" }
}
