variable "images" {
  description = "The image of every function and job, by digest, as scripts/package prints them."
  type        = map(string)
}

variable "project_id" {
  description = "The project."
  type        = string
}

variable "region" {
  description = "The region, such as europe-west1."
  type        = string
}

variable "secret_values" {
  description = "The values of the secrets, by variable name; needed only when a version is raised. Set TF_VAR_secret_values from a vault."
  type        = map(string)
  default     = {}
  ephemeral   = true
}
