# shellcheck shell=bash
# What the checks need beside Node, installed and started where it is missing. `.ci/run` and `.ci/full` source this.

answers() { timeout 2 bash -c ": </dev/tcp/127.0.0.1/$1" 2>/dev/null; }

# A PostgreSQL that answers, or that MEMBERGATE_TEST_POSTGRES names, is used as it is. Else a cluster is made for these checks,
# at a port of its own: the one of the machine keeps its configuration and its data, also where apt-get starts it meanwhile.
cluster=
if [ -z "${MEMBERGATE_TEST_POSTGRES:-}" ] && ! answers "${machine_port:-5432}"; then
  cluster=$(mktemp -d)
  cluster_port=54320
  while answers "$cluster_port"; do cluster_port=$((cluster_port + 1)); done
  export MEMBERGATE_TEST_POSTGRES="postgres://postgres@127.0.0.1:$cluster_port/test"
fi

# PostgreSQL and Chromium, by one call of apt-get.
install_services() {
  local missing=()
  [ -z "$cluster" ] || [ -d /usr/lib/postgresql ] || missing+=(postgresql)
  [ -x /usr/bin/chromium ] || missing+=(chromium fonts-dejavu-core)
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  echo "+ installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

start_services() {
  if [ -n "$cluster" ]; then start_postgres; fi
}

# Trusts connections from this machine. It lives no longer than the checks, so its data need not reach the disk. The crash
# runs, and the tests of TLS, start others.
start_postgres() {
  if [ "$(id -u)" = 0 ]; then chown postgres "$cluster"; fi
  postgres_command initdb --pgdata "$cluster/data" --username postgres --auth trust >/dev/null
  postgres_command pg_ctl --pgdata "$cluster/data" --log "$cluster/log" --wait start >/dev/null --options \
    "-p $cluster_port -k $cluster -c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off"
  postgres_command createdb --host 127.0.0.1 --port "$cluster_port" --username postgres test
}

stop_services() {
  if [ -z "$cluster" ]; then return; fi
  if [ -d "$cluster/data" ]; then
    postgres_command pg_ctl --pgdata "$cluster/data" --mode immediate stop >/dev/null || true
  fi
  rm -rf "$cluster"
}

# Runs a program of the newest PostgreSQL here, which refuses to be run by root.
postgres_command() {
  local name=$1 bin
  shift
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  if [ "$(id -u)" = 0 ]; then
    (cd "$cluster" && runuser -u postgres -- "$bin/$name" "$@")
  else
    "$bin/$name" "$@"
  fi
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
