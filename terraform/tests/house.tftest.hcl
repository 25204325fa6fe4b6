# The whole house, planned or applied against stand-ins of the providers. `random` is the real one, since ephemeral
# resources cannot be mocked.
mock_provider "google" {
  source = "./tests/google"
}

mock_provider "google-beta" {
  source = "./tests/google_beta"
}

variables {
  # Without a default in a test, however the variable is declared.
  secret_values = {}
}

run "each_function_is_somebody_and_logs_in_under_its_own_role" {
  command = apply

  assert {
    condition     = length(distinct([for function in values(local.functions) : function.role])) == length(local.functions)
    error_message = "no two functions may share a database role"
  }
  assert {
    condition     = alltrue([for name, function in local.functions : function.role == "streamly_${name}"])
    error_message = "a function's role is its own"
  }
  assert {
    condition     = alltrue([for name, function in local.functions : function.resources.concurrency == 16 && function.resources.memory_mib == 512 if try(local.house[name].hashes, false)])
    error_message = "what hashes gets memory, and few requests at once"
  }
}

run "the_budget_of_connections_is_kept" {
  command = plan

  assert {
    condition     = local.connections == 2 * local.service_connections + local.job_connections + 5
    error_message = "both revisions of a rollout, the jobs, and five more"
  }
}

run "a_provider_that_is_off_needs_no_secret" {
  command = plan

  assert {
    condition     = contains(keys(local.secret_ids), "MUX_PRIVATE_KEY") && !contains(keys(local.secret_ids), "CLOUDFLARE_STREAM_PRIVATE_KEY")
    error_message = "Mux is on and Cloudflare is off here"
  }
}

run "public_keys_that_are_not_given_stand_beside_the_private_one" {
  command = plan

  assert {
    condition     = contains(local.functions.playback.secrets, "JWT_VERIFY_KEYS") && local.secret_ids.JWT_VERIFY_KEYS == "streamly-jwt-verify-keys"
    error_message = "whoever verifies tokens reads the keys from their secret"
  }
}

run "a_private_database_has_no_public_address" {
  command = apply

  variables {
    database = { connectivity = "private_ip" }
  }

  assert {
    condition     = google_sql_database_instance.main.settings[0].ip_configuration[0].ipv4_enabled == false && startswith(local.database.address, "host=0123.4567.europe-west1.sql.goog hostaddr=10.0.0.2 ")
    error_message = "it is reached by its private address, under the name in its certificate"
  }
}

run "too_many_connections_are_refused" {
  command = plan

  variables {
    functions = { playback = { instances_max = 100 } }
  }

  expect_failures = [google_sql_database_instance.main]
}

run "a_socket_path_too_long_is_refused" {
  command = plan

  variables {
    project_id = "a-project-with-a-long-long-id"
    prefix     = "streamly"
    region     = "northamerica-northeast1"
    database   = { instance = "an-instance-with-a-name" }
  }

  expect_failures = [google_sql_database_instance.main]
}

run "a_function_without_an_image_is_named" {
  command = plan

  variables {
    images = { login = "europe-west1-docker.pkg.dev/streamly-test/streamly/login@sha256:0000000000000000000000000000000000000000000000000000000000000001" }
  }

  expect_failures = [var.images]
}

run "what_is_no_function_is_named" {
  command = plan

  variables {
    functions = { play = { instances_max = 1 } }
  }

  expect_failures = [var.functions]
}

run "bad_values_are_refused_where_they_stand" {
  command = plan

  variables {
    accounts           = { email_verification = "maybe", password_length_min = 7 }
    deployer           = { repository = "streamly" }
    mail_from          = "Streamly"
    region             = "europe-west1-b"
    trusted_proxy_hops = 6
  }

  expect_failures = [var.accounts, var.deployer, var.mail_from, var.region, var.trusted_proxy_hops]
}

run "bad_pages_plans_and_ranges_are_refused" {
  command = plan

  variables {
    app = {
      checkout_cancel_url  = "http://app.example.com/plans"
      checkout_success_url = "https://app.example.com/welcome"
      origins              = ["https://app.example.com/"]
      portal_return_url    = "https://app.example.com/account"
      public_url           = "https://app.example.com"
    }
    billing = {
      plans = [
        { slug = "basic", name = "Basic", price_id = "price_basic", tier = "basic", amount_minor = 900, currency = "EUR", interval = "month" },
        { slug = "basic", name = "Basic", price_id = "price_basic", tier = "basic", amount_minor = 900, currency = "eur", interval = "fortnight" },
      ]
    }
    database = { connectivity = "public", functions_range = "10.8.0.0/27", version = "POSTGRES_13" }
    edge     = "none"
  }

  expect_failures = [var.app, var.billing, var.database, var.edge]
}

run "a_private_key_among_the_public_ones_is_refused" {
  command = plan

  variables {
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kid\":\"key-1\",\"d\":\"secret\"}]}"
    }
  }

  expect_failures = [var.tokens]
}

run "a_secret_that_nobody_reads_and_one_without_a_number_are_refused" {
  command = plan

  variables {
    secrets = { STRIPE_SECRET_KEY = { version = "latest" }, UNREAD = {} }
  }

  expect_failures = [var.secrets]
}

run "names_that_google_refuses_are_refused_before" {
  command = plan

  variables {
    prefix     = "Streamly"
    project_id = "123456"
  }

  expect_failures = [var.prefix, var.project_id]
}
