#!/bin/sh
# The name that older releases of the assignment used; any arguments are passed on.
cd "$(dirname "$0")" || exit 1

for python in "${PYTHON:-}" .venv/bin/python .venv/Scripts/python.exe python python3; do
    if [ -n "$python" ] && command -v "$python" >/dev/null 2>&1; then
        "$python" -m cs231n.submit "$@" || exit
        echo "### Done! Please submit a2.zip and the pdfs to Gradescope. ###"
        exit 0
    fi
done
echo "collectSubmission.sh found no Python: activate its environment, or set the variable PYTHON to its path." >&2
exit 127
