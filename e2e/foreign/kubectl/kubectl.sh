# shellcheck shell=bash
# Read by the scripts beside it: a line `kubectl …` runs it, `expect CODE TEXT…` says how it has to end and what it has to print.
source "$(dirname "${BASH_SOURCE[0]}")/../curl/expect.sh" || exit 2
: >"$scratch/head"

kubectl() {
  REQUEST="kubectl $*"
  calls=$((calls + 1))
  STATUS=0
  BODY=$(command kubectl "$@" 2>&1) || STATUS=$?
}

# `younger MINOR`: whether this kubectl is of version 1.MINOR or later.
MINOR=$(command kubectl version --client -o json | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p' | head -n 1)
younger() { ((MINOR >= $1)); }
