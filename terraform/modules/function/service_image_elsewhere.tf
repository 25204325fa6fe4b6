# The twin of service.tf for those who deploy images without Terraform: it differs in what it ignores, which cannot be an
# expression. A test compares the two plans.
resource "google_cloud_run_v2_service" "image_elsewhere" {
  count = var.kind == "service" && !var.manage_image ? 1 : 0

  project              = var.project_id
  name                 = "${var.prefix}-${var.name}"
  location             = var.region
  labels               = var.labels
  deletion_protection  = var.deletion_protection
  ingress              = local.ingress[var.ingress]
  invoker_iam_disabled = var.is_open
  default_uri_disabled = var.is_open

  dynamic "binary_authorization" {
    for_each = var.binary_authorization ? [true] : []
    content {
      use_default = true
    }
  }

  template {
    labels                           = var.labels
    service_account                  = google_service_account.main.email
    timeout                          = "${var.resources.timeout_seconds}s"
    execution_environment            = "EXECUTION_ENVIRONMENT_GEN1"
    max_instance_request_concurrency = var.resources.concurrency

    scaling {
      min_instance_count = var.resources.instances_min
      max_instance_count = var.resources.instances_max
    }

    containers {
      image = var.image

      resources {
        limits = { cpu = var.resources.cpu, memory = "${var.resources.memory_mib}Mi" }
        # Unless this is written, the CPU is billed all the time.
        cpu_idle          = true
        startup_cpu_boost = true
      }

      ports {
        container_port = 8080
      }

      # Ready is listening, and what cannot serve exits: no liveness probe. The default probe asks every 240 seconds.
      startup_probe {
        period_seconds        = 1
        timeout_seconds       = 1
        failure_threshold     = 10
        initial_delay_seconds = 0
        http_get {
          path = "/health"
          port = 8080
        }
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

  traffic {
    type    = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
    percent = 100
  }

  lifecycle {
    ignore_changes = [client, client_version, template[0].containers[0].image]
  }

  # An instance starts only where its secrets can be read and its login exists.
  depends_on = [
    google_project_iam_member.database,
    google_secret_manager_secret_iam_member.database_ca,
    google_secret_manager_secret_iam_member.database_url,
    google_secret_manager_secret_iam_member.main,
    google_sql_user.main,
  ]
}
