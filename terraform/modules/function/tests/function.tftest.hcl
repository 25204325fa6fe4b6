# What one function gets. The provider is a stand-in; `random` is the real one, since ephemeral resources cannot be mocked.
mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "streamly-login@streamly-test.iam.gserviceaccount.com"
      member = "serviceAccount:streamly-login@streamly-test.iam.gserviceaccount.com"
      name   = "projects/streamly-test/serviceAccounts/streamly-login@streamly-test.iam.gserviceaccount.com"
    }
  }
  mock_resource "google_secret_manager_secret_version" {
    defaults = { version = "3" }
  }
}

variables {
  name       = "login"
  prefix     = "streamly"
  project_id = "streamly-test"
  region     = "europe-west1"
  image      = "europe-west1-docker.pkg.dev/streamly-test/streamly/login@sha256:0000000000000000000000000000000000000000000000000000000000000001"
  database = {
    instance        = "streamly-main"
    connection_name = "streamly-test:europe-west1:streamly-main"
    name            = "streamly"
    role            = "streamly_login"
    pool_size       = 2
    generation      = 1
    address         = "host=/cloudsql/streamly-test:europe-west1:streamly-main"
    volume          = "socket"
  }
  environment = { JWT_ISSUER = "https://api.example.com" }
  secrets     = { REFRESH_TOKEN_KEY = { secret_id = "streamly-refresh-token-key", version = "1" } }
}

run "a_service_scales_to_zero_and_is_billed_by_the_request" {
  command = apply

  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].scaling[0].min_instance_count == 0
    error_message = "no instance may run while nobody asks"
  }
  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].containers[0].resources[0].cpu_idle == true
    error_message = "cpu_idle must be written, or the CPU is billed all the time"
  }
  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].execution_environment == "EXECUTION_ENVIRONMENT_GEN1"
    error_message = "services run in the environment that starts fastest"
  }
  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].max_instance_request_concurrency == 80
    error_message = "concurrency must always be written"
  }
}

run "it_is_who_it_is_and_reads_its_own_secrets_alone" {
  command = apply

  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].service_account == google_service_account.main.email
    error_message = "the service must run as its own account"
  }
  assert {
    condition     = join(" ", keys(google_secret_manager_secret_iam_member.main)) == "REFRESH_TOKEN_KEY"
    error_message = "it may read the secrets that it names and no other"
  }
  assert {
    condition     = join(" ", google_sql_user.main[0].database_roles) == "streamly_login"
    error_message = "its login holds its role alone"
  }
  assert {
    condition     = join(" ", sort([for env in google_cloud_run_v2_service.main[0].template[0].containers[0].env : env.name])) == "DATABASE_POOL_SIZE DATABASE_URL GCP_PROJECT_ID JWT_ISSUER REFRESH_TOKEN_KEY"
    error_message = "it gets the variables that it was given, its login, and the project's name"
  }
  assert {
    condition     = alltrue([for env in google_cloud_run_v2_service.main[0].template[0].containers[0].env : env.value_source[0].secret_key_ref[0].version != "latest" if length(env.value_source) > 0])
    error_message = "every secret is pinned"
  }
}

run "a_job_is_never_a_service" {
  command = apply

  variables {
    name = "reconcile"
    kind = "job"
    job  = { args = ["marked"], run_token = "0123456789ab" }
  }

  assert {
    condition     = length(google_cloud_run_v2_service.main) == 0 && google_cloud_run_v2_job.main[0].run_execution_token == "0123456789ab"
    error_message = "a job has no service, and runs in the apply where it has a token"
  }
  assert {
    condition     = google_cloud_run_v2_job.main[0].template[0].template[0].containers[0].resources[0].limits.memory == "512Mi"
    error_message = "the second-generation environment wants 512 MiB"
  }
}

run "a_private_address_comes_with_its_network_and_its_authority" {
  command = apply

  variables {
    database = {
      instance        = "streamly-main"
      connection_name = "streamly-test:europe-west1:streamly-main"
      name            = "streamly"
      role            = "streamly_login"
      generation      = 1
      address         = "host=db.example hostaddr=10.0.0.2 sslmode=verify-full"
      volume          = "ca"
      ca_secret       = { secret_id = "streamly-database-ca", version = "1" }
      network         = { network = "main", subnetwork = "functions" }
    }
  }

  assert {
    condition     = one([for env in google_cloud_run_v2_service.main[0].template[0].containers[0].env : env.value if env.name == "DATABASE_CA_FILE"]) == "/secrets/database/server-ca.pem"
    error_message = "the function must be told where the authority's certificate is"
  }
  assert {
    condition     = google_cloud_run_v2_service.main[0].template[0].vpc_access[0].egress == "PRIVATE_RANGES_ONLY"
    error_message = "only private addresses go through the network"
  }
}

run "images_deployed_elsewhere_change_nothing_else" {
  command = apply

  variables {
    manage_image = false
  }

  assert {
    condition     = length(google_cloud_run_v2_service.main) == 0 && google_cloud_run_v2_service.image_elsewhere[0].template[0].service_account == google_service_account.main.email
    error_message = "the twin takes the place of the service"
  }
}

run "a_secret_without_a_number_is_refused" {
  command = plan

  variables {
    secrets = { REFRESH_TOKEN_KEY = { secret_id = "streamly-refresh-token-key", version = "latest" } }
  }

  expect_failures = [var.secrets]
}

run "everybody_is_no_invoker" {
  command = plan

  variables {
    invokers = { all = "allUsers" }
  }

  expect_failures = [var.invokers]
}

run "an_open_service_is_not_on_the_internet" {
  command = plan

  variables {
    is_open = true
  }

  expect_failures = [var.is_open]
}

run "what_cloud_run_sets_is_not_set" {
  command = plan

  variables {
    environment = { PORT = "80" }
  }

  expect_failures = [var.environment]
}

run "another_kind_is_refused" {
  command = plan

  variables {
    kind = "worker"
  }

  expect_failures = [var.kind]
}

run "an_ingress_that_cloud_run_has_not_is_refused" {
  command = plan

  variables {
    ingress = "public"
  }

  expect_failures = [var.ingress]
}

run "a_name_too_long_for_an_account_is_refused" {
  command = plan

  variables {
    name = "a-name-that-is-long"
  }

  expect_failures = [var.name]
}

run "fewer_instances_at_most_than_at_least_are_refused" {
  command = plan

  variables {
    resources = { instances_min = 3, instances_max = 2 }
  }

  expect_failures = [var.resources]
}

run "a_service_takes_at_least_one_request_at_once" {
  command = plan

  variables {
    resources = { concurrency = 0 }
  }

  expect_failures = [var.resources]
}

run "no_request_outlasts_what_the_platform_allows" {
  command = plan

  variables {
    resources = { timeout_seconds = 3601 }
  }

  expect_failures = [var.resources]
}

run "a_database_is_reached_in_one_of_two_ways" {
  command = plan

  variables {
    database = {
      instance        = "streamly-main"
      connection_name = "streamly-test:europe-west1:streamly-main"
      name            = "streamly"
      role            = "streamly_login"
      generation      = 1
      address         = "host=10.0.0.2"
      volume          = "public"
    }
  }

  expect_failures = [var.database]
}
