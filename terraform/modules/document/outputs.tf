output "contents" {
  description = "The rendered document as JSON."
  value       = jsonencode(local.rendering)

  precondition {
    condition     = alltrue([for functions in values(local.functions_by_path) : length(functions) == 1])
    error_message = "These paths belong to more than one function, and a load balancer routes by path alone: ${join(", ", [for path, functions in local.functions_by_path : path if length(functions) != 1])}."
  }

  precondition {
    condition     = length(setsubtract(toset(flatten(values(local.functions_by_path))), keys(var.backends))) == 0
    error_message = "The OpenAPI document routes to functions that have no address: ${join(", ", setsubtract(toset(flatten(values(local.functions_by_path))), keys(var.backends)))}. Add them to functions.tf, or take their routes out of functions/openapi.yaml."
  }
}

output "functions" {
  description = "The functions that the document routes to."
  value       = toset(flatten(values(local.functions_by_path)))
}

output "paths" {
  description = "The function that answers each path."
  value       = { for path, functions in local.functions_by_path : path => functions[0] }
}
