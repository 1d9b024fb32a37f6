#!/usr/bin/env bash
# The judges of what slt ships: other people's tools that read, sign and verify the same artifacts.
#
#   bash scripts/judges.sh build            builds what is not there yet: some minutes, once for each version
#   bash scripts/judges.sh where            prints the folder that holds them, or what is missing and how to get it
#   bash scripts/judges.sh serve            a whole Sigstore and two registries on loopback, until standard input ends
#   bash scripts/judges.sh with COMMAND…    runs a command beside them, and ends them
#
# `serve` prints one line of JSON once all is there (tests/judges/serve.go); `with` gives the command JUDGES (the folder of the tools),
# LOCAL (our own program beside them) and SERVICES (that line).
#
# Needs Go 1.26 or newer, the network for Go's module proxy, and Debian's docker-registry on PATH (`apt-get install docker-registry`).
# The tools lie below $XDG_CACHE_HOME/slt/judges, in a folder that is named after their versions: about 250 MB. Nothing is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly GO_MIN=1.26
# name, package at its version; timestamp-authority 2.1.5 and newer want Go 1.27.
readonly JUDGES_TABLE=(
    "cosign            github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3"
    "crane             github.com/google/go-containerregistry/cmd/crane@v0.21.9"
    "fulcio            github.com/sigstore/fulcio@v1.8.8"
    "timestamp-server  github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.0.6"
    "posix             github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.2.1"
)

go_is_there() {
    local said
    said=$(go env GOVERSION 2>/dev/null) || said=none
    if [[ $(printf '%s\n' "go$GO_MIN" "$said" | sort -V | head -1) != "go$GO_MIN" ]]; then
        echo "judges: Go $GO_MIN or newer is needed, found: ${said#go}" >&2
        echo "hint: install it from https://go.dev/dl, and put its \`bin\` on PATH" >&2
        return 1
    fi
}

short_hash() { sha256sum | cut -c1-8; }

# Named after what the tools are made of: their versions, and the Go that compiles them.
folder() {
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/slt/judges/$({ printf '%s\n' "${JUDGES_TABLE[@]}"; go env GOVERSION GOOS GOARCH; } | short_hash)"
}

# Our own program among them: it changes with its sources.
local_name() {
    echo "local-$(cat tests/judges/*.go tests/judges/go.* | short_hash)"
}

# Each is there whole or not at all: it is built under another name, and renamed.
build() {
    go_is_there
    local bin row name package ours
    bin=$(folder) ours=$(local_name)
    mkdir -p "$bin"
    new=$(mktemp -d "$bin/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    # the compiler collects garbage a quarter as often: 15 % less CPU time
    export GOBIN="$new" CGO_ENABLED=0 GOFLAGS="-trimpath -buildvcs=false" GOGC=400
    for row in "${JUDGES_TABLE[@]}"; do
        read -r name package <<<"$row"
        [[ -x $bin/$name ]] || { echo "$package"; go install -ldflags="-s -w" "$package"; mv "$new/$name" "$bin/$name"; }
    done
    [[ -x $bin/$ours ]] || { echo "tests/judges"; (cd tests/judges && go build -o "$new/$ours" .); mv "$new/$ours" "$bin/$ours"; }
    echo "$bin"
}

where() {
    go_is_there
    local bin row name missing=()
    bin=$(folder)
    for row in "${JUDGES_TABLE[@]}" "$(local_name)"; do
        read -r name _ <<<"$row"
        [[ -x $bin/$name ]] || missing+=("$name")
    done
    if [[ ${#missing[@]} -gt 0 ]]; then
        echo "judges: not built: ${missing[*]}" >&2
        echo "hint: bash scripts/judges.sh build" >&2
        return 1
    fi
    if ! command -v docker-registry >/dev/null; then
        echo "judges: there is no \`docker-registry\` on PATH" >&2
        echo "hint: apt-get install docker-registry" >&2
        return 1
    fi
    echo "$bin"
}

serve() {
    local bin
    bin=$(where)
    exec "$bin/$(local_name)" serve "$bin"
}

# The services end when the other end of their standard input closes, however this shell goes.
with() {
    local bin ours status=0 said
    bin=$(where) ours=$(local_name)
    coproc SERVED { exec "$bin/$ours" serve "$bin"; }
    local pid=$SERVED_PID read=${SERVED[0]} write=${SERVED[1]}
    read -r said <&"$read" || { wait "$pid"; return 1; }
    JUDGES=$bin LOCAL="$bin/$ours" SERVICES=$said "$@" {read}<&- {write}>&- || status=$?
    exec {write}>&-
    wait "$pid" || true
    return "$status"
}

case ${1:-}:$# in
    build:1) build ;;
    where:1) where ;;
    serve:1) serve ;;
    with:1) echo "usage: judges.sh with COMMAND…" >&2; exit 2 ;;
    with:*) with "${@:2}" ;;
    *) sed -n '4,7s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
