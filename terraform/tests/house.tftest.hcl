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
    condition     = alltrue([for name, function in local.functions : function.role == "streamly_${replace(name, "-", "_")}"])
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
    condition     = contains(keys(local.secret_ids), "MUX_PRIVATE_KEY") && !contains(keys(local.secret_ids), "CLOUDFLARE_STREAM_PRIVATE_KEY") && local.functions.video-webhook.secrets == toset(["MUX_WEBHOOK_SECRET"])
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
