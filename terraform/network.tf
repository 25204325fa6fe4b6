# A network of its own, where the database has a private address: functions reach it directly, without a connector.
resource "google_compute_network" "main" {
  count = local.is_private ? 1 : 0

  project                 = var.project_id
  name                    = "${var.prefix}-main"
  auto_create_subnetworks = false

  depends_on = [google_project_service.main]
}

# About two addresses an instance of a function.
resource "google_compute_subnetwork" "main" {
  count = local.is_private ? 1 : 0

  project                  = var.project_id
  name                     = "${var.prefix}-functions"
  region                   = var.region
  network                  = google_compute_network.main[0].id
  ip_cidr_range            = var.database.functions_range
  private_ip_google_access = true
}

resource "google_compute_global_address" "database" {
  count = local.is_private ? 1 : 0

  project       = var.project_id
  name          = "${var.prefix}-database"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  prefix_length = 20
  network       = google_compute_network.main[0].id
}

resource "google_service_networking_connection" "main" {
  count = local.is_private ? 1 : 0

  network                 = google_compute_network.main[0].id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.database[0].name]
}
