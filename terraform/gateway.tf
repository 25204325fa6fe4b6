# The default edge: API Gateway, which routes by the project's one OpenAPI document. It takes the caller's token out of
# `Authorization` and puts its own identity there, so that services stay closed to everybody else.
locals {
  is_gateway = var.edge == "api_gateway"
}

module "document" {
  source = "./modules/document"

  backends = {
    for name, service in local.services : name => {
      address          = module.function[name].service_url
      deadline_seconds = service.asks ? 25 : 15
    }
  }
  edge_token_check = var.edge_token_check ? {
    issuer   = var.tokens.issuer
    audience = var.tokens.audience
    jwks_url = "https://storage.googleapis.com/${one(google_storage_bucket.public[*].name)}/${one(google_storage_bucket_object.jwks[*].name)}"
  } : null
}

resource "google_service_account" "gateway" {
  count = local.is_gateway ? 1 : 0

  project      = var.project_id
  account_id   = "${var.prefix}-gateway"
  display_name = "Streamly gateway"
}

resource "google_api_gateway_api" "main" {
  provider = google-beta
  count    = local.is_gateway ? 1 : 0

  project = var.project_id
  api_id  = "${var.prefix}-api"
  labels  = var.labels

  depends_on = [google_project_service.main]
}

# The API is a service of its own, which has to be switched on in the project that calls it.
resource "google_project_service" "api" {
  count = local.is_gateway ? 1 : 0

  project            = var.project_id
  service            = google_api_gateway_api.main[0].managed_service
  disable_on_destroy = false
}

# A config never changes: another document is another config, and the gateway moves over before the former goes.
resource "google_api_gateway_api_config" "main" {
  provider = google-beta
  count    = local.is_gateway ? 1 : 0

  project       = var.project_id
  api           = google_api_gateway_api.main[0].api_id
  api_config_id = "${var.prefix}-${substr(sha256(module.document.contents), 0, 12)}"
  labels        = var.labels

  openapi_documents {
    document {
      path     = "openapi.json"
      contents = base64encode(module.document.contents)
    }
  }

  gateway_config {
    backend_config {
      google_service_account = google_service_account.gateway[0].email
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_api_gateway_gateway" "main" {
  provider = google-beta
  count    = local.is_gateway ? 1 : 0

  project    = var.project_id
  region     = var.gateway_region == null ? var.region : var.gateway_region
  gateway_id = "${var.prefix}-gateway"
  api_config = google_api_gateway_api_config.main[0].id
  labels     = var.labels
}

# The public keys, for the gateway's own check: its host name is unknown while its config is written, so it cannot ask
# login for them.
resource "google_storage_bucket" "public" {
  count = var.edge_token_check ? 1 : 0

  project                     = var.project_id
  name                        = "${var.project_id}-${var.prefix}-keys"
  location                    = var.region
  labels                      = var.labels
  uniform_bucket_level_access = true
}

resource "google_storage_bucket_iam_member" "public" {
  count = var.edge_token_check ? 1 : 0

  bucket = google_storage_bucket.public[0].name
  role   = "roles/storage.objectViewer"
  member = "allUsers"
}

resource "google_storage_bucket_object" "jwks" {
  count = var.edge_token_check ? 1 : 0

  bucket        = google_storage_bucket.public[0].name
  name          = "jwks.json"
  content       = var.tokens.verify_keys
  content_type  = "application/json"
  cache_control = "public, max-age=300"
}
