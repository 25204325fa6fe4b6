# One Postgres. Functions reach it through Cloud SQL's socket, or by its private address.
locals {
  is_private = var.database.connectivity == "private_ip"

  database_host = trimsuffix(try(
    [for name in google_sql_database_instance.main.dns_names : name.name if name.connection_type == "PRIVATE_SERVICES_ACCESS"][0],
    google_sql_database_instance.main.dns_name,
  ), ".")

  # What each login has in common; a function adds its role.
  database = {
    instance        = google_sql_database_instance.main.name
    connection_name = google_sql_database_instance.main.connection_name
    name            = google_sql_database.main.name
    generation      = var.generations.database_passwords
    volume          = local.is_private ? "ca" : "socket"
    # By its address, under the name that its certificate carries.
    address = local.is_private ? join(" ", [
      "host=${local.database_host}",
      "hostaddr=${google_sql_database_instance.main.private_ip_address}",
      "sslmode=verify-full",
    ]) : "host=/cloudsql/${google_sql_database_instance.main.connection_name}"
    ca_secret = local.is_private ? {
      secret_id = google_secret_manager_secret.database_ca[0].secret_id
      version   = google_secret_manager_secret_version.database_ca[0].version
    } : null
    network = local.is_private ? {
      network    = google_compute_network.main[0].id
      subnetwork = google_compute_subnetwork.main[0].id
    } : null
  }

  # During a rollout the former and the new revision both hold their connections; a job holds one; five are for
  # PostgreSQL's reserve and for an operator.
  service_connections = sum([for function in values(local.services) : function.resources.instances_max * function.pool_size if function.role != null])
  job_connections     = length([for function in values(local.jobs) : function if function.role != null]) + 1
  connections         = 2 * local.service_connections + local.job_connections + 5
}

resource "google_sql_database_instance" "main" {
  project             = var.project_id
  name                = "${var.prefix}-${var.database.instance}"
  region              = var.region
  database_version    = var.database.version
  deletion_protection = var.deletion_protection

  settings {
    tier = var.database.tier
    # From PostgreSQL 16 on the default is Enterprise Plus, which refuses these tiers.
    edition                     = "ENTERPRISE"
    availability_type           = var.database.is_regional ? "REGIONAL" : "ZONAL"
    disk_size                   = var.database.disk_gb
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection
    user_labels                 = var.labels

    database_flags {
      name  = "max_connections"
      value = tostring(var.database.connections_max)
    }

    backup_configuration {
      enabled                        = true
      point_in_time_recovery_enabled = true
      start_time                     = "03:00"
      transaction_log_retention_days = 7
      backup_retention_settings {
        retained_backups = var.database.backups
        retention_unit   = "COUNT"
      }
    }

    insights_config {
      query_insights_enabled  = true
      record_application_tags = false
      record_client_address   = false
      query_plans_per_minute  = 5
      query_string_length     = 1024
    }

    ip_configuration {
      # The socket's proxy wants a public address, to which no network is authorized.
      ipv4_enabled    = !local.is_private
      private_network = local.is_private ? google_compute_network.main[0].id : null
      ssl_mode        = "ENCRYPTED_ONLY"
      # The first-generation environment's socket knows this authority alone; a certificate that names the host comes
      # from the other.
      server_ca_mode = local.is_private ? "GOOGLE_MANAGED_CAS_CA" : "GOOGLE_MANAGED_INTERNAL_CA"
    }

    maintenance_window {
      day          = 2
      hour         = 4
      update_track = "stable"
    }
  }

  lifecycle {
    precondition {
      condition     = local.connections <= 0.8 * var.database.connections_max
      error_message = "The functions may open ${local.connections} connections (2 x ${local.service_connections} of services + ${local.job_connections} of jobs + 5), which is more than 0.8 of database.connections_max = ${var.database.connections_max}. Raise database.connections_max to ${ceil(local.connections / 0.8)} and choose a tier that carries it, or lower functions[...].instances_max or pool_size."
    }

    precondition {
      condition     = local.is_private || length("${var.project_id}:${var.region}:${var.prefix}-${var.database.instance}") <= 81
      error_message = "The connection name ${var.project_id}:${var.region}:${var.prefix}-${var.database.instance} is longer than 81 bytes, so the path of its socket would not fit into the 107 that Linux allows. Shorten prefix or database.instance."
    }
  }

  depends_on = [google_project_service.main, google_service_networking_connection.main]
}

resource "google_sql_database" "main" {
  project         = var.project_id
  instance        = google_sql_database_instance.main.name
  name            = "streamly"
  deletion_policy = "ABANDON"
}

# The authority that signed the server's certificate: no secret, but a file is mounted from one.
resource "google_secret_manager_secret" "database_ca" {
  count = local.is_private ? 1 : 0

  project             = var.project_id
  secret_id           = "${var.prefix}-database-ca"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.main]
}

resource "google_secret_manager_secret_version" "database_ca" {
  count = local.is_private ? 1 : 0

  secret          = google_secret_manager_secret.database_ca[0].id
  secret_data     = google_sql_database_instance.main.server_ca_cert[0].cert
  deletion_policy = "DISABLE"

  lifecycle {
    create_before_destroy = true
  }
}
