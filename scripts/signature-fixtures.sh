#!/usr/bin/env bash
# Writes `tests/fixtures/signatures` anew: `bash scripts/signature-fixtures.sh`, after `bash scripts/judges.sh build`.
#
# What cosign makes of a file and of images, on a Sigstore of loopback whose keys are gone afterwards, and a second such set, `foreign`,
# that must not be trusted by the first. The certificates lived for ten minutes; what was signed with them is proved by timestamps, whose
# authority's certificate lives for years. Everything is written in one go: nothing of one run fits to another's. Needs curl and python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly FIXTURES=$PWD/tests/fixtures/signatures
# The identity of all keyless signatures; the issuer's address is another one in each run, and so lies in a file.
readonly IDENTITY=dev@example.test
readonly KEY_PASSWORD=correct-horse
# How many log entries there are before the first that is used: an inclusion proof should have something to prove.
readonly EARLIER_ENTRIES=5

if [[ -z ${SERVICES:-} ]]; then
    find "$FIXTURES" -mindepth 1 ! -path "$FIXTURES/ORIGIN.md" -delete
    mkdir -p "$FIXTURES/foreign"
    bash scripts/judges.sh with bash scripts/signature-fixtures.sh home
    bash scripts/judges.sh with bash scripts/signature-fixtures.sh foreign
    exit
fi

service() { sed -E "s/.*\"$1\":\"([^\"]*)\".*/\1/" <<<"$SERVICES"; }
issuer=$(service issuer) trust=$(service trusted_root) registry=$(service plain)
with_log=(--signing-config "$(service signing_config)") without_log=(--signing-config "$(service signing_config_without_log)")
unlogged=(--use-signing-config=false --tlog-upload=false)
trust_and=(--trusted-root "$trust")
export COSIGN_PASSWORD=$KEY_PASSWORD

cosign() { "$JUDGES/cosign" "$@" 2>>"$scratch/log" || { cat "$scratch/log" >&2; return 1; }; }

# keyless ARGUMENTS…: with a token of the identity
keyless() { cosign "$1" -y --identity-token "$scratch/token" "${trust_and[@]}" "${@:2}"; }
keyed() { cosign "$1" -y --key "$scratch/cosign.key" "${@:2}"; }

# blob FILE: puts it into the registry's repository, and prints the descriptor's digest and size
blob() {
    local digest location
    digest=$(sha256sum "$1" | cut -d' ' -f1)
    location=$(curl -sSf -D - -o "$scratch/answer" -X POST "http://$registry/v2/app/blobs/uploads/" | tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
    curl -sSf -o "$scratch/answer" -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$1" "$location&digest=sha256:$digest"
    echo "{\"mediaType\":\"$2\",\"digest\":\"sha256:$digest\",\"size\":$(stat -c %s "$1")}"
}

# image TAG: pushes a component with a manifest of its own, and sets `image` to its reference
image() {
    local config layer
    printf '{"created":"1970-01-01T00:00:00Z","architecture":"wasm","os":"wasip2","layerDigests":["sha256:%s"],"component":{"exports":[],"imports":[]}}' \
        "$(sha256sum "$scratch/empty.wasm" | cut -d' ' -f1)" >"$scratch/config"
    config=$(blob "$scratch/config" application/vnd.wasm.config.v0+json)
    layer=$(blob "$scratch/empty.wasm" application/wasm)
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s],"annotations":{"org.opencontainers.image.title":"%s"}}' \
        "$config" "$layer" "$1" >"$scratch/manifest"
    curl -sSf -o "$scratch/answer" -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' --data-binary "@$scratch/manifest" \
        "http://$registry/v2/app/manifests/$1"
    image="$registry/app@sha256:$(sha256sum "$scratch/manifest" | cut -d' ' -f1)"
}

# take DIGEST TYPE: writes what has this digest into the layout, and all that it names
take() {
    local file="$layout/blobs/sha256/${1#sha256:}" kind=blobs type digest
    [[ ! -e $file ]] || return 0
    [[ $2 != application/vnd.oci.image.* ]] || kind=manifests
    [[ $2 != application/vnd.oci.image.config* ]] || kind=blobs
    curl -sSfL -H "Accept: $2" -o "$file" "http://$registry/v2/app/$kind/$1"
    [[ $kind == manifests ]] || return 0
    # a descriptor of cosign's and of ours has its media type before its digest, or behind it
    python3 - "$file" <<'P' | while read -r digest type; do take "$digest" "$type"; done
import json, sys
manifest = json.load(open(sys.argv[1]))
for found in [manifest.get("config"), *manifest.get("layers", []), *manifest.get("manifests", [])]:
    if found:
        print(found["digest"], found["mediaType"])
P
}

# The repository as an OCI image layout: https://github.com/opencontainers/image-spec/blob/main/image-layout.md
save() {
    layout=$FIXTURES/images
    mkdir -p "$layout/blobs/sha256"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
    local tag type digest entries=()
    while read -r tag; do
        type=$(curl -sSfI -H 'Accept: application/vnd.oci.image.manifest.v1+json' -H 'Accept: application/vnd.oci.image.index.v1+json' \
            "http://$registry/v2/app/manifests/$tag" | tr -d '\r' | awk 'tolower($1) == "content-type:" { print $2 }')
        digest=$(curl -sSf -H "Accept: $type" "http://$registry/v2/app/manifests/$tag" | tee "$scratch/manifest" | sha256sum | cut -d' ' -f1)
        take "sha256:$digest" "$type"
        entries+=("    {\"mediaType\": \"$type\", \"digest\": \"sha256:$digest\", \"size\": $(stat -c %s "$scratch/manifest"), \"annotations\": {\"org.opencontainers.image.ref.name\": \"$tag\"}}")
    done < <("$JUDGES/crane" ls --insecure "$registry/app" | sort)
    { echo '{"schemaVersion": 2, "manifests": ['; (IFS=$'\n'; sed '$!s/$/,/' <<<"${entries[*]}"); echo ']}'; } >"$layout/index.json"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
curl -sSf -o token "$issuer/token?email=$IDENTITY"
cosign generate-key-pair
printf 'what is signed\n' >artifact.txt
printf 'what is not signed\n' >other.txt
for ((entry = 0; entry < EARLIER_ENTRIES; entry++)); do
    echo "$entry" >earlier
    keyless sign-blob "${with_log[@]}" --bundle earlier.json earlier >"$scratch/answer"
done

if [[ $1 == foreign ]]; then
    out=$FIXTURES/foreign
    cp cosign.pub "$trust" "$out"
    printf '%s' "$issuer" >"$out/issuer"
    keyed sign-blob "${unlogged[@]}" --bundle "$out/key.json" artifact.txt >answer
    keyless sign-blob "${with_log[@]}" --bundle "$out/keyless-log.json" artifact.txt >answer
    keyless sign-blob "${without_log[@]}" --bundle "$out/keyless-timestamp.json" artifact.txt >answer
    exit
fi

out=$FIXTURES
cp cosign.key cosign.pub artifact.txt other.txt "$trust" "$(service signing_config)" "$(service signing_config_without_log)" "$out"
printf '%s' "$issuer" >"$out/issuer"
printf '\0asm\r\0\1\0' >empty.wasm
cp empty.wasm "$out"

# of a file
mkdir "$out/blob"
keyed sign-blob "${unlogged[@]}" --bundle "$out/blob/key.json" artifact.txt >answer
keyed sign-blob "${with_log[@]}" "${trust_and[@]}" --bundle "$out/blob/key-log.json" artifact.txt >answer
keyless sign-blob "${with_log[@]}" --bundle "$out/blob/keyless-log.json" artifact.txt >answer
keyless sign-blob "${without_log[@]}" --bundle "$out/blob/keyless-timestamp.json" artifact.txt >answer
keyed sign-blob "${unlogged[@]}" --bundle "$out/blob/other.key.json" other.txt >answer
keyless sign-blob "${with_log[@]}" --bundle "$out/blob/other.keyless-log.json" other.txt >answer
curl -sSf -o ci-token "$issuer/token?kind=uri"
cosign sign-blob -y --identity-token ci-token "${trust_and[@]}" "${with_log[@]}" --bundle "$out/blob/ci.keyless-log.json" artifact.txt >answer
cat >slsa.json <<P
{"buildDefinition":{"buildType":"https://example.test/build/v1","externalParameters":{"source":"https://example.test/app"},"resolvedDependencies":[]},"runDetails":{"builder":{"id":"https://example.test/builder"},"metadata":{"invocationId":"1"}}}
P
cat >cyclonedx.json <<'P'
{"bomFormat":"CycloneDX","specVersion":"1.5","version":1,"metadata":{"component":{"type":"application","name":"app","version":"0.1.0"}},"components":[{"type":"library","name":"wit-bindgen","version":"0.61.1","purl":"pkg:cargo/wit-bindgen@0.61.1"}]}
P
keyed attest-blob "${unlogged[@]}" --predicate slsa.json --type slsaprovenance1 --bundle "$out/blob/slsa.key.json" artifact.txt >answer
keyless attest-blob "${with_log[@]}" --predicate slsa.json --type slsaprovenance1 --bundle "$out/blob/slsa.keyless-log.json" artifact.txt >answer

# of images, in one repository: each tag is named after what is signed how
for name in unsigned key keyless-log keyless-timestamp key-log two-keys attested sig sig-keyless; do
    image "$name"
    declare "image_${name//-/_}=$image"
done
keyed sign "${unlogged[@]}" "$image_key"
keyed sign "${with_log[@]}" "${trust_and[@]}" "$image_key_log"
keyless sign "${with_log[@]}" "$image_keyless_log"
keyless sign "${without_log[@]}" "$image_keyless_timestamp"
keyed sign "${unlogged[@]}" "$image_two_keys"
keyless sign "${with_log[@]}" "$image_two_keys"
keyed sign "${unlogged[@]}" "$image_attested"
keyed attest "${unlogged[@]}" --predicate slsa.json --type slsaprovenance1 "$image_attested"
keyless attest "${with_log[@]}" --predicate cyclonedx.json --type cyclonedx "$image_attested"
keyed sign "${unlogged[@]}" --new-bundle-format=false "$image_sig"
cosign sign -y --identity-token token "${unlogged[@]}" --new-bundle-format=false --fulcio-url "$(service fulcio)" \
    --timestamp-server-url "$(service tsa)/api/v1/timestamp" "${trust_and[@]}" "$image_sig_keyless"
save

# what no honest authority would issue
mkdir "$out/forged"
for defect in $("$LOCAL" defects); do
    "$LOCAL" forge "$(service folder)" "$defect" artifact.txt "$out/forged/$defect.json"
done
