# Deployments from GitHub Actions without a key: GitHub says which repository and branch asks, and only ours is heard.
resource "google_iam_workload_identity_pool" "main" {
  count = var.deployer == null ? 0 : 1

  project                   = var.project_id
  workload_identity_pool_id = "${var.prefix}-deployers"
  display_name              = "Streamly deployers"

  depends_on = [google_project_service.main]
}

resource "google_iam_workload_identity_pool_provider" "github" {
  count = var.deployer == null ? 0 : 1

  project                            = var.project_id
  workload_identity_pool_id          = google_iam_workload_identity_pool.main[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping = {
    "google.subject"       = "assertion.sub"
    "attribute.repository" = "assertion.repository"
  }
  attribute_condition = "assertion.repository == \"${var.deployer.repository}\" && assertion.ref == \"${var.deployer.ref}\""

  oidc {
    issuer_uri = "https://token.actions.githubusercontent.com"
  }
}

resource "google_service_account" "deployer" {
  count = var.deployer == null ? 0 : 1

  project      = var.project_id
  account_id   = "${var.prefix}-deployer"
  display_name = "Streamly deployer"
}

resource "google_service_account_iam_member" "deployer" {
  count = var.deployer == null ? 0 : 1

  service_account_id = google_service_account.deployer[0].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.main[0].name}/attribute.repository/${var.deployer.repository}"
}

# What deploying an image takes, and no more: writing it, and updating services that run as the functions.
resource "google_artifact_registry_repository_iam_member" "deployer" {
  count = var.deployer == null ? 0 : 1

  project    = var.project_id
  location   = var.region
  repository = google_artifact_registry_repository.main.repository_id
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deployer[0].member
}

resource "google_project_iam_member" "deployer" {
  count = var.deployer == null ? 0 : 1

  project = var.project_id
  role    = "roles/run.developer"
  member  = google_service_account.deployer[0].member
}

resource "google_service_account_iam_member" "deployer_acts_as" {
  for_each = var.deployer == null ? {} : merge(
    { for name, function in module.function : name => function.service_account_id },
    { migrate = module.migrate.service_account_id },
  )

  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer[0].member
}
