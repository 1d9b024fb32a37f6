#!/usr/bin/env bash
# Makes a release of slt for this machine: an archive of the program, its SBOMs, their checksums, and a signature of each, made by slt
# itself. The same commit, compiler and machine give the same files, but for signatures, which are new each time.
#
#   bash scripts/release.sh                          keyless, for the identity of the CI system that runs it
#   bash scripts/release.sh --key release.key        with a key; its password is asked for, or in COSIGN_PASSWORD
#   bash scripts/release.sh --output FOLDER          into FOLDER (default: dist)
#   bash scripts/release.sh --dev                    not optimised
#   bash scripts/release.sh --package DIR --with SLT of the program `slt` of another cargo package, its SBOMs and signatures made by SLT:
#                                                    for the tests, which need no program of hundreds of megabytes
#
# Further arguments are those of `slt sign`: --identity-token, --signing-config, --trusted-root. Times in the archive are those of
# SOURCE_DATE_EPOCH, or of the last commit. docs/verifying.md says how to verify what it makes.
set -euo pipefail
here=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."

profile=release output=dist package=. with="" signing=()
while (($#)); do
    case $1 in
        --dev) profile=debug ;;
        --output)
            output=${2:?"--output takes a folder"}
            shift
            ;;
        --package)
            package=${2:?"--package takes a folder"}
            [[ $package == /* ]] || package=$here/$package
            shift
            ;;
        --with)
            with=${2:?"--with takes a program"}
            [[ $with == /* ]] || with=$here/$with
            shift
            ;;
        --key | --identity-token | --signing-config | --trusted-root)
            value=${2:?"$1 takes a file"}
            [[ $value == /* || $value == - ]] || value=$here/$value
            signing+=("$1" "$value")
            shift
            ;;
        *)
            echo "release: \`$1\` is not understood; the first lines of this script say what is" >&2
            exit 2
            ;;
    esac
    shift
done
[[ $output == /* ]] || output=$here/$output
cd "$package"

optimised=()
[[ $profile == debug ]] || optimised=(--release)
# Some build scripts look at SOURCE_DATE_EPOCH: it is the time of the archive and the documents, and not of what cargo builds.
env -u SOURCE_DATE_EPOCH cargo build --locked "${optimised[@]}"
slt=$(realpath "${CARGO_TARGET_DIR:-target}/$profile/slt")
with=${with:-$slt}
version=$("$slt" --version)
version=${version#slt }
triple=$(rustc -vV | sed -n 's/^host: //p')
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

name=slt-$version-$triple
mkdir -p "$output"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What the archive holds: a folder of its own, so that it can be unpacked anywhere.
mkdir -p "$scratch/$name/completions"
cp "$slt" LICENSE NOTICE README.md CHANGELOG.md "$scratch/$name"
"$slt" completions bash >"$scratch/$name/completions/slt.bash"
"$slt" completions zsh >"$scratch/$name/completions/_slt"
"$slt" completions fish >"$scratch/$name/completions/slt.fish"
find "$scratch/$name" -type d -exec chmod 755 {} +
find "$scratch/$name" -type f -exec chmod 644 {} +
chmod 755 "$scratch/$name/slt"

# No order of a file system, no owner, no time of this machine.
tar --create --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --directory="$scratch" "$name" | gzip --no-name -6 >"$output/$name.tar.gz"

"$with" sbom --native "${optimised[@]}" --quiet --output "$output/$name.cdx.json"
"$with" sbom --native "${optimised[@]}" --quiet --spec spdx --output "$output/$name.spdx.json"
digest=$(sha256sum "$slt" | cut -d' ' -f1)
for sbom in "$output/$name".{cdx,spdx}.json; do
    grep -q "\"$digest\"" "$sbom" || {
        echo "release: $sbom is of another program than the one in the archive" >&2
        exit 1
    }
done

cd "$output"
sha256sum "$name.tar.gz" "$name.cdx.json" "$name.spdx.json" >SHA256SUMS
for file in "$name.tar.gz" "$name.cdx.json" "$name.spdx.json" SHA256SUMS; do
    "$with" sign "$file" "${signing[@]}" --bundle "$file.sigstore.json" --quiet
done
ls -l "$name".* SHA256SUMS*
