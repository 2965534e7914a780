# shellcheck shell=bash
# What the checks need beside Node, installed and started where it is missing. `.ci/run` and `.ci/full` source this.

answers() { timeout 2 bash -c ": </dev/tcp/127.0.0.1/$1" 2>/dev/null; }

wait_for() {
  for _ in $(seq 60); do
    if answers "$1"; then return 0; fi
    sleep 0.5
  done
  echo "Nothing answers on port $1." >&2
  return 1
}

# PostgreSQL, Redis and Chromium, by one call of apt-get.
install_services() {
  local missing=()
  answers 5432 || command -v pg_ctlcluster >/dev/null || missing+=(postgresql)
  answers 6379 || command -v redis-server >/dev/null || missing+=(redis-server)
  [ -x /usr/bin/chromium ] || missing+=(chromium fonts-dejavu-core)
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  echo "+ installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

start_services() {
  answers 5432 || start_postgres
  answers 6379 || redis-server --daemonize yes --bind 127.0.0.1 --port 6379 --save "" >/dev/null
  wait_for 5432
  wait_for 6379
}

# Its data lives no longer than the checks, so it need not reach the disk. The crash runs start clusters of their own.
start_postgres() {
  local version cluster
  read -r version cluster _ < <(pg_lsclusters --no-header)
  sed -i -E 's/^(host.*127\.0\.0\.1\/32\s+)\S+$/\1trust/' "/etc/postgresql/$version/$cluster/pg_hba.conf"
  pg_ctlcluster --skip-systemctl-redirect "$version" "$cluster" start -- -o "-c fsync=off -c full_page_writes=off" || true
  wait_for 5432
  createdb --host 127.0.0.1 --username postgres test 2>/dev/null || true
}

# Prints the path of a Node of that major version: the one at hand, or npm's, kept outside the repository.
node_of() {
  local major=$1 folder arch
  if [ "$(node -p 'process.versions.node.split(".")[0]')" = "$major" ]; then
    node -p process.execPath
    return
  fi
  case "$(uname -sm)" in
    'Linux x86_64') arch=linux-x64 ;;
    'Linux aarch64') arch=linux-arm64 ;;
    *) return 1 ;;
  esac
  folder="${XDG_CACHE_HOME:-$HOME/.cache}/membergate/node-$major"
  mkdir -p "$folder"
  npm install --silent --no-audit --no-fund --prefer-offline --prefix "$folder" "node-$arch@$major" >&2 || return 1
  echo "$folder/node_modules/node-$arch/bin/node"
}

# Fills `nodes` with those of the versions that can be had, and says aloud which cannot.
find_nodes() {
  local major found
  nodes=()
  for major in "$@"; do
    if found=$(node_of "$major"); then
      nodes+=("$found")
    else
      echo "skipped: Node $major, which cannot be had here"
    fi
  done
}
