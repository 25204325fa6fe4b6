variable "binary_authorization" {
  description = "Whether the project's Binary Authorization policy decides which images may run."
  type        = bool
  default     = false
  nullable    = false
}

variable "database" {
  description = <<-EOT
    The database that this function logs in to, under a login of its own that holds one role; null for a function without
    one. `address` is what stands in the connection string beside the login. `volume` is "socket" for the
    Cloud SQL socket, "ca" for the instance's CA as a file; `generation` makes a new password when it is raised.
  EOT
  type = object({
    instance        = string
    connection_name = string
    name            = string
    role            = string
    pool_size       = optional(number)
    generation      = number
    address         = string
    volume          = string
    ca_secret       = optional(object({ secret_id = string, version = string }))
    network         = optional(object({ network = string, subnetwork = string }))
  })
  default = null

  validation {
    condition     = try(contains(["socket", "ca"], var.database.volume), true)
    error_message = "database.volume must be \"socket\" or \"ca\"."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the service or job."
  type        = bool
  default     = true
  nullable    = false
}

variable "environment" {
  description = "The variables that hold no secret, by name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.environment) : !contains(["PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION"], name) && !startswith(name, "X_GOOGLE_")])
    error_message = "environment must not set PORT, K_SERVICE, K_REVISION, K_CONFIGURATION or X_GOOGLE_*: Cloud Run sets them itself."
  }
}

variable "image" {
  description = "The image, by digest."
  type        = string
  nullable    = false
}

variable "ingress" {
  description = "From where a service is reached: all, internal, or internal-and-load-balancer."
  type        = string
  default     = "all"
  nullable    = false

  validation {
    condition     = contains(["all", "internal", "internal-and-load-balancer"], var.ingress)
    error_message = "ingress must be \"all\", \"internal\" or \"internal-and-load-balancer\"."
  }
}

variable "invokers" {
  description = "Who may call the service or run the job, by a name of your choice, as IAM members. Everybody is never among them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.invokers) : !contains(["allUsers", "allAuthenticatedUsers"], member)])
    error_message = "invokers must not hold allUsers or allAuthenticatedUsers; a service that everybody may reach says so with is_open."
  }
}

variable "is_open" {
  description = "Whether Cloud Run asks for no identity, because the network in front decides who gets here."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.is_open || var.ingress != "all"
    error_message = "is_open needs an ingress other than \"all\", or the whole Internet could call the service without passing the edge."
  }
}

variable "job" {
  description = "What a job has beside a service's inputs. With run_token the job runs within the apply whenever the token changes."
  type = object({
    args        = optional(list(string), [])
    max_retries = optional(number, 1)
    run_token   = optional(string)
  })
  default  = {}
  nullable = false
}

variable "kind" {
  description = "\"service\" or \"job\"."
  type        = string
  default     = "service"
  nullable    = false

  validation {
    condition     = contains(["service", "job"], var.kind)
    error_message = "kind must be \"service\" or \"job\"."
  }
}

variable "labels" {
  description = "Labels on everything that takes them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "manage_image" {
  description = "Whether Terraform deploys the image. With false the first image is deployed and later ones are left to whoever deploys."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "The function's name, which is its folder's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z-]{1,15}[a-z]$", var.name))
    error_message = "name must be 3 to 17 lower-case letters and hyphens, so that the service account's name fits into 30 characters."
  }
}

variable "prefix" {
  description = "What every name begins with."
  type        = string
  nullable    = false
}

variable "project_id" {
  description = "The project."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region."
  type        = string
  nullable    = false
}

variable "resources" {
  description = "What an instance gets and how many there are."
  type = object({
    concurrency     = optional(number, 80)
    cpu             = optional(string, "1")
    instances_max   = optional(number, 2)
    instances_min   = optional(number, 0)
    memory_mib      = optional(number, 256)
    timeout_seconds = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.resources.instances_min <= var.resources.instances_max && var.resources.instances_max >= 1
    error_message = "resources.instances_max must be at least 1 and at least resources.instances_min."
  }

  validation {
    condition     = var.resources.concurrency >= 1 && var.resources.concurrency <= 1000
    error_message = "resources.concurrency must be from 1 to 1000."
  }

  validation {
    condition     = var.resources.timeout_seconds >= 1 && var.resources.timeout_seconds <= 3600
    error_message = "resources.timeout_seconds must be from 1 to 3600."
  }
}

variable "secrets" {
  description = "The variables that hold a secret: by name, the secret's id and the version that is pinned."
  type        = map(object({ secret_id = string, version = string }))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^[1-9][0-9]*$", secret.version))])
    error_message = "Every secret must be pinned to a numbered version: with \"latest\" a new instance may run on another key than its neighbour."
  }
}
