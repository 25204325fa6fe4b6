# What the project must have switched on. Nothing is switched off when this is destroyed: something else may use it.
resource "google_project_service" "main" {
  for_each = toset(concat(
    [
      "artifactregistry.googleapis.com", "cloudscheduler.googleapis.com", "iam.googleapis.com",
      "logging.googleapis.com", "monitoring.googleapis.com", "run.googleapis.com", "secretmanager.googleapis.com",
      "sqladmin.googleapis.com",
    ],
    var.edge == "api_gateway" ? ["apigateway.googleapis.com", "servicecontrol.googleapis.com", "servicemanagement.googleapis.com"] : ["compute.googleapis.com"],
    var.database.connectivity == "private_ip" ? ["compute.googleapis.com", "servicenetworking.googleapis.com"] : [],
    var.deployer == null ? [] : ["iamcredentials.googleapis.com", "sts.googleapis.com"],
    var.binary_authorization ? ["binaryauthorization.googleapis.com"] : [],
  ))

  project            = var.project_id
  service            = each.value
  disable_on_destroy = false
}
