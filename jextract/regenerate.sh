#!/usr/bin/env bash
# Makes the sources of rbd-bindings from the headers of librbd and librados.
#
#   regenerate.sh [--headers DIR]           writes rbd-bindings/src/main/java
#   regenerate.sh --check [--headers DIR]   changes nothing; exit status 0 if the sources are what
#                                           would be written, 1 if they differ
#
# Needs `jextract` on the PATH, in the version named below. The headers are those of the Debian
# packages librbd-dev and librados-dev in the version named below; DIR is a folder that has them as
# rbd/librbd.h, rbd/features.h, rados/librados.h and rados/rados_types.h. Without --headers the
# packages are downloaded with apt from the suites named below, by way of the Debian mirror that
# this machine is set up for. Either way their checksums (headers.sha256) must match.
set -euo pipefail

JEXTRACT_VERSION="jextract 23"
HEADERS_VERSION="20.2.4+ds-2"
SUITES="forky sid"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sources="$here/../rbd-bindings/src/main/java"
package_path=io/github/rbd4j/bindings

die() {
  printf 'regenerate.sh: %s\n' "$*" >&2
  exit 2
}

check=false
headers=
while [ $# -gt 0 ]; do
  case "$1" in
    --check) check=true ;;
    --headers)
      [ $# -ge 2 ] || die "--headers needs a folder"
      headers=$2
      shift
      ;;
    -h | --help)
      sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) die "unknown option $1" ;;
  esac
  shift
done

command -v jextract >/dev/null || die "jextract is not on the PATH (its builds are on jdk.java.net)"
version=$(jextract --version 2>&1 | head -n 1)
[ "$version" = "$JEXTRACT_VERSION" ] ||
  die "this is \"$version\", the bindings are made with \"$JEXTRACT_VERSION\""

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Downloads the two packages with an apt of its own, which does not touch the lists of the machine.
download_headers() {
  local mirror apt
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' |
    grep -v security | head -n 1) || true
  [ -n "$mirror" ] || die "no Debian mirror is set up on this machine; use --headers DIR"
  mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs"
  : >"$work/status"
  for suite in $SUITES; do
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main"
  done >"$work/sources.list"
  apt=(apt-get -qq -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State=$work/state" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache"
    -o APT::Sandbox::User=root -o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false)
  "${apt[@]}" update
  (cd "$work/debs" && "${apt[@]}" download \
    "librbd-dev=$HEADERS_VERSION" "librados-dev=$HEADERS_VERSION") ||
    die "the packages $HEADERS_VERSION are not in $SUITES any more; use --headers DIR"
  for deb in "$work"/debs/*.deb; do
    dpkg-deb -x "$deb" "$work/packages"
  done
  headers=$work/packages/usr/include
}

[ -n "$headers" ] || download_headers
(cd "$headers" && sha256sum --quiet --check "$here/headers.sha256") ||
  die "the headers in $headers are not those of $HEADERS_VERSION"

generated=$work/generated
for arguments in includes constants; do
  jextract "@$here/$arguments.args" --output "$generated" -I "$headers" "$headers/rbd/librbd.h"
done

if $check; then
  diff -r "$generated/$package_path" "$sources/$package_path" ||
    { echo "regenerate.sh: rbd-bindings differs from what jextract makes" >&2; exit 1; }
  echo "rbd-bindings is what jextract makes of librbd and librados $HEADERS_VERSION"
else
  rm -rf "${sources:?}/$package_path"
  mkdir -p "$sources/$(dirname "$package_path")"
  cp -r "$generated/$package_path" "$sources/$package_path"
  echo "rbd-bindings written from librbd and librados $HEADERS_VERSION"
fi
