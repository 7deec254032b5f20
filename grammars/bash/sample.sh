#!/usr/bin/env bash
# Backs up a folder.
set -euo pipefail

source "$(dirname "$0")/lib.sh"
. ./colors.sh

readonly TARGET="${TARGET:-/backup}"
export KEEP=7
dry_run=
EXCLUDES=(
  .git
  node_modules
)

alias ll='ls -l'

# Prints an error and leaves.
die() {
  echo "error: $*" >&2
  exit 1
}

function usage {
  cat <<TEXT
usage: backup [-n] folder
usage() { not a function; }
TEXT
}

function rotate() (
  cd "$TARGET" || die "no target"
  find . -mtime "+$KEEP" -print0 | xargs -0 rm -f
)

copy_one()
{
  local from=$1
  if [[ -n "$dry_run" ]]; then
    log_info "would copy $from"
    return
  fi
  rsync -a "${EXCLUDES[@]/#/--exclude=}" "$from" "$TARGET"
}

cleanup() { rm -rf "$tmp"; }
trap cleanup EXIT

while getopts "nh" option; do
  case $option in
    n) dry_run=1 ;;
    h) usage; exit 0 ;;
    *) die "unknown option" ;;
  esac
done

for folder in "$@"; do
  copy_one "$folder" || die "failed"
done
rotate
