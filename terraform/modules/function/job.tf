# A job: listens on nothing, and exits 0 or not.
resource "google_cloud_run_v2_job" "main" {
  count = var.kind == "job" ? 1 : 0

  project             = var.project_id
  name                = "${var.prefix}-${var.name}"
  location            = var.region
  labels              = var.labels
  deletion_protection = var.deletion_protection
  # Starts an execution within the apply, and the apply waits for its end.
  run_execution_token = var.job.run_token

  dynamic "binary_authorization" {
    for_each = var.binary_authorization ? [true] : []
    content {
      use_default = true
    }
  }

  template {
    labels     = var.labels
    task_count = 1

    template {
      service_account       = google_service_account.main.email
      timeout               = "${var.resources.timeout_seconds}s"
      max_retries           = var.job.max_retries
      execution_environment = "EXECUTION_ENVIRONMENT_GEN2"

      containers {
        image = var.image
        args  = var.job.args

        resources {
          # The second-generation environment, the only one for jobs, wants this much.
          limits = { cpu = var.resources.cpu, memory = "${max(512, var.resources.memory_mib)}Mi" }
        }

        dynamic "env" {
          for_each = local.environment
          content {
            name  = env.key
            value = env.value
          }
        }

        dynamic "env" {
          for_each = local.secrets
          content {
            name = env.key
            value_source {
              secret_key_ref {
                secret  = env.value.secret_id
                version = env.value.version
              }
            }
          }
        }

        dynamic "volume_mounts" {
          for_each = local.volumes.socket
          content {
            name       = "cloudsql"
            mount_path = "/cloudsql"
          }
        }

        dynamic "volume_mounts" {
          for_each = local.volumes.ca
          content {
            name       = "database-ca"
            mount_path = local.ca_folder
          }
        }
      }

      dynamic "volumes" {
        for_each = local.volumes.socket
        content {
          name = "cloudsql"
          cloud_sql_instance {
            instances = [volumes.value]
          }
        }
      }

      dynamic "volumes" {
        for_each = local.volumes.ca
        content {
          name = "database-ca"
          secret {
            secret = volumes.value.secret_id
            items {
              path    = local.ca_file
              version = volumes.value.version
            }
          }
        }
      }

      dynamic "vpc_access" {
        for_each = local.networks
        content {
          egress = "PRIVATE_RANGES_ONLY"
          network_interfaces {
            network    = vpc_access.value.network
            subnetwork = vpc_access.value.subnetwork
          }
        }
      }
    }
  }

  lifecycle {
    ignore_changes = [client, client_version]
  }

  depends_on = [
    google_project_iam_member.database,
    google_secret_manager_secret_iam_member.database_ca,
    google_secret_manager_secret_iam_member.database_url,
    google_secret_manager_secret_iam_member.main,
    google_sql_user.main,
  ]
}

resource "google_cloud_run_v2_job_iam_member" "invoker" {
  for_each = var.kind == "job" ? var.invokers : {}

  project  = var.project_id
  location = var.region
  name     = google_cloud_run_v2_job.main[0].name
  role     = "roles/run.invoker"
  member   = each.value
}
