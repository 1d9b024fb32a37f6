#!/usr/bin/env bash
# Measures what docs/benchmarks.md publishes, and prints its tables: `bash scripts/bench.sh [tests|edit|redis|check|lsp|c|artifacts]…`.
#
# Release profile, on a machine that is otherwise idle. What is compared runs interleaved in one go, A B A B …, and beside each
# comparison stands A against A: what the machine's noise alone makes of it. Ratios of medians can be compared between machines;
# the figures themselves cannot. Nothing here runs in CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ROUNDS=${ROUNDS:-5} RUNS=${RUNS:-20} EDITS=${EDITS:-7}
parts=("$@")
[[ ${#parts[@]} -gt 0 ]] || parts=(tests edit redis check lsp c artifacts)

scratch=$(mktemp -d)
servers=()
cleanup() {
    local server
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap cleanup EXIT

cargo build --release --locked --quiet
slt=${CARGO_TARGET_DIR:-$PWD/target}/release/slt
export PATH="$(dirname "$slt"):$PATH"

# cost FILE COMMAND…: appends "wall cpu", in seconds, of a command and all that it starts. Its output is in $scratch/output.
cost() {
    local TIMEFORMAT='%R %U %S' file=$1 spent
    spent=$({ time "${@:2}" >"$scratch/output" 2>&1; } 2>&1) || { cat "$scratch/output" >&2; return 1; }
    awk '{ print $1, $2 + $3 }' <<<"$spent" >>"$file"
}

# median FILE COLUMN [DECIMALS]
median() {
    awk -v column="$2" '{ print $column }' "$1" | sort -n |
        awk -v format="%.${3:-2}f\n" '{ value[NR] = $1 } END { printf format, NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

about() {
    echo "slt $("$slt" --version | cut -d' ' -f2), $(rustc --version | cut -d' ' -f1,2), $(nproc) cores, load $(cut -d' ' -f1 /proc/loadavg) at the start"
    echo
}

# 200 tests, each with a Redis of its own and a call to the app; against one such test: the difference is what 199 more cost.
tests() {
    local cases=tests/guests/cases run
    export CARGO_TARGET_DIR="$scratch/guests"
    "$slt" test -q -C "$cases" absent:: >/dev/null
    for ((run = 0; run < RUNS; run++)); do
        cost "$scratch/all" "$slt" test -C "$cases" absent::
        grep -q '^200 passed' "$scratch/output"
        cost "$scratch/one" "$slt" test -C "$cases" --exact "$(awk '/PASS/ { print $3; exit }' "$scratch/output")"
        grep -q '^1 passed' "$scratch/output"
    done
    unset CARGO_TARGET_DIR
    local all one
    all=$(median "$scratch/all" 2) one=$(median "$scratch/one" 2)
    echo "### 200 guest tests, warm"
    echo
    echo "| what | CPU | wall |"
    echo "|---|---|---|"
    echo "| \`slt test\` of 200 tests, cargo's look at the sources included | $all s | $(median "$scratch/all" 1) s |"
    echo "| the same of 1 test | $one s | $(median "$scratch/one" 1) s |"
    awk -v all="$all" -v one="$one" 'BEGIN { printf "| one test more | %.2f ms | – |\n", (all - one) / 199 * 1000 }'
    echo
    echo "Medians of $RUNS runs."
    echo
}

# One edited line in the template → test result, against what cargo alone takes to compile it.
edit() {
    local project="$scratch/shortener" run
    (cd "$scratch" && "$slt" new shortener >/dev/null)
    export CARGO_TARGET_DIR="$scratch/edit-target"
    change() { sed -i '/^\/\/ edit /d' "$project/src/links.rs" && echo "// edit $RANDOM$RANDOM" >>"$project/src/links.rs"; }
    compile() { (cd "$project" && cargo test --no-run --quiet); }
    whole() { "$slt" test -q -C "$project"; }
    compile
    whole >/dev/null
    for ((run = 0; run < EDITS; run++)); do
        change && cost "$scratch/compile" compile
        change && cost "$scratch/whole" whole
        change && cost "$scratch/compile-again" compile
    done
    unset CARGO_TARGET_DIR
    local base
    base=$(median "$scratch/compile" 1)
    echo "### One edited line → test result, warm"
    echo
    echo "| what | wall | of A | CPU |"
    echo "|---|---|---|---|"
    echo "| A: \`cargo test --no-run\` | $base s | 1 | $(median "$scratch/compile" 2) s |"
    echo "| A again | $(median "$scratch/compile-again" 1) s | $(ratio "$(median "$scratch/compile-again" 1)" "$base") | $(median "$scratch/compile-again" 2) s |"
    echo "| \`slt test\` | $(median "$scratch/whole" 1) s | $(ratio "$(median "$scratch/whole" 1)" "$base") | $(median "$scratch/whole" 2) s |"
    echo
    echo "Medians of $EDITS edits, interleaved. The limit is 1.3 times A, and a second."
    echo
}

# Requests per second of redis-server (A) and of the emulator (B): A B A B in every round.
redis() {
    local port emulated pipeline round server requests
    port=$((20000 + RANDOM % 20000))
    redis-server --port "$port" --bind 127.0.0.1 --save '' --appendonly no --daemonize no >/dev/null &
    servers+=($!)
    "$slt" emulate redis >"$scratch/emulator" &
    servers+=($!)
    until redis-cli -p "$port" ping >/dev/null 2>&1 && grep -q redis:// "$scratch/emulator"; do sleep 0.1; done
    emulated=$(sed -n 's/.*redis:\/\/127.0.0.1:\([0-9]*\).*/\1/p' "$scratch/emulator" | head -n 1)
    for ((round = 0; round < ROUNDS; round++)); do
        for pipeline in 1 16; do
            requests=$((pipeline == 1 ? 100000 : 1000000))
            for server in "A $port" "B $emulated" "A2 $port" "B2 $emulated"; do
                redis-benchmark -p "${server#* }" -t set,get,incr -n "$requests" -r 100000 -P "$pipeline" --csv 2>/dev/null |
                    awk -F'"' -v at="$scratch/redis-${server% *}-$pipeline" '$2 ~ /^(SET|GET|INCR)$/ { print $4 >>(at "-" $2) }'
            done
        done
    done
    echo "### \`redis-benchmark\`, requests per second"
    echo
    echo "| command | \`-P\` | A: redis-server | A again, of A | \`slt emulate redis\` | of A | again, of A again |"
    echo "|---|---|---|---|---|---|---|"
    local command a again b b_again
    for pipeline in 1 16; do
        for command in SET GET INCR; do
            a=$(median "$scratch/redis-A-$pipeline-$command" 1) again=$(median "$scratch/redis-A2-$pipeline-$command" 1)
            b=$(median "$scratch/redis-B-$pipeline-$command" 1) b_again=$(median "$scratch/redis-B2-$pipeline-$command" 1)
            echo "| \`$command\` | $pipeline | $a | $(ratio "$again" "$a") | $b | $(ratio "$b" "$a") | $(ratio "$b_again" "$again") |"
        done
    done
    echo
    echo "Medians of $ROUNDS rounds, A B A B in each, against $(redis-server --version | cut -d' ' -f3). 50 connections, 100,000 keys."
    echo
}

# `slt check` of a slightfile with 50 capabilities beside the template's component, whole process: once with nothing to say, once with a
# warning about each. A is a process of slt that checks nothing.
check() {
    local project="$scratch/fifty" run file number
    (cd "$scratch" && "$slt" new fifty >/dev/null)
    CARGO_TARGET_DIR="$scratch/edit-target" "$slt" build -q -C "$project" >/dev/null
    for file in quiet loud; do
        printf 'specversion = "1.0"\n\n[app]\nname = "fifty"\n' >"$project/$file.toml"
        for ((number = 0; number < 50; number++)); do
            local resource=keyvalue.redis configs='REDIS_ADDRESS = "redis://127.0.0.1:6379"'
            [[ $file == quiet ]] || resource=messaging.kafka configs='CAK_ENDPOINT = "localhost:9092"'
            printf '\n[[capability]]\nresource = "%s"\nname = "n%d"\n\n[capability.configs]\n%s\n' \
                "$resource" "$number" "$configs" >>"$project/$file.toml"
        done
    done
    # what is missing in `loud` is an error: its exit code is 1, and it is what is measured
    loud() { "$slt" check -C "$project" -c loud.toml dist/fifty.wasm || [[ $? -eq 1 ]]; }
    for ((run = 0; run < RUNS; run++)); do
        cost "$scratch/nothing" "$slt" --version
        cost "$scratch/quiet" "$slt" check -C "$project" -c quiet.toml dist/fifty.wasm
        grep -q 'no problems' "$scratch/output"
        cost "$scratch/loud" loud
        cost "$scratch/nothing-again" "$slt" --version
    done
    echo "### \`slt check\` of 50 capabilities, whole process"
    echo
    echo "| what | CPU | wall |"
    echo "|---|---|---|"
    echo "| A: \`slt --version\` | $(median "$scratch/nothing" 2 3) s | $(median "$scratch/nothing" 1 3) s |"
    echo "| A again | $(median "$scratch/nothing-again" 2 3) s | $(median "$scratch/nothing-again" 1 3) s |"
    echo "| nothing to say | $(median "$scratch/quiet" 2 3) s | $(median "$scratch/quiet" 1 3) s |"
    echo "| a warning about each, with its excerpt | $(median "$scratch/loud" 2 3) s | $(median "$scratch/loud" 1 3) s |"
    echo
    echo "Medians of $RUNS runs, beside a component of $(wc -c <"$project/dist/fifty.wasm") bytes. The limit is 50 ms of CPU time."
    echo
}

# A slightfile of 200 lines in the template's folder: what one change costs, from its bytes to the diagnostics'. A session of many changes
# against one without any: the difference is theirs.
lsp() {
    local keystrokes=500 folder run count
    folder=$PWD/templates/rust
    message() { printf 'Content-Length: %d\r\n\r\n%s' "${#1}" "$1"; }
    # session KEYSTROKES: what an editor sends.
    session() {
        local text='specversion = \"1.0\"\n' number uri="\"uri\":\"file://$folder/slightfile.toml\""
        for ((number = 0; number < 24; number++)); do
            text+="\\n[[capability]]\\n# number\\nresource = \\\"keyvalue.redis\\\"\\nname = \\\"orders-$number\\\"\\n\\n[capability.configs]\\nREDIS_ADDRESS = \\\"redis://127.0.0.1:6379\\\"\\n"
        done
        for ((number = 0; number < 7; number++)); do text+='# line\n'; done
        message '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"processId":null,"rootUri":null,"capabilities":{}}}'
        message '{"jsonrpc":"2.0","method":"initialized","params":{}}'
        message "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{$uri,\"languageId\":\"toml\",\"version\":0,\"text\":\"$text\"}}}"
        for ((number = 0; number < $1; number++)); do
            message "{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didChange\",\"params\":{\"textDocument\":{$uri,\"version\":$number},\"contentChanges\":[{\"range\":{\"start\":{\"line\":197,\"character\":2},\"end\":{\"line\":197,\"character\":2}},\"text\":\"x\"}]}}"
        done
        message '{"jsonrpc":"2.0","id":2,"method":"shutdown"}'
        message '{"jsonrpc":"2.0","method":"exit"}'
    }
    for count in 0 "$keystrokes"; do session "$count" >"$scratch/session-$count"; done
    for ((run = 0; run < RUNS; run++)); do
        for count in 0 "$keystrokes"; do
            cost "$scratch/lsp-$count" "$slt" lsp <"$scratch/session-$count"
            [[ $(grep -ao '"method":"textDocument/publishDiagnostics"' "$scratch/output" | wc -l) == $((count + 1)) ]]
        done
    done
    local none all
    none=$(median "$scratch/lsp-0" 2) all=$(median "$scratch/lsp-$keystrokes" 2)
    echo "### One keystroke in an editor, 200 lines"
    echo
    echo "| what | CPU |"
    echo "|---|---|"
    echo "| \`slt lsp\`: start, open, end | $none s |"
    echo "| the same with $keystrokes keystrokes | $all s |"
    awk -v all="$all" -v none="$none" -v count="$keystrokes" 'BEGIN { printf "| one keystroke | %.2f ms |\n", (all - none) / count * 1000 }'
    echo
    echo "Medians of $RUNS runs. The limit is 20 ms."
    echo
}

# The C template as `slt build --release` makes it, against wit-bindgen, clang and wasm-tools by hand: size, and the time from its
# start to its first answer, with nothing cached and with its compiled code cached. Needs `wit-bindgen` 0.63 and `wasm-tools` on PATH.
c() {
    local project="$scratch/c-shortener" hand="$scratch/by-hand" port run which cc=${CC:-clang --target=wasm32-wasi}
    (cd "$scratch" && "$slt" new c-shortener --template c >/dev/null)
    "$slt" build -q --release -C "$project" >/dev/null
    mkdir -p "$hand/dist"
    cp -r "$project"/{slightfile.toml,wit,src,include} "$hand"
    local adapter
    adapter=$(cargo metadata --format-version 1 --locked | grep -o '"manifest_path":"[^"]*/wasi-preview1-component-adapter-provider[^"]*"' | cut -d'"' -f4)
    adapter=${adapter%/Cargo.toml}/artefacts/wasi_snapshot_preview1.reactor.wasm
    (
        cd "$hand"
        wit-bindgen c wit --world c-shortener --rename-world app --out-dir bindings >/dev/null 2>&1
        $cc -std=gnu11 -Os -DNDEBUG -s -mexec-model=reactor -I include -I src -I bindings \
            src/*.c bindings/app.c bindings/app_component_type.o -o core.wasm
        wasm-tools component new core.wasm --adapt "wasi_snapshot_preview1=$adapter" -o dist/c-shortener.wasm
    )
    "$slt" emulate redis --port 0 >"$scratch/redis" &
    servers+=($!)
    until port=$(grep -o '[0-9]*$' "$scratch/redis"); do sleep 0.05; done
    # answer FILE FOLDER CACHE: appends what it costs slt to serve its component until it has answered once; without a FILE only serves.
    answer() {
        rm -f "$scratch/output" "$scratch/pid"
        (
            until [[ -s $scratch/output ]] && address=$(grep -o 'http://[0-9.:]*' "$scratch/output"); do sleep 0.002; done
            curl -sf "$address" >/dev/null || echo "no answer from $address" >>"$scratch/failed"
            kill -INT "$(<"$scratch/pid")"
        ) &
        XDG_CACHE_HOME=$3 cost "$1" bash -c 'echo $$ >"$0/pid"; exec "$@"' "$scratch" \
            "$slt" run --listen 127.0.0.1:0 "$2/dist/c-shortener.wasm"
        wait $!
        [[ ! -e $scratch/failed ]] || { cat "$scratch/failed" >&2; exit 1; }
    }
    for which in "$project" "$hand"; do
        sed -i "s|redis://[0-9.:]*|redis://127.0.0.1:$port|" "$which/slightfile.toml"
        answer /dev/null "$which" "$scratch/cache"
    done
    for ((run = 0; run < RUNS; run++)); do
        for which in hand:"$hand" slt:"$project" again:"$hand"; do
            answer "$scratch/c-cold-${which%%:*}" "${which#*:}" "$scratch/cold-$run-${which%%:*}"
            answer "$scratch/c-warm-${which%%:*}" "${which#*:}" "$scratch/cache"
        done
    done
    size() { stat -c %s "$1/dist/c-shortener.wasm"; }
    echo "### The C template, to its first answer"
    echo
    echo "| what | bytes | of A | CPU, nothing cached | of A | CPU, cached | of A |"
    echo "|---|---|---|---|---|---|---|"
    for which in "hand:A: by hand:$hand" "again:A again:$hand" "slt:\`slt build --release\`:$project"; do
        local key=${which%%:*} folder=${which##*:} name=${which#*:}
        echo "| ${name%:*} | $(size "$folder") | $(ratio "$(size "$folder")" "$(size "$hand")")" \
            "| $(median "$scratch/c-cold-$key" 2 3) s | $(ratio "$(median "$scratch/c-cold-$key" 2 3)" "$(median "$scratch/c-cold-hand" 2 3)")" \
            "| $(median "$scratch/c-warm-$key" 2 3) s | $(ratio "$(median "$scratch/c-warm-$key" 2 3)" "$(median "$scratch/c-warm-hand" 2 3)") |"
    done
    echo
    echo "Medians of $RUNS runs. By hand: \`wit-bindgen c\` $(wit-bindgen --version | cut -d' ' -f2), $($cc --version | head -1), \`wasm-tools component new\`" \
        "$(wasm-tools --version | cut -d' ' -f2), the same flags (\`-Os -DNDEBUG -s\`)."
    echo
}

# Push and pull against crane, sign and verify against cosign: the same artifact, the same registry, each run with a repository of its own.
artifacts() {
    bash scripts/judges.sh where >/dev/null
    # the registries, and the folder of the tools, for as long as this runs
    coproc JUDGED { exec bash scripts/judges.sh serve; }
    servers+=("$JUDGED_PID")
    local services
    read -r services <&"${JUDGED[0]}"
    said() { grep -o "\"$1\":\"[^\"]*\"" <<<"$services" | cut -d'"' -f4; }
    local registry crane cosign tool run size large="$scratch/large.wasm"
    registry=$(said plain) crane="$scratch/crane" cosign="$scratch/cosign"
    # as they are released: the judges are compiled in less time, for more of it when they run
    local -A package=([crane]=github.com/google/go-containerregistry [cosign]=github.com/sigstore/cosign/v3)
    for tool in "${!package[@]}"; do
        (cd tests/judges && CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o "$scratch/$tool" "${package[$tool]}/cmd/$tool")
    done
    export COSIGN_PASSWORD=bench
    (cd "$scratch" && "$slt" new shipped >/dev/null && cd shipped && "$slt" -q build --release >/dev/null && "$slt" -q keygen key >/dev/null)
    local small="$scratch/shipped/dist/shipped.wasm" key="$scratch/shipped/key"
    # the same with a custom section of 64 MiB: id 0, a length of five bytes (2 more than the content), a name of one letter
    local length=$(((64 << 20) + 2)) byte
    {
        cat "$small"
        printf '\0'
        for byte in 0 7 14 21; do printf "\\x$(printf %02x $((length >> byte & 127 | 128)))"; done
        printf "\\x$(printf %02x $((length >> 28)))\\x01x"
        head -c $((64 << 20)) /dev/urandom
    } >"$large"
    for size in small large; do
        "$slt" -q push "${!size}" "$registry/bench/$size:1" >/dev/null
        "$crane" pull --format=oci "$registry/bench/$size:1" "$scratch/layout-$size"
        for ((run = 0; run < RUNS; run++)); do
            cost "$scratch/push-$size-crane" "$crane" push "$scratch/layout-$size" "$registry/bench/crane-$size-$run:1"
            cost "$scratch/push-$size-slt" "$slt" push "${!size}" "$registry/bench/slt-$size-$run:1"
            cost "$scratch/push-$size-again" "$crane" push "$scratch/layout-$size" "$registry/bench/again-$size-$run:1"
            rm -rf "$scratch/pulled" "$scratch/pulled-again"
            cost "$scratch/pull-$size-crane" "$crane" pull --format=oci "$registry/bench/$size:1" "$scratch/pulled"
            cost "$scratch/pull-$size-slt" "$slt" pull "$registry/bench/$size:1" -o "$scratch/pulled.wasm"
            cost "$scratch/pull-$size-again" "$crane" pull --format=oci "$registry/bench/$size:1" "$scratch/pulled-again"
            cmp "$scratch/pulled.wasm" "${!size}"
        done
    done
    local who digest signing=(--use-signing-config=false --tlog-upload=false --allow-http-registry -y)
    for ((run = 0; run < RUNS; run++)); do
        for who in cosign slt again; do
            digest=$("$slt" -q push "$small" "$registry/bench/signed-$who-$run:1")
            if [[ $who == slt ]]; then
                cost "$scratch/sign-small-slt" "$slt" sign "$digest" --key "$key.key"
                cost "$scratch/verify-small-slt" "$slt" verify "$digest" --key "$key.pub"
            else
                cost "$scratch/sign-small-$who" "$cosign" sign --key "$key.key" "${signing[@]}" "$digest"
                cost "$scratch/verify-small-$who" "$cosign" verify --key "$key.pub" --insecure-ignore-tlog --allow-http-registry "$digest"
            fi
        done
    done
    echo "### Artifacts: push and pull against crane, sign and verify with a key against cosign"
    echo
    echo "| what | A: crane or cosign | A again | slt | wall of A | CPU of A |"
    echo "|---|---|---|---|---|---|"
    local what peer
    for what in push-small:crane pull-small:crane push-large:crane pull-large:crane sign-small:cosign verify-small:cosign; do
        peer=${what#*:} what=${what%:*}
        time_of() { median "$scratch/$what-$1" "$2" 3; }
        echo "| ${what%-*}, $(stat -c %s "$([[ $what == *large ]] && echo "$large" || echo "$small")") bytes | $(time_of "$peer" 1) s, $(time_of "$peer" 2) s CPU" \
            "| $(ratio "$(time_of again 1)" "$(time_of "$peer" 1)") | $(time_of slt 1) s, $(time_of slt 2) s CPU" \
            "| $(ratio "$(time_of slt 1)" "$(time_of "$peer" 1)") | $(ratio "$(time_of slt 2)" "$(time_of "$peer" 2)") |"
    done
    echo
    echo "Medians of $RUNS runs, interleaved, on Debian's docker-registry; crane and cosign are" \
        "$(cd tests/judges && go list -m -f '{{.Path}} {{.Version}}' "${package[@]}" | paste -sd, | sed 's/,/, /')."
    echo
}

about
for part in "${parts[@]}"; do
    case $part in
    tests | edit | redis | check | lsp | c | artifacts) "$part" ;;
    *) echo "there is no part \`$part\`: tests, edit, redis, check, lsp, c, artifacts" >&2 && exit 2 ;;
    esac
done
