# What runs by the clock. Each schedule has an identity of its own that may do this one thing.
locals {
  # What is marked or was nobody's is settled soon; what is overdue within the hour; the long comparison, what is of no use any more and who left
  # once a day.
  reconcile_schedules = {
    often  = { schedule = "*/5 * * * *", passes = ["marked", "replay"] }
    hourly = { schedule = "7 * * * *", passes = ["overdue"] }
    daily  = { schedule = "37 4 * * *", passes = ["missed", "clean", "erase"] }
  }
}

resource "google_service_account" "scheduler" {
  for_each = toset(["mailer", "reconcile"])

  project      = var.project_id
  account_id   = "${var.prefix}-run-${each.key}"
  display_name = "Streamly scheduler of ${each.key}"
}

# With overrides: a schedule says which passes run.
resource "google_cloud_run_v2_job_iam_member" "scheduler" {
  project  = var.project_id
  location = var.region
  name     = module.function["reconcile"].job_name
  role     = "roles/run.jobsExecutorWithOverrides"
  member   = google_service_account.scheduler["reconcile"].member
}

resource "google_cloud_scheduler_job" "reconcile" {
  for_each = local.reconcile_schedules

  project          = var.project_id
  region           = var.region
  name             = "${var.prefix}-reconcile-${each.key}"
  description      = "Runs the passes ${join(", ", each.value.passes)} of reconcile."
  schedule         = each.value.schedule
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  retry_config {
    retry_count = 1
  }

  http_target {
    http_method = "POST"
    uri         = "https://run.googleapis.com/v2/projects/${var.project_id}/locations/${var.region}/jobs/${module.function["reconcile"].job_name}:run"
    headers     = { "Content-Type" = "application/json" }
    body        = base64encode(jsonencode({ overrides = { containerOverrides = [{ args = each.value.passes }] } }))

    oauth_token {
      service_account_email = google_service_account.scheduler["reconcile"].email
    }
  }

  depends_on = [google_project_service.main]
}

# Mails wait a minute at most. Unconfirmed on a live project: that the scheduler counts as internal for the ingress.
resource "google_cloud_scheduler_job" "mailer" {
  project          = var.project_id
  region           = var.region
  name             = "${var.prefix}-mailer"
  description      = "Sends the mails that wait."
  schedule         = "* * * * *"
  time_zone        = "Etc/UTC"
  attempt_deadline = "60s"

  http_target {
    http_method = "POST"
    uri         = "${module.function["mailer"].service_url}/drain"

    oidc_token {
      service_account_email = google_service_account.scheduler["mailer"].email
      audience              = module.function["mailer"].service_url
    }
  }

  depends_on = [google_project_service.main]
}
