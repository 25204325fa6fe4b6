# What runs by the clock, who may deploy, what is promised, and where public keys are shown.
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

run "the_clock_runs_jobs_and_mails_as_who_may_do_nothing_else" {
  command = apply

  assert {
    condition     = jsonencode({ for name, job in google_cloud_scheduler_job.reconcile : name => job.schedule }) == jsonencode({ often = "*/5 * * * *", hourly = "7 * * * *", daily = "37 4 * * *" })
    error_message = "marked rows are settled within five minutes, overdue ones within the hour, all of them once a day"
  }
  assert {
    condition     = sort(flatten([for job in google_cloud_scheduler_job.reconcile : jsondecode(base64decode(job.http_target[0].body)).overrides.containerOverrides[0].args])) == tolist(["clean", "erase", "marked", "missed", "overdue", "replay"])
    error_message = "each pass of reconcile has one schedule"
  }
  assert {
    condition     = alltrue([for job in google_cloud_scheduler_job.reconcile : endswith(job.http_target[0].uri, "/jobs/${module.function["reconcile"].job_name}:run") && job.http_target[0].oauth_token[0].service_account_email == google_service_account.scheduler["reconcile"].email])
    error_message = "it starts that job, as its own account"
  }
  assert {
    condition     = google_cloud_scheduler_job.mailer.schedule == "* * * * *" && google_cloud_scheduler_job.mailer.http_target[0].uri == "${google_cloud_scheduler_job.mailer.http_target[0].oidc_token[0].audience}/drain"
    error_message = "mails are drained every minute, by a token that is good for that service alone"
  }
}

run "a_pipeline_of_one_branch_deploys_images_and_no_more" {
  command = apply

  variables {
    deployer = { repository = "streamly/streamly", ref = "refs/heads/main" }
  }

  assert {
    condition     = google_iam_workload_identity_pool_provider.github[0].attribute_condition == "assertion.repository == \"streamly/streamly\" && assertion.ref == \"refs/heads/main\""
    error_message = "another repository and another branch are not heard"
  }
  assert {
    condition     = google_project_iam_member.deployer[0].role == "roles/run.developer" && google_artifact_registry_repository_iam_member.deployer[0].role == "roles/artifactregistry.writer"
    error_message = "it writes images and updates services"
  }
  assert {
    condition     = length(setsubtract(concat(keys(local.functions), ["migrate"]), keys(google_service_account_iam_member.deployer_acts_as))) == 0 && alltrue([for member in google_service_account_iam_member.deployer_acts_as : member.role == "roles/iam.serviceAccountUser"])
    error_message = "whoever updates a service acts as its account"
  }
  assert {
    condition     = google_artifact_registry_repository.main.docker_config[0].immutable_tags
    error_message = "a tag never moves"
  }
}

run "nobody_deploys_without_being_named" {
  command = plan

  assert {
    condition     = length(google_iam_workload_identity_pool.main) == 0 && length(google_service_account.deployer) == 0
    error_message = "no pool and no account where there is no repository"
  }
}

run "what_is_promised_is_measured_over_four_weeks" {
  command = plan

  assert {
    condition     = google_monitoring_slo.availability.goal == 0.999 && google_monitoring_slo.availability.rolling_period_days == 28
    error_message = "99.9 of 100 requests succeed"
  }
  assert {
    condition     = alltrue([for name in ["register", "login", "checkout", "webhook", "playback"] : strcontains(google_monitoring_slo.availability.request_based_sli[0].good_total_ratio[0].total_service_filter, name)])
    error_message = "the five services that earn the money"
  }
  assert {
    condition     = google_monitoring_slo.latency.goal == 0.99 && google_monitoring_slo.latency.request_based_sli[0].distribution_cut[0].range[0].max == 300
    error_message = "99 of 100 plays begin within 300 ms"
  }
}

run "the_gateways_check_reads_the_keys_that_are_given" {
  command = apply

  variables {
    edge_token_check = true
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kid\":\"key-1\"}]}"
    }
  }

  assert {
    condition     = google_storage_bucket_object.jwks[0].content == var.tokens.verify_keys && google_storage_bucket_object.jwks[0].cache_control == "public, max-age=300"
    error_message = "the object is the set of public keys, kept five minutes"
  }
}
