# The whole house, planned or applied against stand-ins of the providers. `random` is the real one, since ephemeral
# resources cannot be mocked.
mock_provider "google" {
  source = "./tests/google"
}

mock_provider "google-beta" {
  source = "./tests/google_beta"
}

variables {
  # Without a default in a test, however the variable is declared.
  secret_values = {}
}

run "behind_the_gateway_services_answer_the_gateway_alone" {
  command = apply

  assert {
    condition     = alltrue([for name in local.routed : join(" ", keys(local.invokers[name])) == "gateway"]) && local.ingress == "all"
    error_message = "the gateway's account must be the only invoker of what it routes to"
  }
  assert {
    condition     = local.values.AUTH_TOKEN_HEADER == "x-forwarded-authorization"
    error_message = "the gateway moves the caller's token to X-Forwarded-Authorization"
  }
  assert {
    condition     = length(google_compute_url_map.main) == 0 && length(google_api_gateway_gateway.main) == 1
    error_message = "there is one edge"
  }
  assert {
    condition     = startswith(google_api_gateway_api_config.main[0].api_config_id, "streamly-")
    error_message = "a config's id carries the hash of its document"
  }
  assert {
    condition     = output.edge_address == "streamly-gateway-0123456789.ew.gateway.dev"
    error_message = "the edge's address is the gateway's host name"
  }
}

run "what_the_edge_does_not_route_answers_the_scheduler_alone" {
  command = apply

  assert {
    condition     = !contains(local.routed, "mailer") && join(" ", keys(local.invokers.mailer)) == "scheduler"
    error_message = "mails are sent when the scheduler says so, and by nobody else"
  }
}

run "the_rendered_document_has_an_address_for_each_function_and_no_security" {
  command = apply

  assert {
    condition     = alltrue(flatten([for members in values(jsondecode(module.document.contents).paths) : [for operation in values(members) : !can(operation.security)]]))
    error_message = "the gateway must not check tokens unless it is asked to"
  }
  assert {
    condition     = alltrue([for backend in values(jsondecode(module.document.contents)["x-google-api-management"].backends) : backend.pathTranslation == "APPEND_PATH_TO_ADDRESS" && startswith(backend.address, "https://")])
    error_message = "every backend keeps the path and is reached by TLS"
  }
  assert {
    condition     = jsondecode(module.document.contents)["x-google-api-management"].backends.checkout.deadline == 25 && jsondecode(module.document.contents)["x-google-api-management"].backends.login.deadline == 15
    error_message = "the gateway waits longer for what asks a provider"
  }
}

run "the_gateway_checks_tokens_where_it_is_asked_to" {
  command = apply

  variables {
    edge_token_check = true
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"key-1\",\"x\":\"x\",\"y\":\"y\"}]}"
    }
  }

  assert {
    condition     = can(jsondecode(module.document.contents).paths["/v1/checkout"].post["x-google-auth"].jwtLocations[0].header)
    error_message = "a route that always wants a token must say where it stands"
  }
  assert {
    condition     = !can(jsondecode(module.document.contents).paths["/v1/videos/{video_id}/playback"].get["x-google-auth"]) && !can(jsondecode(module.document.contents).paths["/v1/checkout"].options["x-google-auth"])
    error_message = "where a token may be missing, and in a preflight, the gateway must not want one"
  }
}

run "behind_the_balancer_services_are_closed_by_network" {
  command = apply

  variables {
    edge          = "load_balancer"
    load_balancer = { domains = ["api.example.com"] }
  }

  assert {
    condition     = local.ingress == "internal-and-load-balancer" && alltrue([for name in local.routed : length(local.invokers[name]) == 0])
    error_message = "services must be reached through the balancer alone"
  }
  assert {
    condition     = local.values.AUTH_TOKEN_HEADER == "authorization" && local.values.GEO_COUNTRY_HEADER == "x-client-region"
    error_message = "the balancer leaves the caller's token where it is, and names the country"
  }
  assert {
    condition     = length(google_api_gateway_gateway.main) == 0 && length(google_compute_backend_service.main) == length(local.routed)
    error_message = "there is one edge, with a backend for each routed function"
  }
  assert {
    condition     = alltrue([for rule in google_compute_url_map.main[0].path_matcher[0].route_rules : !strcontains(rule.match_rules[0].path_template_match, "{")])
    error_message = "a part of a path to fill is written as *"
  }
  assert {
    condition     = google_compute_backend_service.main["login"].security_policy == google_compute_security_policy.main["guessed"].id && google_compute_backend_service.main["playback"].security_policy == google_compute_security_policy.main["main"].id
    error_message = "where passwords are guessed the policy is the stricter one"
  }
}

run "a_balancer_without_a_name_is_refused" {
  command = plan

  variables {
    edge = "load_balancer"
  }

  expect_failures = [var.edge]
}

run "the_gateways_check_wants_the_keys" {
  command = plan

  variables {
    edge_token_check = true
  }

  expect_failures = [var.edge_token_check]
}
