#!/bin/sh
# Any CI system: with a key, whose text is in KEY and whose password is in COSIGN_PASSWORD, both of them secrets of the system.
# REGISTRY, REGISTRY_USER and REGISTRY_PASSWORD are the registry's; REF is where the artifact goes.
set -eu
umask 077
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT
printf '%s\n' "$KEY" >"$keys/release.key"
printf '%s' "$REGISTRY_PASSWORD" | slt login "$REGISTRY" --username "$REGISTRY_USER" --password-stdin
unset KEY REGISTRY_PASSWORD   # what is built has no business with them
slt ship "$REF" --key "$keys/release.key" --sbom --provenance --slightfile --format json
