#!/usr/bin/env bash
# The judges of what slt ships: other people's tools that read, sign and verify the same artifacts.
#
#   bash scripts/judges.sh build            builds what is not there yet: some minutes, once for each version
#   bash scripts/judges.sh vet              looks over our own program among them: its form, and what `go vet` finds
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
# What `tests/judges/go.mod` names as its tools, by the last part of their packages. One module for all: what they have in common, which is
# half of it, is compiled once.
readonly TOOLS=(cosign crane fulcio timestamp-server posix)
# Nothing is inlined: a quarter less of CPU time. What is measured against them is built as they are released: scripts/bench.sh.
readonly FLAGS=(-trimpath -buildvcs=false -ldflags="-s -w" -gcflags=all=-l)

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
    local made
    made=$({ cat tests/judges/go.*; echo "${FLAGS[@]}"; go env GOVERSION GOOS GOARCH; } | short_hash)
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/slt/judges/$made"
}

# Our own program among them: it changes with its sources.
local_name() {
    echo "local-$(cat tests/judges/*.go tests/judges/go.* | short_hash)"
}

# All tools are there or none: they are built elsewhere, and renamed. Our own program is made anew more often.
build() {
    go_is_there
    local bin name ours
    bin=$(folder) ours=$(local_name)
    mkdir -p "$bin"
    new=$(mktemp -d "$bin/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    # the compiler collects garbage a quarter as often: 15 % less CPU time
    export CGO_ENABLED=0 GOGC=400
    cd tests/judges
    if [[ -n $(missing "$bin" "${TOOLS[@]}") ]]; then
        echo "${TOOLS[*]}: some minutes"
        go build "${FLAGS[@]}" -o "$new/" tool
        for name in "${TOOLS[@]}"; do mv "$new/$name" "$bin/$name"; done
    fi
    [[ -x $bin/$ours ]] || { echo "tests/judges"; go build "${FLAGS[@]}" -o "$new/$ours" .; mv "$new/$ours" "$bin/$ours"; }
    echo "$bin"
}

# With the flags of the build: what it has compiled is not compiled again.
vet() {
    go_is_there
    cd tests/judges
    [[ -z $(gofmt -l .) ]] || { gofmt -d .; return 1; }
    CGO_ENABLED=0 go vet "${FLAGS[@]}" .
}

# missing FOLDER NAME…: those of these programs that are not there.
missing() {
    local name
    for name in "${@:2}"; do
        [[ -x $1/$name ]] || echo "$name"
    done
}

where() {
    go_is_there
    local bin without
    bin=$(folder)
    without=$(missing "$bin" "${TOOLS[@]}" "$(local_name)")
    if [[ -n $without ]]; then
        echo "judges: not built: ${without//$'\n'/ }" >&2
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
    vet:1) vet ;;
    where:1) where ;;
    serve:1) serve ;;
    with:1) echo "usage: judges.sh with COMMAND…" >&2; exit 2 ;;
    with:*) with "${@:2}" ;;
    *) sed -n '4,8s/^#  *//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
