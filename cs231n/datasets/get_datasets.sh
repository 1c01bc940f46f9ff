#!/bin/sh
# The name that older releases of the assignment used; any arguments are passed on.
root=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m cs231n.datasets "$@"
