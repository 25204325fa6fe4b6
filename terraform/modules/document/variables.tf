variable "backends" {
  description = "The functions by name: where each is reached, and how many seconds the gateway waits for it."
  type        = map(object({ address = string, deadline_seconds = number }))
  nullable    = false
}

variable "edge_token_check" {
  description = "Whose tokens the gateway checks itself on routes that always want one; null, the default, leaves the check to the functions."
  type        = object({ issuer = string, audience = string, jwks_url = string })
  default     = null
}
