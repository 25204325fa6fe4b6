# Who the function is, and which secrets it may read: those it names and no other.
resource "google_service_account" "main" {
  project      = var.project_id
  account_id   = "${var.prefix}-${var.name}"
  display_name = "Streamly ${var.name}"
}

resource "google_secret_manager_secret_iam_member" "main" {
  for_each = var.secrets

  project   = var.project_id
  secret_id = each.value.secret_id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.main.member
}

resource "google_project_iam_member" "database" {
  count = var.database == null ? 0 : 1

  project = var.project_id
  role    = "roles/cloudsql.client"
  member  = google_service_account.main.member
}
