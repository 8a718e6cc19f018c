# shellcheck shell=bash
# Read by the scripts beside it. They are written as the two products' documentation is: a line `curl …` is a request, the line
# `expect …` after it is what the answer has to be. At the end `finish` counts, and fails if one answer was another one.
set -u
export LC_ALL=C.UTF-8
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
calls=0 wrong=0
STATUS='' BODY='' REQUEST=''

# A request. Only what the documentation leaves out is added: the authority of the server, and where the answer goes.
curl() {
  REQUEST="curl $*" BODY='' STATUS=''
  calls=$((calls + 1))
  : >"$scratch/body"; : >"$scratch/head"
  if ! command curl -sS --max-time 300 --cacert "${CA:?}" -o "$scratch/body" -D "$scratch/head" "$@" 2>"$scratch/error"; then
    STATUS="no answer: $(<"$scratch/error")"
    return
  fi
  BODY=$(tr -d '\0' <"$scratch/body")
  # An answer to a sign-in or an upload may be preceded by `100 Continue`: the last status line counts.
  local line
  while IFS= read -r line; do
    [[ $line == HTTP/* ]] && STATUS=${line#HTTP/* }
  done <"$scratch/head"
  STATUS=${STATUS%$'\r'}
}

# Says what is wrong with the last answer, at the line of the script that asked.
complain() {
  wrong=$((wrong + 1))
  # What is wrong after the first ones mostly follows from them.
  ((wrong > 20)) && return
  local frame=1 request=$REQUEST
  [[ $request =~ (.*Bearer\ .{12})[^\ ]*(.*) ]] && request="${BASH_REMATCH[1]}…${BASH_REMATCH[2]}"
  while [[ ${BASH_SOURCE[frame]##*/} == expect.sh || ${BASH_SOURCE[frame]##*/} == proxmox.sh || ${BASH_SOURCE[frame]##*/} == kubernetes.sh ]]; do frame=$((frame + 1)); done
  printf '%s:%s: %s\n  %s\n  %s\n  %.1500s\n' "${BASH_SOURCE[frame]##*/}" "${BASH_LINENO[frame - 1]}" "$1" "$request" "$STATUS" "$BODY" >&2
}

# `expect STATUS [TEXT…]`: the answer's status, as a number or with its reason as the status line has it, and what its head or body
# must hold word for word; `!TEXT` must not be there.
expect() {
  local status=$1 text head; shift
  [[ $STATUS == "$status" || $STATUS == "$status "* ]] || complain "expected $status"
  head=$(<"$scratch/head")
  for text; do
    case $text in
      '!'*) [[ "$head$BODY" != *"${text#!}"* ]] || complain "there is ${text#!}" ;;
      *) [[ "$head$BODY" == *"$text"* ]] || complain "there is no $text" ;;
    esac
  done
}

# `answer NAME`: the first value of that name in the last answer's JSON.
answer() {
  local pattern="\"$1\": ?\"?([^\",}]*)"
  [[ $BODY =~ $pattern ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# `until_answer SECONDS TEXT curl …`: the same request until its answer holds the text or, with `!TEXT`, no longer holds it. A machine that
# is busy, or slow, takes up to three times as long.
until_answer() {
  local end=$((SECONDS + 3 * $1)) text=$2; shift 2
  while :; do
    "$@"
    case $text in
      '!'*) [[ $BODY != *"${text#!}"* ]] && return ;;
      *) [[ $BODY == *"$text"* ]] && return ;;
    esac
    if ((SECONDS > end)); then complain "still not: $text"; return; fi
    sleep 0.1
  done
}

# What was found, for the test that runs the script.
finish() {
  ((wrong > 0)) && { echo "$wrong things are not as documented, in $calls answers" >&2; exit 1; }
  echo "$calls answers are as documented"
}
