# Every value that is refused where it stands, one by one: a run with two faults would hold with either check gone. The
# last run gives each bound its last good value.
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

run "verification_of_addresses_is_optional_or_required" {
  command = plan

  variables {
    accounts = { email_verification = "maybe" }
  }

  expect_failures = [var.accounts]
}

run "a_password_may_be_too_short" {
  command = plan

  variables {
    accounts = { password_length_min = 7 }
  }

  expect_failures = [var.accounts]
}

run "a_password_may_be_too_long" {
  command = plan

  variables {
    accounts = { password_length_min = 257 }
  }

  expect_failures = [var.accounts]
}

run "a_page_without_tls_is_refused" {
  command = plan

  variables {
    app = {
      checkout_cancel_url  = "http://app.example.com/plans"
      checkout_success_url = "https://app.example.com/welcome"
      origins              = ["https://app.example.com"]
      portal_return_url    = "https://app.example.com/account"
      public_url           = "https://app.example.com"
    }
  }

  expect_failures = [var.app]
}

run "an_origin_has_no_path" {
  command = plan

  variables {
    app = {
      checkout_cancel_url  = "https://app.example.com/plans"
      checkout_success_url = "https://app.example.com/welcome"
      origins              = ["https://app.example.com/"]
      portal_return_url    = "https://app.example.com/account"
      public_url           = "https://app.example.com"
    }
  }

  expect_failures = [var.app]
}

run "without_a_plan_nothing_is_sold" {
  command = plan

  variables {
    billing = { plans = [] }
  }

  expect_failures = [var.billing]
}

run "a_plan_is_named_once" {
  command = plan

  variables {
    billing = {
      plans = [
        { slug = "basic", name = "Basic", price_id = "price_one", tier = "basic", amount_minor = 900, currency = "eur", interval = "month" },
        { slug = "basic", name = "Basic", price_id = "price_two", tier = "basic", amount_minor = 900, currency = "eur", interval = "month" },
      ]
    }
  }

  expect_failures = [var.billing]
}

run "a_price_belongs_to_one_plan" {
  command = plan

  variables {
    billing = {
      plans = [
        { slug = "basic", name = "Basic", price_id = "price_one", tier = "basic", amount_minor = 900, currency = "eur", interval = "month" },
        { slug = "premium", name = "Basic", price_id = "price_one", tier = "basic", amount_minor = 900, currency = "eur", interval = "month" },
      ]
    }
  }

  expect_failures = [var.billing]
}

run "an_interval_is_one_of_stripes" {
  command = plan

  variables {
    billing = {
      plans = [
        { slug = "basic", name = "Basic", price_id = "price_one", tier = "basic", amount_minor = 900, currency = "eur", interval = "fortnight" },
      ]
    }
  }

  expect_failures = [var.billing]
}

run "a_currency_is_three_small_letters" {
  command = plan

  variables {
    billing = {
      plans = [
        { slug = "basic", name = "Basic", price_id = "price_one", tier = "basic", amount_minor = 900, currency = "EUR", interval = "month" },
      ]
    }
  }

  expect_failures = [var.billing]
}

run "a_database_is_reached_by_socket_or_privately" {
  command = plan

  variables {
    database = { connectivity = "public" }
  }

  expect_failures = [var.database]
}

run "a_range_has_room_for_instances" {
  command = plan

  variables {
    database = { functions_range = "10.8.0.0/27" }
  }

  expect_failures = [var.database]
}

run "a_range_is_a_range" {
  command = plan

  variables {
    database = { functions_range = "10.8.0.0" }
  }

  expect_failures = [var.database]
}

run "an_old_postgres_is_refused" {
  command = plan

  variables {
    database = { version = "POSTGRES_14" }
  }

  expect_failures = [var.database]
}

run "a_repository_has_an_owner" {
  command = plan

  variables {
    deployer = { repository = "streamly" }
  }

  expect_failures = [var.deployer]
}

run "a_branch_is_named_in_full" {
  command = plan

  variables {
    deployer = { repository = "streamly/streamly", ref = "main" }
  }

  expect_failures = [var.deployer]
}

run "there_are_two_edges" {
  command = plan

  variables {
    edge = "none"
  }

  expect_failures = [var.edge]
}

run "what_is_no_function_is_named" {
  command = plan

  variables {
    functions = { play = { instances_max = 1 } }
  }

  expect_failures = [var.functions]
}

run "a_pool_has_a_connection" {
  command = plan

  variables {
    functions = { playback = { pool_size = 0 } }
  }

  expect_failures = [var.functions]
}

run "a_pool_has_an_end" {
  command = plan

  variables {
    functions = { playback = { pool_size = 101 } }
  }

  expect_failures = [var.functions]
}

run "a_function_without_an_image_is_named" {
  command = plan

  variables {
    images = { login = "europe-west1-docker.pkg.dev/streamly-test/streamly/login@sha256:0000000000000000000000000000000000000000000000000000000000000001" }
  }

  expect_failures = [var.images]
}

run "a_sender_has_an_address" {
  command = plan

  variables {
    mail_from = "Streamly"
  }

  expect_failures = [var.mail_from]
}

run "a_prefix_is_in_small_letters" {
  command = plan

  variables {
    prefix = "Streamly"
  }

  expect_failures = [var.prefix]
}

run "a_prefix_leaves_room_for_names" {
  command = plan

  variables {
    prefix = "streamly12345"
  }

  expect_failures = [var.prefix]
}

run "a_project_is_named_by_its_id" {
  command = plan

  variables {
    project_id = "123456"
  }

  expect_failures = [var.project_id]
}

run "a_region_is_no_zone" {
  command = plan

  variables {
    region = "europe-west1-b"
  }

  expect_failures = [var.region]
}

run "a_version_of_a_secret_is_a_number" {
  command = plan

  variables {
    secrets = { STRIPE_SECRET_KEY = { version = "latest" } }
  }

  expect_failures = [var.secrets]
}

run "a_secret_that_nobody_reads_is_named" {
  command = plan

  variables {
    secrets = { UNREAD = {} }
  }

  expect_failures = [var.secrets]
}

run "the_public_keys_hold_the_one_that_signs" {
  command = plan

  variables {
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kid\":\"key-2\"}]}"
    }
  }

  expect_failures = [var.tokens]
}

run "a_private_key_among_the_public_ones_is_refused" {
  command = plan

  variables {
    tokens = {
      audience       = "https://api.example.com"
      issuer         = "https://api.example.com"
      signing_key_id = "key-1"
      verify_keys    = "{\"keys\":[{\"kid\":\"key-1\",\"d\":\"secret\"}]}"
    }
  }

  expect_failures = [var.tokens]
}

run "hops_are_not_negative" {
  command = plan

  variables {
    trusted_proxy_hops = -1
  }

  expect_failures = [var.trusted_proxy_hops]
}

run "hops_are_at_most_five" {
  command = plan

  variables {
    trusted_proxy_hops = 6
  }

  expect_failures = [var.trusted_proxy_hops]
}

run "an_image_by_tag_is_refused" {
  command = plan

  variables {
    images = { for name, image in var.images : name => replace(image, "/@sha256:.*/", ":latest") }
  }

  expect_failures = [var.images]
}

run "the_last_good_values_are_taken" {
  command = plan

  variables {
    accounts           = { email_verification = "required", password_length_min = 256 }
    database           = { functions_range = "10.8.0.0/26", version = "POSTGRES_15", connections_max = 1000 }
    deployer           = { repository = "streamly/streamly", ref = "refs/heads/main" }
    functions          = { playback = { pool_size = 100 }, login = { pool_size = 1 } }
    prefix             = "streamly1234"
    trusted_proxy_hops = 5
  }

  assert {
    condition     = local.functions.playback.pool_size == 100 && local.functions.login.pool_size == 1
    error_message = "what stands at a bound is taken as it is"
  }
}
