# The other edge: an external application load balancer with Cloud Armor, for limits per address, a domain of one's own and
# the viewer's country. It routes by the same document.
locals {
  is_balancer = var.edge == "load_balancer"
  balanced    = local.is_balancer ? toset([for name in keys(local.services) : name if contains(local.routed, name)]) : toset([])

  # What one address may do in a minute; thresholds count per function. Who guesses is shut out for a while.
  policies = {
    main = {
      description             = "So many requests a minute from one address."
      requests_per_minute_max = var.load_balancer.requests_per_minute_max
      ban_seconds             = null
    }
    guessed = {
      description             = "Who guesses is shut out for a while."
      requests_per_minute_max = var.load_balancer.credentials_per_minute_max
      ban_seconds             = 600
    }
  }

  # Where passwords and accounts are asked for.
  guessed = toset([for name in ["email", "login", "password", "register"] : name if contains(local.balanced, name)])

  # `{video_id}` is any one part of a path here. Paths without a part to fill come first, so that a literal wins.
  balanced_paths = {
    for path, function in module.document.paths :
    "${strcontains(path, "{") ? "b" : "a"} ${path}" => { function = function, template = replace(path, "/\\{[^}]*\\}/", "*") }
    if contains(local.balanced, function)
  }
}

resource "google_compute_region_network_endpoint_group" "main" {
  for_each = local.balanced

  project               = var.project_id
  name                  = "${var.prefix}-${each.key}"
  region                = var.region
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = module.function[each.key].service_name
  }

  depends_on = [google_project_service.main]
}

resource "google_compute_backend_service" "main" {
  for_each = local.balanced

  project                = var.project_id
  name                   = "${var.prefix}-${each.key}"
  load_balancing_scheme  = "EXTERNAL_MANAGED"
  protocol               = "HTTPS"
  security_policy        = google_compute_security_policy.main[contains(local.guessed, each.key) ? "guessed" : "main"].id
  custom_request_headers = var.load_balancer.names_country ? ["X-Client-Region: {client_region}"] : []

  backend {
    group = google_compute_region_network_endpoint_group.main[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 1
  }
}

resource "google_compute_security_policy" "main" {
  for_each = local.is_balancer ? local.policies : {}

  project = var.project_id
  name    = "${var.prefix}-${each.key}"

  rule {
    description = each.value.description
    priority    = 1000
    action      = each.value.ban_seconds == null ? "throttle" : "rate_based_ban"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
    rate_limit_options {
      conform_action   = "allow"
      exceed_action    = "deny(429)"
      enforce_on_key   = "IP"
      ban_duration_sec = each.value.ban_seconds
      rate_limit_threshold {
        count        = each.value.requests_per_minute_max
        interval_sec = 60
      }
      dynamic "ban_threshold" {
        for_each = each.value.ban_seconds == null ? [] : [4 * each.value.requests_per_minute_max]
        content {
          count        = ban_threshold.value
          interval_sec = 60
        }
      }
    }
  }

  rule {
    description = "Everything else."
    priority    = 2147483647
    action      = "allow"
    match {
      versioned_expr = "SRC_IPS_V1"
      config {
        src_ip_ranges = ["*"]
      }
    }
  }
}

resource "google_compute_url_map" "main" {
  count = local.is_balancer ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-main"
  # What no rule names goes to a function that answers 404 in the house's own form.
  default_service = google_compute_backend_service.main["login"].id

  host_rule {
    hosts        = var.load_balancer.domains
    path_matcher = "functions"
  }

  path_matcher {
    name            = "functions"
    default_service = google_compute_backend_service.main["login"].id

    dynamic "route_rules" {
      for_each = [for key in sort(keys(local.balanced_paths)) : local.balanced_paths[key]]
      content {
        priority = route_rules.key + 1
        service  = google_compute_backend_service.main[route_rules.value.function].id
        match_rules {
          path_template_match = route_rules.value.template
        }
      }
    }
  }
}

# Plain HTTP is sent to HTTPS.
resource "google_compute_url_map" "redirect" {
  count = local.is_balancer ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-redirect"

  default_url_redirect {
    https_redirect         = true
    redirect_response_code = "PERMANENT_REDIRECT"
    strip_query            = false
  }
}

resource "google_compute_global_address" "edge" {
  count = local.is_balancer ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-edge"

  depends_on = [google_project_service.main]
}

resource "google_compute_managed_ssl_certificate" "main" {
  count = local.is_balancer ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-${substr(sha256(join(",", var.load_balancer.domains)), 0, 8)}"

  managed {
    domains = var.load_balancer.domains
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_ssl_policy" "main" {
  count = local.is_balancer ? 1 : 0

  project         = var.project_id
  name            = "${var.prefix}-main"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.main]
}

resource "google_compute_target_https_proxy" "main" {
  count = local.is_balancer ? 1 : 0

  project          = var.project_id
  name             = "${var.prefix}-main"
  url_map          = google_compute_url_map.main[0].id
  ssl_certificates = [google_compute_managed_ssl_certificate.main[0].id]
  ssl_policy       = google_compute_ssl_policy.main[0].id
}

resource "google_compute_target_http_proxy" "redirect" {
  count = local.is_balancer ? 1 : 0

  project = var.project_id
  name    = "${var.prefix}-redirect"
  url_map = google_compute_url_map.redirect[0].id
}

resource "google_compute_global_forwarding_rule" "https" {
  count = local.is_balancer ? 1 : 0

  project               = var.project_id
  name                  = "${var.prefix}-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.edge[0].id
  port_range            = "443"
  target                = google_compute_target_https_proxy.main[0].id
  labels                = var.labels
}

resource "google_compute_global_forwarding_rule" "http" {
  count = local.is_balancer ? 1 : 0

  project               = var.project_id
  name                  = "${var.prefix}-http"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.edge[0].id
  port_range            = "80"
  target                = google_compute_target_http_proxy.redirect[0].id
  labels                = var.labels
}
