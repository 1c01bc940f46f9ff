#!/bin/sh
# Make the environment .venv where there is none that suits, and install into it by pip.
#   sh staff/install.sh PYTHON ARGUMENT...    for example: sh staff/install.sh python3 -e ".[test]"
# An environment that was made with another Python is made anew. Every half minute a line says how far it is.
set -eu

python=$1
shift

identity() {
    "$1" -c 'import sys; print(sys.version, sys.base_prefix)' 2>&1 || true
}

if [ -e .venv ] && [ "$(identity .venv/bin/python)" != "$(identity "$python")" ]; then
    echo "The environment .venv was made with another Python than $python: it is made anew."
    rm -rf .venv
fi
[ -e .venv ] || "$python" -m venv .venv

.venv/bin/python -m pip install --quiet -c constraints.txt "$@" &
pip=$!
trap 'kill "$pip"; exit 130' INT TERM
seconds=0
while kill -0 "$pip" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    if [ $((seconds % 30)) = 0 ]; then
        echo "... $seconds s, $(du -sm .venv | cut -f1) MB"
    fi
done
wait "$pip"
