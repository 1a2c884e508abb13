#!/bin/sh
# An emulator as a service beside others, without a container: what starts it, what knows that it is healthy, what stops
# it. In a container file the same is
#
#   CMD ["hypervisor-emulator", "serve", "--host", "0.0.0.0", "--log-format", "json"]
#   HEALTHCHECK CMD ["hypervisor-emulator", "wait", "http://127.0.0.1:8795", "--timeout", "1"]
set -eu

READY=$(mktemp -d)/ready.json
hypervisor-emulator serve --port 0 --ready-file "$READY" --log-format none &
EMULATOR=$!
trap 'kill "$EMULATOR" 2>/dev/null || true' EXIT

# the ready file is there, whole, as soon as the emulator answers
until [ -e "$READY" ]; do kill -0 "$EMULATOR"; sleep 0.05; done
URL=$(sed 's/.*"url": *"\([^"]*\)".*/\1/' "$READY")

hypervisor-emulator wait "$URL" --timeout 60
echo "healthy: $URL"

# SIGTERM is a clean stop, as the first process of a container too: what was accepted is answered, the exit code is 0
kill "$EMULATOR"
wait "$EMULATOR"
if hypervisor-emulator wait "$URL" --timeout 0; then exit 1; fi
echo "stopped"
