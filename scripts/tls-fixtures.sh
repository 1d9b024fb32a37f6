#!/usr/bin/env bash
# Writes tests/fixtures/tls anew: a certificate authority and a server of this machine that it vouches for, for tests that speak TLS on
# loopback. Both are valid from 2020 to 2120. The authority's key is not kept: it cannot vouch for anything else.
#
#   bash scripts/tls-fixtures.sh
#
# Needs openssl 3. Tests do not: they read what lies there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../tests/fixtures/tls"

readonly FROM=20200101000000Z UNTIL=21200101000000Z
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/ca.conf" <<CONF
[ca]
default_ca = own
[own]
database = $work/index
new_certs_dir = $work
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
touch "$work/index"

key() { openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
request() { openssl req -new -key "$1" -subj "/CN=$2" -config /dev/null -out "$3"; }
sign() { openssl ca -batch -notext -config "$work/ca.conf" -startdate "$FROM" -enddate "$UNTIL" "$@" 2>"$work/said" || { cat "$work/said" >&2; return 1; }; }

key "$work/ca.key"
key server.key
request "$work/ca.key" "slt tests, authority" "$work/ca.csr"
request server.key localhost "$work/server.csr"
sign -selfsign -keyfile "$work/ca.key" -extensions authority -in "$work/ca.csr" -out ca.pem
sign -keyfile "$work/ca.key" -cert ca.pem -extensions server -in "$work/server.csr" -out server.pem
openssl verify -x509_strict -CAfile ca.pem server.pem
