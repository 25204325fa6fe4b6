variable "accounts" {
  description = "How accounts are made and guarded. What is left out has the function's own default."
  type = object({
    argon2_memory_kib       = optional(number)
    argon2_time_cost        = optional(number)
    email_verification      = optional(string, "required")
    password_length_min     = optional(number, 8)
    throttle_ip_credentials = optional(string)
    throttle_ip_refresh     = optional(string)
    throttle_ip_register    = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["optional", "required"], var.accounts.email_verification)
    error_message = "accounts.email_verification must be \"optional\" or \"required\"."
  }

  validation {
    condition     = var.accounts.password_length_min >= 8 && var.accounts.password_length_min <= 256
    error_message = "accounts.password_length_min must be from 8 to 256; 15 is advised where a password is the only factor."
  }
}

variable "alerts" {
  description = "Who is told: ids of notification channels, projects/P/notificationChannels/N. Without any, alerts show in the console alone."
  type        = object({ notification_channels = optional(list(string), []) })
  default     = {}
  nullable    = false
}

variable "app" {
  description = "The pages of the app: where Stripe's pages lead back to, where mails lead, and which browser origins may call the API."
  type = object({
    checkout_cancel_url  = string
    checkout_success_url = string
    origins              = optional(list(string), [])
    portal_return_url    = string
    public_url           = string
  })
  nullable = false

  validation {
    condition     = alltrue([for url in [var.app.checkout_cancel_url, var.app.checkout_success_url, var.app.portal_return_url, var.app.public_url] : startswith(url, "https://")])
    error_message = "Every page in app must be an https:// address."
  }

  validation {
    condition     = alltrue([for origin in var.app.origins : can(regex("^https://[^/]+$", origin))])
    error_message = "app.origins must hold origins as browsers send them: https://app.example.com, without a path or a slash at the end."
  }
}

variable "billing" {
  description = "What is sold. Plans go from the smallest tier to the largest; a price of Stripe's belongs to one plan."
  type = object({
    livemode             = optional(bool, false)
    past_due_grace_days  = optional(number, 7)
    renewal_leeway_hours = optional(number, 72)
    plans = list(object({
      slug                  = string
      name                  = string
      price_id              = string
      tier                  = string
      amount_minor          = number
      currency              = string
      interval              = string
      trial_days            = optional(number)
      max_streams           = optional(number)
      max_resolution        = optional(string)
      allow_promotion_codes = optional(bool)
      automatic_tax         = optional(bool)
    }))
  })
  nullable = false

  validation {
    condition     = length(var.billing.plans) > 0 && length(distinct(var.billing.plans[*].slug)) == length(var.billing.plans) && length(distinct(var.billing.plans[*].price_id)) == length(var.billing.plans)
    error_message = "billing.plans must name at least one plan, and no slug or price_id twice."
  }

  validation {
    condition     = alltrue([for plan in var.billing.plans : contains(["day", "week", "month", "year"], plan.interval) && can(regex("^[a-z]{3}$", plan.currency))])
    error_message = "Every plan's interval must be day, week, month or year, and its currency three lower-case letters."
  }
}

variable "binary_authorization" {
  description = "Whether the project's Binary Authorization policy decides which images may run."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = <<-EOT
    The Postgres instance. `connections_max` is checked against what the functions may open together. `connectivity` is
    "socket" or "private_ip"; `functions_range` is the functions' part of the network with the latter.
  EOT
  type = object({
    backups         = optional(number, 14)
    connections_max = optional(number, 200)
    connectivity    = optional(string, "socket")
    disk_gb         = optional(number, 10)
    functions_range = optional(string, "10.8.0.0/24")
    instance        = optional(string, "main")
    is_regional     = optional(bool, false)
    tier            = optional(string, "db-custom-1-3840")
    version         = optional(string, "POSTGRES_17")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["socket", "private_ip"], var.database.connectivity)
    error_message = "database.connectivity must be \"socket\" or \"private_ip\"."
  }

  validation {
    condition     = try(tonumber(split("/", var.database.functions_range)[1]) <= 26, false) && can(cidrhost(var.database.functions_range, 0))
    error_message = "database.functions_range must be an IPv4 range of /26 or larger, such as 10.8.0.0/24: instances take about two addresses each."
  }

  validation {
    condition     = can(regex("^POSTGRES_1[5-9]$", var.database.version))
    error_message = "database.version must be POSTGRES_15 or newer."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform and Google refuse to destroy what holds state or serves."
  type        = bool
  default     = true
  nullable    = false
}

variable "deployer" {
  description = "The GitHub repository and branch that may deploy images without a key; null for none."
  type        = object({ repository = string, ref = optional(string, "refs/heads/main") })
  default     = null

  validation {
    condition     = try(can(regex("^[\\w.-]+/[\\w.-]+$", var.deployer.repository)) && startswith(var.deployer.ref, "refs/"), var.deployer == null)
    error_message = "deployer.repository must be owner/name, and deployer.ref a full ref such as refs/heads/main."
  }
}

variable "edge" {
  description = "What stands in front: \"api_gateway\", or \"load_balancer\" with Cloud Armor."
  type        = string
  default     = "api_gateway"
  nullable    = false

  validation {
    condition     = contains(["api_gateway", "load_balancer"], var.edge)
    error_message = "edge must be \"api_gateway\" or \"load_balancer\"."
  }

  validation {
    condition     = var.edge != "load_balancer" || length(var.load_balancer.domains) > 0
    error_message = "edge = \"load_balancer\" needs load_balancer.domains, the names that its certificate is made for."
  }
}

variable "edge_token_check" {
  description = "Whether API Gateway checks tokens itself on routes that always want one. Its refusals are in its own form, not problem+json; the functions check all the same."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.edge_token_check || (var.edge == "api_gateway" && var.tokens.verify_keys != null)
    error_message = "edge_token_check needs edge = \"api_gateway\" and tokens.verify_keys, which it publishes for the gateway."
  }
}

variable "functions" {
  description = "What differs from the defaults for some functions, by name: 0 to 2 instances with 2 database connections each."
  type = map(object({
    instances_max = optional(number)
    instances_min = optional(number)
    pool_size     = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.functions), keys(local.house))) == 0
    error_message = "functions names what is no function: ${join(", ", setsubtract(keys(var.functions), keys(local.house)))}."
  }

  validation {
    condition     = alltrue([for function in values(var.functions) : try(function.pool_size >= 1 && function.pool_size <= 100, function.pool_size == null)])
    error_message = "functions[...].pool_size must be from 1 to 100."
  }
}

variable "gateway_region" {
  description = "The gateway's region, where API Gateway is not offered in the functions' own."
  type        = string
  default     = null
}

variable "generations" {
  description = "Numbers that make new secrets when they are raised: the database logins, and the key of refresh tokens, which signs everybody out."
  type = object({
    database_passwords = optional(number, 1)
    refresh_token_key  = optional(number, 1)
  })
  default  = {}
  nullable = false
}

variable "images" {
  description = "The image of every function and job, by digest."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(concat(keys(local.house), ["migrate"]), keys(var.images))) == 0
    error_message = "images has no entry for: ${join(", ", setsubtract(concat(keys(local.house), ["migrate"]), keys(var.images)))}. scripts/package prints all of them."
  }

  validation {
    condition     = alltrue([for image in values(var.images) : can(regex("@sha256:[0-9a-f]{64}$", image))])
    error_message = "Every image must be named by digest, …@sha256:<64 hex digits>: ${join(", ", [for name, image in var.images : name if !can(regex("@sha256:[0-9a-f]{64}$", image))])} is not."
  }
}

variable "labels" {
  description = "Labels on everything that takes them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "load_balancer" {
  description = "The other edge: its names, its limits a minute for one address, and whether functions are told the viewer's country."
  type = object({
    credentials_per_minute_max = optional(number, 60)
    domains                    = optional(list(string), [])
    names_country              = optional(bool, true)
    requests_per_minute_max    = optional(number, 1200)
  })
  default  = {}
  nullable = false
}

variable "mail_from" {
  description = "Who mails come from: an address, or a name and an address."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^([^<>@]+ <)?[^<>@ ]+@[^<>@ ]+\\.[^<>@ ]+>?$", var.mail_from))
    error_message = "mail_from must be mail@example.com, or Streamly <mail@example.com>."
  }
}

variable "manage_images" {
  description = "Whether an apply deploys the images. With false it deploys the first ones, and later ones are left to a pipeline with fewer rights."
  type        = bool
  default     = true
  nullable    = false
}

variable "prefix" {
  description = "What every name begins with, so that two deployments fit into one project."
  type        = string
  default     = "streamly"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,10}[a-z0-9]$", var.prefix))
    error_message = "prefix must be 2 to 12 lower-case letters and digits."
  }
}

variable "project_id" {
  description = "The project."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be a project's id (6 to 30 lower-case letters, digits and hyphens), not its name or number."
  }
}

variable "region" {
  description = "The region of everything that has one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region such as europe-west1, not a zone."
  }
}

variable "secret_values" {
  description = "The values of managed secrets, by variable name. They are sent when a version is raised, and never stored."
  type        = map(string)
  default     = {}
  nullable    = false
  ephemeral   = true
}

variable "secrets" {
  description = <<-EOT
    Secrets that are supplied, by variable name: STRIPE_SECRET_KEY, STRIPE_WEBHOOK_SECRET, JWT_SIGNING_KEY and so on.
    `managed` ones are created here from secret_values, anew when `version` is raised. The others are filled by hand
    before the first apply, under the id that the output secret_ids names, and `version` is the one that is read.
  EOT
  type        = map(object({ managed = optional(bool, false), version = optional(string, "1") }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", secret.version))])
    error_message = "Every version in secrets must be a number, never \"latest\"."
  }

  validation {
    condition     = length(setsubtract(keys(var.secrets), local.supplied)) == 0
    error_message = "secrets names what no function reads: ${join(", ", setsubtract(keys(var.secrets), local.supplied))}."
  }
}

variable "tokens" {
  description = <<-EOT
    Access tokens: who issues them, for whom, and the key's id. `verify_keys` is the JWK set of the public keys; null
    reads it from the secret JWT_VERIFY_KEYS, beside the private key.
  EOT
  type = object({
    audience       = string
    issuer         = string
    signing_key_id = string
    verify_keys    = optional(string)
  })
  nullable = false

  validation {
    condition     = var.tokens.verify_keys == null || try(contains(jsondecode(var.tokens.verify_keys).keys[*].kid, var.tokens.signing_key_id), false)
    error_message = "tokens.verify_keys must be a JWK set that holds the key tokens.signing_key_id."
  }

  validation {
    condition     = var.tokens.verify_keys == null || try(alltrue([for key in jsondecode(var.tokens.verify_keys).keys : !can(key.d)]), false)
    error_message = "tokens.verify_keys holds a private key. It must be replaced everywhere."
  }
}

variable "trusted_proxy_hops" {
  description = "How many entries of X-Forwarded-For the platform in front appends. Find it in one logged request after the first deployment: until then every caller shares one limit at 0."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.trusted_proxy_hops >= 0 && var.trusted_proxy_hops <= 5 && floor(var.trusted_proxy_hops) == var.trusted_proxy_hops
    error_message = "trusted_proxy_hops must be a whole number from 0 to 5."
  }
}

variable "video" {
  description = "The providers of video; null switches one off."
  type = object({
    cloudflare = optional(object({ domain = string, key_id = string }))
    mux        = optional(object({ signing_key_id = string }))
  })
  default  = {}
  nullable = false
}
