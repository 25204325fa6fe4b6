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
