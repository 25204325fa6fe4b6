# What the checks that need Node.js share; to be sourced, with `checks` naming the folder for logs.

# Installs Debian packages where this user may; says no otherwise, with the reason in apt.log.
install_packages() {
  local sudo=()
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    sudo=(sudo -n)
  fi
  echo "installing $*"
  ${sudo[@]+"${sudo[@]}"} env DEBIAN_FRONTEND=noninteractive sh -c \
    'apt-get update && apt-get install --yes --no-install-recommends "$@"' sh "$@" >"$checks/apt.log" 2>&1
}

# Whether Node.js of this major version or a newer one is there, with npm.
node_is_at_least() {
  command -v node >/dev/null && command -v npm >/dev/null \
    && node -e "process.exit(Number(process.versions.node.split('.')[0]) >= $1 ? 0 : 1)"
}

# The same, once it has been installed where it may be.
node_is_there() {
  node_is_at_least "$1" || install_packages nodejs npm || true
  node_is_at_least "$1"
}
