set -eu
url=${CONTRACT_URL:-@URL@}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# what curl must know and no process list may show: options of curl in a file, one a line
quoted() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }
(
  umask 077
  : >"$work/user"
  : >"$work/key"
  if [ -n "${CONTRACT_USER-}" ]; then
    printf 'user = "%s:%s"\n' "$(quoted "$CONTRACT_USER")" "$(quoted "${CONTRACT_PASSWORD-}")" >"$work/user"
  fi
  if [ -n "${CONTRACT_APP_KEY-}" ]; then
    printf 'header = "@APP_KEY_HEADER@: %s"\n' "$(quoted "$CONTRACT_APP_KEY")" >"$work/key"
  fi
)

# near HEADER: a header that curl is to send, and no process list may show either
near() {
  (umask 077 && printf 'header = "%s"\n' "$(quoted "$1")" >"$work/near")
}

# send PATH OPTION...: one request; the answer is in "$work/answer", its body in "$work/body"
send() {
  path=$1
  shift
  curl --silent --show-error --path-as-is --dump-header "$work/answer" --output "$work/body" "$@" "$url$path"
  printf '%s  %s\n' "$path" "$(head -n 1 "$work/answer" | tr -d '\r')"
}

state_of() {
  curl --silent --show-error --path-as-is --config "$work/user" --config "$work/key" --output "$work/body" \
    --write-out '%{http_code}' "$url$1" >"$work/code"
  if [ "$(cat "$work/code")" = 404 ]; then
    echo @ABSENT@
  else
    sed -n 's/.*"@STATE@" *: *"\([^"]*\)".*/\1/p' "$work/body"
  fi
}

# await STATE PATH: look until the instance is there, for @SECONDS@ s at most
await() {
  tries=0
  until [ "$(state_of "$2")" = "$1" ]; do
    tries=$((tries + 1))
    if [ "$tries" -ge @TRIES@ ]; then
      echo "the instance is not $1, as it was then; going on" >&2
      return 0
    fi
    sleep 0.2
  done
}
