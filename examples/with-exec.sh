#!/bin/sh
# A shell script with an emulator of its own: it is there while the script runs, on a free port, and always stopped.
set -eu

if [ -z "${HYPERVISOR_EMULATOR_URL:-}" ]; then
  exec hypervisor-emulator exec --timing realistic --clock frozen -- "$0" "$@"
fi

HOST="Guardis%20Test/environments/Test%20Environment/hosts/web-1"
INSTANCE="$HYPERVISOR_EMULATOR_URL/organizations/$HOST/instance"

state() { curl --silent --fail "$INSTANCE" | sed 's/.*"state":"\([A-Z]*\)".*/\1/'; }

curl --silent --fail --output /dev/null --request POST "$INSTANCE" --json '{}'
[ "$(state)" = PENDING ]

# no need to wait for the machine: time goes where it is wanted
hypervisor-emulator ctl "$HYPERVISOR_EMULATOR_URL" clock until RUNNING web-1
[ "$(state)" = RUNNING ]

hypervisor-emulator ctl "$HYPERVISOR_EMULATOR_URL" act web-1 crash
[ "$(state)" = STOPPED ]
hypervisor-emulator ctl "$HYPERVISOR_EMULATOR_URL" journal
