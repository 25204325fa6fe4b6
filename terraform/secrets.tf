# Secrets: what the operator supplies, and what is made here. Values are write-only, so neither plan nor state ever holds
# one, and every reference pins a version, so that a new instance runs on what its neighbours run on.
locals {
  # What a provider that is off would need.
  secrets_off = toset(concat(
    var.video.mux == null ? ["MUX_PRIVATE_KEY", "MUX_WEBHOOK_SECRET"] : [],
    var.video.cloudflare == null ? ["CLOUDFLARE_STREAM_PRIVATE_KEY", "CLOUDFLARE_WEBHOOK_SECRET"] : [],
  ))

  # Public keys that are not given here stand beside the private one.
  verify_keys_secret = var.tokens.verify_keys == null ? ["JWT_VERIFY_KEYS"] : []

  generated = toset(["REFRESH_TOKEN_KEY"])
  supplied  = setsubtract(toset(flatten([for function in local.functions : tolist(function.secrets)])), local.generated)
  managed   = toset([for name in local.supplied : name if try(var.secrets[name].managed, false)])

  secret_ids = { for name in setunion(local.supplied, local.generated) : name => "${var.prefix}-${lower(replace(name, "_", "-"))}" }

  # By name, what a function refers to.
  secrets = merge(
    { for name in setsubtract(local.supplied, local.managed) : name => { secret_id = local.secret_ids[name], version = try(var.secrets[name].version, "1") } },
    { for name in local.managed : name => { secret_id = google_secret_manager_secret.main[name].secret_id, version = google_secret_manager_secret_version.supplied[name].version } },
    { for name in local.generated : name => { secret_id = google_secret_manager_secret.main[name].secret_id, version = google_secret_manager_secret_version.refresh_key.version } },
  )
}

resource "google_secret_manager_secret" "main" {
  for_each = setunion(local.managed, local.generated)

  project             = var.project_id
  secret_id           = local.secret_ids[each.key]
  labels              = var.labels
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }

  depends_on = [google_project_service.main]
}

resource "google_secret_manager_secret_version" "supplied" {
  for_each = local.managed

  secret                 = google_secret_manager_secret.main[each.key].id
  secret_data_wo         = try(var.secret_values[each.key], null)
  secret_data_wo_version = var.secrets[each.key].version
  # Instances of the former revision read the former version until they are gone; an operator can enable it again.
  deletion_policy = "DISABLE"

  lifecycle {
    create_before_destroy = true
  }
}

# 32 letters and digits, about 190 bits: the function wants 32 bytes in base64.
ephemeral "random_password" "refresh_key" {
  length  = 32
  special = false
}

resource "google_secret_manager_secret_version" "refresh_key" {
  secret                 = google_secret_manager_secret.main["REFRESH_TOKEN_KEY"].id
  secret_data_wo         = base64encode(ephemeral.random_password.refresh_key.result)
  secret_data_wo_version = tostring(var.generations.refresh_token_key)
  deletion_policy        = "DISABLE"

  lifecycle {
    create_before_destroy = true
  }
}
