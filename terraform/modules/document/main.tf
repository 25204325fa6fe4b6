# The project's one OpenAPI document as API Gateway reads it: the addresses of the functions are added, `security` is
# dropped, and nothing else changes. No resource and no provider, so that anyone can render it for any addresses.
locals {
  source = yamldecode(file("${path.module}/../../../functions/openapi.yaml"))

  # Each operation by itself: the path, the method and what it says. Parameters stand on operations, never on a path, so
  # every member of a path is an operation.
  operations = merge([
    for path, members in local.source.paths : {
      for method, operation in members : "${method} ${path}" => {
        path     = path
        method   = method
        function = operation["x-google-backend"]
        # A list with one scheme in each entry wants a token; an empty list, or an empty entry, does not.
        wants_token = try(length(operation.security) > 0 && alltrue([for way in operation.security : length(way) > 0]), false)
      }
    }
  ]...)

  # Which function answers a path: the other edge routes by path alone, so there is only one.
  functions_by_path = { for path, members in local.source.paths : path => distinct([for operation in values(members) : operation["x-google-backend"]]) }

  google_auth = var.edge_token_check == null ? {} : {
    "x-google-auth" = {
      issuer    = var.edge_token_check.issuer
      jwksUri   = var.edge_token_check.jwks_url
      audiences = [var.edge_token_check.audience]
      # Unless the place is named, a token in the query counts too.
      jwtLocations = [{ header = "Authorization", valuePrefix = "Bearer " }]
    }
  }

  paths = {
    for path, members in local.source.paths : path => {
      for method, operation in members : method => merge(
        { for member, value in operation : member => value if member != "security" },
        local.operations["${method} ${path}"].wants_token ? local.google_auth : {},
      )
    }
  }

  backends = {
    for function, backend in var.backends : function => {
      address     = backend.address
      jwtAudience = backend.address
      deadline    = backend.deadline_seconds
      protocol    = "http/1.1"
      # The default for an operation is a constant address, which would turn path parameters into a query.
      pathTranslation = "APPEND_PATH_TO_ADDRESS"
    }
  }

  rendering = merge(local.source, {
    paths                     = local.paths
    "x-google-api-management" = { backends = local.backends }
  })
}
