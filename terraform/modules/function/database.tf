# The function's own login. Its password is made while Terraform applies, goes to the database and to the secret in one
# step, and stands in neither plan nor state. Letters and digits only, so that no form of a connection string has to
# escape it.
ephemeral "random_password" "database" {
  count = var.database == null ? 0 : 1

  length  = 40
  special = false
}

resource "google_sql_user" "main" {
  count = var.database == null ? 0 : 1

  project             = var.project_id
  instance            = var.database.instance
  name                = var.name
  type                = "BUILT_IN"
  database_roles      = [var.database.role]
  password_wo         = ephemeral.random_password.database[0].result
  password_wo_version = var.database.generation
}

resource "google_secret_manager_secret" "database_url" {
  count = var.database == null ? 0 : 1

  project             = var.project_id
  secret_id           = "${var.prefix}-${var.name}-database-url"
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "database_url" {
  count = var.database == null ? 0 : 1

  secret = google_secret_manager_secret.database_url[0].id
  secret_data_wo = join(" ", [
    var.database.address,
    "user=${var.name}",
    "password=${ephemeral.random_password.database[0].result}",
    "dbname=${var.database.name}",
  ])
  secret_data_wo_version = tostring(var.database.generation)
}

resource "google_secret_manager_secret_iam_member" "database_url" {
  count = var.database == null ? 0 : 1

  project   = var.project_id
  secret_id = google_secret_manager_secret.database_url[0].secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.main.member
}

resource "google_secret_manager_secret_iam_member" "database_ca" {
  count = try(var.database.volume, null) == "ca" ? 1 : 0

  project   = var.project_id
  secret_id = var.database.ca_secret.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.main.member
}

locals {
  ca_folder = "/secrets/database"
  ca_file   = "server-ca.pem"

  # In one sorted map, so that a plan shows only what changed.
  environment = merge(
    var.environment,
    { GCP_PROJECT_ID = var.project_id },
    try(var.database.pool_size, null) == null ? {} : { DATABASE_POOL_SIZE = tostring(var.database.pool_size) },
    try(var.database.volume, null) == "ca" ? { DATABASE_CA_FILE = "${local.ca_folder}/${local.ca_file}" } : {},
  )
  secrets = merge(
    var.secrets,
    var.database == null ? {} : {
      DATABASE_URL = {
        secret_id = one(google_secret_manager_secret.database_url[*].secret_id)
        version   = one(google_secret_manager_secret_version.database_url[*].version)
      }
    },
  )
  volumes = {
    socket = try(var.database.volume, null) == "socket" ? [var.database.connection_name] : []
    ca     = try(var.database.volume, null) == "ca" ? [var.database.ca_secret] : []
  }
  # Whoever reaches the database by its address does so from its network.
  networks = try(var.database.volume, null) == "ca" ? [var.database.network] : []
}
