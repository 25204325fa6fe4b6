# The whole house, planned or applied against stand-ins of the providers. `random` is the real one, since ephemeral
# resources cannot be mocked.
mock_provider "google" {
  mock_resource "google_cloud_run_v2_service" {
    defaults = {
      name = "streamly-service"
      uri  = "https://streamly-service-0123456789-ew.a.run.app"
    }
  }
  mock_resource "google_sql_database_instance" {
    defaults = {
      connection_name    = "streamly-test:europe-west1:streamly-main"
      dns_name           = "0123.4567.europe-west1.sql.goog."
      dns_names          = []
      private_ip_address = "10.0.0.2"
      server_ca_cert     = [{ cert = "certificate", common_name = "", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
    }
  }
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "1" }
  }
  mock_resource "google_service_account" {
    defaults = {
      email  = "account@streamly-test.iam.gserviceaccount.com"
      member = "serviceAccount:account@streamly-test.iam.gserviceaccount.com"
      name   = "projects/streamly-test/serviceAccounts/account@streamly-test.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_monitoring_slo" {
    defaults = { id = "projects/streamly-test/services/streamly-api/serviceLevelObjectives/availability" }
  }
}

mock_provider "google-beta" {
  mock_resource "google_api_gateway_api_config" {
    defaults = { id = "projects/streamly-test/locations/global/apis/streamly-api/configs/streamly" }
  }
  mock_resource "google_api_gateway_gateway" {
    defaults = { default_hostname = "streamly-gateway-0123456789.ew.gateway.dev" }
  }
}

variables {
  project_id = "streamly-test"
  region     = "europe-west1"
  images = {
    account      = "europe-west1-docker.pkg.dev/streamly-test/streamly/account@sha256:000000000000000000000000000000000000000000000000000000000000000a"
    email        = "europe-west1-docker.pkg.dev/streamly-test/streamly/email@sha256:000000000000000000000000000000000000000000000000000000000000000b"
    mailer       = "europe-west1-docker.pkg.dev/streamly-test/streamly/mailer@sha256:000000000000000000000000000000000000000000000000000000000000000c"
    password     = "europe-west1-docker.pkg.dev/streamly-test/streamly/password@sha256:000000000000000000000000000000000000000000000000000000000000000d"
    token        = "europe-west1-docker.pkg.dev/streamly-test/streamly/token@sha256:000000000000000000000000000000000000000000000000000000000000000e"
    register     = "europe-west1-docker.pkg.dev/streamly-test/streamly/register@sha256:0000000000000000000000000000000000000000000000000000000000000001"
    login        = "europe-west1-docker.pkg.dev/streamly-test/streamly/login@sha256:0000000000000000000000000000000000000000000000000000000000000002"
    checkout     = "europe-west1-docker.pkg.dev/streamly-test/streamly/checkout@sha256:0000000000000000000000000000000000000000000000000000000000000003"
    portal       = "europe-west1-docker.pkg.dev/streamly-test/streamly/portal@sha256:0000000000000000000000000000000000000000000000000000000000000004"
    subscription = "europe-west1-docker.pkg.dev/streamly-test/streamly/subscription@sha256:0000000000000000000000000000000000000000000000000000000000000005"
    webhook      = "europe-west1-docker.pkg.dev/streamly-test/streamly/webhook@sha256:0000000000000000000000000000000000000000000000000000000000000006"
    playback     = "europe-west1-docker.pkg.dev/streamly-test/streamly/playback@sha256:0000000000000000000000000000000000000000000000000000000000000007"
    reconcile    = "europe-west1-docker.pkg.dev/streamly-test/streamly/reconcile@sha256:0000000000000000000000000000000000000000000000000000000000000008"
    migrate      = "europe-west1-docker.pkg.dev/streamly-test/streamly/migrate@sha256:0000000000000000000000000000000000000000000000000000000000000009"
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
  # Without a default in a test, however the variable is declared.
  secret_values = {}
}

run "behind_the_gateway_services_answer_the_gateway_alone" {
  command = apply

  assert {
    condition     = alltrue([for name in local.routed : join(" ", keys(local.invokers[name])) == "gateway"]) && local.ingress == "all"
    error_message = "the gateway's account must be the only invoker of what it routes to"
  }
  assert {
    condition     = local.values.AUTH_TOKEN_HEADER == "x-forwarded-authorization"
    error_message = "the gateway moves the caller's token to X-Forwarded-Authorization"
  }
  assert {
    condition     = length(google_compute_url_map.main) == 0 && length(google_api_gateway_gateway.main) == 1
    error_message = "there is one edge"
  }
  assert {
    condition     = startswith(google_api_gateway_api_config.main[0].api_config_id, "streamly-")
    error_message = "a config's id carries the hash of its document"
  }
  assert {
    condition     = output.edge_address == "streamly-gateway-0123456789.ew.gateway.dev"
    error_message = "the edge's address is the gateway's host name"
  }
}

run "what_the_edge_does_not_route_answers_the_scheduler_alone" {
  command = apply

  assert {
    condition     = !contains(local.routed, "mailer") && join(" ", keys(local.invokers.mailer)) == "scheduler"
    error_message = "mails are sent when the scheduler says so, and by nobody else"
  }
}

run "the_rendered_document_has_an_address_for_each_function_and_no_security" {
  command = apply

  assert {
    condition     = alltrue(flatten([for members in values(jsondecode(module.document.contents).paths) : [for operation in values(members) : !can(operation.security)]]))
    error_message = "the gateway must not check tokens unless it is asked to"
  }
  assert {
    condition     = alltrue([for backend in values(jsondecode(module.document.contents)["x-google-api-management"].backends) : backend.pathTranslation == "APPEND_PATH_TO_ADDRESS" && startswith(backend.address, "https://")])
    error_message = "every backend keeps the path and is reached by TLS"
  }
  assert {
    condition     = jsondecode(module.document.contents)["x-google-api-management"].backends.checkout.deadline == 25 && jsondecode(module.document.contents)["x-google-api-management"].backends.login.deadline == 15
    error_message = "the gateway waits longer for what asks a provider"
  }
}

run "the_gateway_checks_tokens_where_it_is_asked_to" {
  command = apply

  variables {
    edge_token_check = true
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"key-1\",\"x\":\"x\",\"y\":\"y\"}]}"
    }
  }

  assert {
    condition     = can(jsondecode(module.document.contents).paths["/v1/checkout"].post["x-google-auth"].jwtLocations[0].header)
    error_message = "a route that always wants a token must say where it stands"
  }
  assert {
    condition     = !can(jsondecode(module.document.contents).paths["/v1/videos/{video_id}/playback"].get["x-google-auth"]) && !can(jsondecode(module.document.contents).paths["/v1/checkout"].options["x-google-auth"])
    error_message = "where a token may be missing, and in a preflight, the gateway must not want one"
  }
}

run "behind_the_balancer_services_are_closed_by_network" {
  command = apply

  variables {
    edge          = "load_balancer"
    load_balancer = { domains = ["api.example.com"] }
  }

  assert {
    condition     = local.ingress == "internal-and-load-balancer" && alltrue([for name in local.routed : length(local.invokers[name]) == 0])
    error_message = "services must be reached through the balancer alone"
  }
  assert {
    condition     = local.values.AUTH_TOKEN_HEADER == "authorization" && local.values.GEO_COUNTRY_HEADER == "x-client-region"
    error_message = "the balancer leaves the caller's token where it is, and names the country"
  }
  assert {
    condition     = length(google_api_gateway_gateway.main) == 0 && length(google_compute_backend_service.main) == length(local.routed)
    error_message = "there is one edge, with a backend for each routed function"
  }
  assert {
    condition     = alltrue([for rule in google_compute_url_map.main[0].path_matcher[0].route_rules : !strcontains(rule.match_rules[0].path_template_match, "{")])
    error_message = "a part of a path to fill is written as *"
  }
  assert {
    condition     = google_compute_backend_service.main["login"].security_policy == google_compute_security_policy.guessed[0].id && google_compute_backend_service.main["playback"].security_policy == google_compute_security_policy.main[0].id
    error_message = "where passwords are guessed the policy is the stricter one"
  }
}

run "a_balancer_without_a_name_is_refused" {
  command = plan

  variables {
    edge = "load_balancer"
  }

  expect_failures = [var.edge]
}

run "the_gateways_check_wants_the_keys" {
  command = plan

  variables {
    edge_token_check = true
  }

  expect_failures = [var.edge_token_check]
}
