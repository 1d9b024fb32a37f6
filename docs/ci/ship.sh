#!/bin/sh
# Ships the project in this folder, in any CI system: `sh ship.sh [FLAGS OF SLT SHIP]`, with slt on PATH.
#
#   REFERENCE            where to: registry/repository:tag; a repository has no capitals (`tr A-Z a-z`, if its name comes from elsewhere)
#   REGISTRY_USER        and REGISTRY_PASSWORD, if the registry wants them
#   SIGSTORE_ID_TOKEN    the identity token of this job, for the audience `sigstore`; with IDENTITY and ISSUER it is then verified, too
#   SLT_KEY              in its place, the file of a private key, with its password in COSIGN_PASSWORD, and SLT_PUBLIC_KEY to verify
#   TRUSTED_ROOT         and SIGNING_CONFIG: files of a Sigstore of your own
set -eu

if [ -n "${REGISTRY_PASSWORD:-}" ]; then
    printf %s "$REGISTRY_PASSWORD" | slt login "${REFERENCE%%/*}" --username "$REGISTRY_USER" --password-stdin
    unset REGISTRY_PASSWORD # what is built has no business with it
fi

slt ship "$REFERENCE" --sbom --provenance --slightfile \
    ${SLT_KEY:+--key "$SLT_KEY"} ${SIGNING_CONFIG:+--signing-config "$SIGNING_CONFIG"} \
    ${TRUSTED_ROOT:+--trusted-root "$TRUSTED_ROOT"} "$@"

if [ -n "${SLT_PUBLIC_KEY:-}" ]; then
    slt verify "$REFERENCE" --key "$SLT_PUBLIC_KEY"
elif [ -n "${IDENTITY:-}" ]; then
    slt verify "$REFERENCE" --identity "$IDENTITY" --issuer "$ISSUER" ${TRUSTED_ROOT:+--trusted-root "$TRUSTED_ROOT"}
fi
