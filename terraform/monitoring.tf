# What an operator is woken for, and what the service promises. Every alert says what happened and what to do.
locals {
  of_services   = "resource.type=\"cloud_run_revision\" AND resource.labels.location=\"${var.region}\""
  of_jobs       = "resource.type=\"cloud_run_job\" AND resource.labels.location=\"${var.region}\""
  of_database   = "resource.type=\"cloudsql_database\" AND resource.labels.database_id=\"${var.project_id}:${google_sql_database_instance.main.name}\""
  core          = [for name in ["register", "login", "checkout", "webhook", "playback"] : "${var.prefix}-${name}"]
  core_services = "resource.labels.service_name=monitoring.regex.full_match(\"${join("|", local.core)}\")"

  # Lines that a function writes for a person to look at; `alert` says which kind.
  log_alerts = {
    conflict = {
      title   = "Two accounts claim one Stripe customer or subscription"
      runbook = "Nothing was applied. Look the event up in `payment_logs` by its id, find out in Stripe's dashboard whose the customer is, correct `users.stripe_customer_id` or the metadata at Stripe, then run reconcile with `marked replay`."
    }
    erasure-held = {
      title   = "Somebody who left cannot be erased"
      runbook = "The two weeks are over, but a subscription of theirs runs on, is of a status that we do not know, or waits for Stripe's word. Its summary line counts them as `reconcile.held`. Find them by `users.deleted_at` beside `subscriptions`, end the subscription at Stripe, and the next daily run of reconcile erases them."
    }
    malformed-object = {
      title   = "An event of Stripe's could not be read"
      runbook = "The event is in `payment_logs` with its payload. Compare its API version with the one that the endpoint is pinned to; if Stripe changed a shape, the reader has to learn it, and reconcile settles the subscription meanwhile."
    }
    price-differs = {
      title   = "A price at Stripe is not what its plan says"
      runbook = "People are charged what `GET /v1/plans` does not say, or the price is not sold any more. The line names the price: mend the plan in `billing.plans`, or the price at Stripe."
    }
    stripe-unauthorized = {
      title   = "Stripe refuses our key"
      runbook = "The secret key was rolled or restricted. Put the new one into Secret Manager, raise its version in `secrets`, and apply. Until then nobody can subscribe and reconcile stands still; nobody loses access."
    }
    two-subscriptions = {
      title   = "Somebody pays for two subscriptions"
      runbook = "The log line names the user. Both give access; cancel and refund one at Stripe."
    }
    unknown-price = {
      title   = "A subscription has a price that no plan has"
      runbook = "Whoever subscribed to it has no plan here until `billing.plans` names the price. Add the plan, or move the subscription to a price that has one."
    }
    unknown-status = {
      title   = "Stripe named a status that we do not know"
      runbook = "It gives no access and the row is marked. Read Stripe's changelog, and teach the access rule the status."
    }
    unlisted = {
      title   = "Stripe does not list a subscription that goes on here"
      runbook = "The row is marked, keeps what it gives, and is asked about by itself. If that fails with 404, the key is of another account or mode than the one that sold it."
    }
    unusable-hash = {
      title   = "Somebody's stored password hash cannot be used"
      runbook = "The log line names the user, who cannot log in until they reset the password by mail. One such hash is a bad import or a row changed by hand: compare it with the form that `credentials.phc` has elsewhere. Many at once are a fault of a deployment, such as less memory than the hashes ask for."
    }
    unmatched = {
      title   = "An event of Stripe's belongs to nobody"
      runbook = "Usually a customer made by hand in Stripe's dashboard. Give it `metadata.user_id`; reconcile does the event again. If such customers are wanted, silence this alert."
    }
  }

  count_metrics = {
    invalid_signature = "${local.of_services} AND jsonPayload.\"webhook.outcome\"=\"invalid-signature\""
    webhook_outcome   = "${local.of_services} AND jsonPayload.\"webhook.outcome\":*"
    reconcile_run     = "${local.of_jobs} AND jsonPayload.\"reconcile.needs_sync\":*"
  }
}

resource "google_logging_metric" "count" {
  for_each = local.count_metrics

  project = var.project_id
  name    = "${var.prefix}/${each.key}"
  filter  = each.value

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    dynamic "labels" {
      for_each = each.key == "webhook_outcome" ? ["outcome"] : []
      content {
        key = labels.value
      }
    }
  }

  label_extractors = each.key == "webhook_outcome" ? { outcome = "EXTRACT(jsonPayload.\"webhook.outcome\")" } : {}
}

resource "google_logging_metric" "needs_sync_oldest" {
  project         = var.project_id
  name            = "${var.prefix}/needs_sync_oldest_seconds"
  filter          = "${local.of_jobs} AND jsonPayload.\"reconcile.needs_sync_oldest_s\":*"
  value_extractor = "EXTRACT(jsonPayload.\"reconcile.needs_sync_oldest_s\")"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }
}

resource "google_logging_metric" "mail_oldest" {
  project         = var.project_id
  name            = "${var.prefix}/mail_oldest_seconds"
  filter          = "${local.of_services} AND jsonPayload.\"mailer.oldest_s\":*"
  value_extractor = "EXTRACT(jsonPayload.\"mailer.oldest_s\")"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }
}

resource "google_monitoring_alert_policy" "log" {
  for_each = local.log_alerts

  project               = var.project_id
  display_name          = "Streamly: ${each.value.title}"
  combiner              = "OR"
  severity              = each.key == "stripe-unauthorized" ? "CRITICAL" : "WARNING"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = each.value.title
    condition_matched_log {
      filter = "(${local.of_services} OR ${local.of_jobs}) AND jsonPayload.alert=\"${each.key}\""
      label_extractors = {
        event   = "EXTRACT(jsonPayload.\"stripe.event.id\")"
        user_id = "EXTRACT(jsonPayload.\"user.id\")"
      }
    }
  }

  alert_strategy {
    auto_close = "86400s"
    notification_rate_limit {
      period = "3600s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.runbook
  }

  depends_on = [google_project_service.main]
}

locals {
  metric_alerts = {
    invalid_signature = {
      title     = "Webhooks with a bad signature"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.count["invalid_signature"].name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 20
      duration  = "0s"
      runbook   = "More than 20 in five minutes. If a dashboard of Stripe, Mux or Cloudflare shows failed deliveries, its signing secret was rolled: put the new one beside the old in STRIPE_WEBHOOK_SECRET, MUX_WEBHOOK_SECRET or CLOUDFLARE_WEBHOOK_SECRET. If not, somebody is trying."
    }
    errors = {
      title     = "Requests fail"
      filter    = "metric.type=\"run.googleapis.com/request_count\" AND ${local.of_services} AND metric.labels.response_code_class=\"5xx\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 20
      duration  = "0s"
      runbook   = "More than 20 in five minutes. 503 with `unavailable` points at the database; 500 is a defect, and its line in the log has the cause under the request's id."
    }
    needs_sync = {
      title     = "Subscriptions wait for Stripe's word"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.needs_sync_oldest.name}\" AND resource.type=\"cloud_run_job\""
      aligner   = "ALIGN_PERCENTILE_99"
      reducer   = "REDUCE_MAX"
      threshold = 600
      duration  = "600s"
      runbook   = "A marked row is older than ten minutes. See in reconcile's log which item fails; Stripe's status page and the key are the usual causes. Access stays as the stored state gives it."
    }
    mail_outbox = {
      title     = "Mails do not get through"
      filter    = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.mail_oldest.name}\" AND resource.type=\"cloud_run_revision\""
      aligner   = "ALIGN_PERCENTILE_99"
      reducer   = "REDUCE_MAX"
      threshold = 900
      duration  = "0s"
      runbook   = "A mail has waited for more than 15 minutes. `last_error` of the unsent rows of `mail_outbox` says what the relay answered; the relay's status and SMTP_URL are the usual causes. Mails are sent once it takes them again, as long as their links are good."
    }
    reconcile_failed = {
      title     = "Reconcile fails"
      filter    = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND ${local.of_jobs} AND resource.labels.job_name=\"${module.function["reconcile"].job_name}\" AND metric.labels.result=\"failed\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 2
      duration  = "0s"
      runbook   = "Its summary line says what is left (`reconcile.failed`), its error lines say why. A single failure heals with the next run."
    }
    migrate_failed = {
      title     = "Migrations fail"
      filter    = "metric.type=\"run.googleapis.com/job/completed_execution_count\" AND ${local.of_jobs} AND resource.labels.job_name=\"${module.migrate.job_name}\" AND metric.labels.result=\"failed\""
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "0s"
      runbook   = "The apply stopped before any function was changed. The job's log names the file and the statement; nothing of that file is left behind."
    }
    connections = {
      title     = "The database runs out of connections"
      filter    = "metric.type=\"cloudsql.googleapis.com/database/postgresql/num_backends\" AND ${local.of_database}"
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_SUM"
      threshold = floor(0.8 * var.database.connections_max)
      duration  = "300s"
      runbook   = "More than 0.8 of database.connections_max. The budget in database.tf keeps functions below it, so look for other clients in `pg_stat_activity`, or raise the limit and the tier."
    }
    disk = {
      title     = "The database's disk fills up"
      filter    = "metric.type=\"cloudsql.googleapis.com/database/disk/utilization\" AND ${local.of_database}"
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      threshold = 0.8
      duration  = "300s"
      runbook   = "It grows by itself; more than 0.8 means that growth does not keep up, or is limited. Look for a replication slot or a table that grew."
    }
  }
}

resource "google_monitoring_alert_policy" "metric" {
  for_each = local.metric_alerts

  project               = var.project_id
  display_name          = "Streamly: ${each.value.title}"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = each.value.title
    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.threshold
      duration        = each.value.duration
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = each.value.runbook
  }
}

resource "google_monitoring_alert_policy" "reconcile_absent" {
  project               = var.project_id
  display_name          = "Streamly: Reconcile does not run"
  combiner              = "OR"
  severity              = "ERROR"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = "No summary line for 30 minutes"
    condition_absent {
      filter   = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.count["reconcile_run"].name}\" AND resource.type=\"cloud_run_job\""
      duration = "1800s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "The scheduler runs it every five minutes. See the scheduler job's last attempt, and whether its account may still run the job."
  }
}

# The promises, over four weeks.
resource "google_monitoring_custom_service" "main" {
  project      = var.project_id
  service_id   = "${var.prefix}-api"
  display_name = "Streamly"

  depends_on = [google_project_service.main]
}

resource "google_monitoring_slo" "availability" {
  project             = var.project_id
  service             = google_monitoring_custom_service.main.service_id
  slo_id              = "availability"
  display_name        = "99.9 % of the requests to register, login, checkout, webhook and playback succeed"
  goal                = 0.999
  rolling_period_days = 28

  request_based_sli {
    good_total_ratio {
      total_service_filter = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND ${local.core_services}"
      bad_service_filter   = "metric.type=\"run.googleapis.com/request_count\" AND resource.type=\"cloud_run_revision\" AND ${local.core_services} AND metric.labels.response_code_class=\"5xx\""
    }
  }
}

resource "google_monitoring_slo" "latency" {
  project             = var.project_id
  service             = google_monitoring_custom_service.main.service_id
  slo_id              = "playback-latency"
  display_name        = "99 % of the requests to playback are answered within 300 ms"
  goal                = 0.99
  rolling_period_days = 28

  request_based_sli {
    distribution_cut {
      distribution_filter = "metric.type=\"run.googleapis.com/request_latencies\" AND resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.prefix}-playback\""
      range {
        max = 300
      }
    }
  }
}

resource "google_monitoring_alert_policy" "burn" {
  for_each = { availability = google_monitoring_slo.availability.id, latency = google_monitoring_slo.latency.id }

  project               = var.project_id
  display_name          = "Streamly: The ${each.key} promise burns fast"
  combiner              = "OR"
  severity              = "CRITICAL"
  notification_channels = var.alerts.notification_channels
  user_labels           = var.labels

  conditions {
    display_name = "A tenth of four weeks' allowance within hours"
    condition_threshold {
      filter          = "select_slo_burn_rate(\"${each.value}\", \"3600s\")"
      comparison      = "COMPARISON_GT"
      threshold_value = 14.4
      duration        = "0s"
    }
  }

  documentation {
    mime_type = "text/markdown"
    content   = "At this rate the allowance of four weeks is gone in two days. Compare the revisions' error rates: if the newest is to blame, apply the former digests."
  }
}

locals {
  charts = [
    { title = "Requests a second by function", filter = "metric.type=\"run.googleapis.com/request_count\" ${local.dashboard_scope}", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Failures a second by function", filter = "metric.type=\"run.googleapis.com/request_count\" metric.label.response_code_class=\"5xx\" ${local.dashboard_scope}", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Latency, 99 of 100, by function", filter = "metric.type=\"run.googleapis.com/request_latencies\" ${local.dashboard_scope}", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = ["resource.label.service_name"] },
    { title = "Instances by function", filter = "metric.type=\"run.googleapis.com/container/instance_count\" ${local.dashboard_scope}", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Events of Stripe and of video providers by outcome", filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.count["webhook_outcome"].name}\" resource.type=\"cloud_run_revision\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.outcome"] },
    { title = "Oldest row that waits for Stripe's word, s", filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.needs_sync_oldest.name}\" resource.type=\"cloud_run_job\"", aligner = "ALIGN_PERCENTILE_99", reducer = "REDUCE_MAX", by = [] },
    { title = "Database connections", filter = "metric.type=\"cloudsql.googleapis.com/database/postgresql/num_backends\" resource.type=\"cloudsql_database\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = [] },
    { title = "Database CPU", filter = "metric.type=\"cloudsql.googleapis.com/database/cpu/utilization\" resource.type=\"cloudsql_database\"", aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = [] },
  ]
  dashboard_scope = "resource.type=\"cloud_run_revision\" resource.label.location=\"${var.region}\""
}

resource "google_monitoring_dashboard" "main" {
  project = var.project_id
  dashboard_json = jsonencode({
    displayName = "Streamly (${var.prefix})"
    mosaicLayout = {
      columns = 48
      tiles = [
        for index, chart in local.charts : {
          xPos   = (index % 2) * 24
          yPos   = floor(index / 2) * 16
          width  = 24
          height = 16
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.main]
}
