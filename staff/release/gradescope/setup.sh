#!/usr/bin/env bash
# Gradescope runs this once, as root, when the image of the autograder is built.
set -euo pipefail

HOME_DIR=${AUTOGRADER_HOME:-/autograder}
SOURCE=$HOME_DIR/source
export DEBIAN_FRONTEND=noninteractive
if [ -f "$SOURCE/pip.conf" ]; then
    export PIP_CONFIG_FILE=$SOURCE/pip.conf
fi

apt-get update -q
apt-get install -q -y --no-install-recommends ca-certificates gcc libc6-dev
# What keeps a student's code apart. Without it, or where the container forbids it, isolation is reduced.
apt-get install -q -y --no-install-recommends bubblewrap || echo "bubblewrap cannot be installed here"

find_python() {
    for version in 3.14 3.13 3.12 3.11; do
        if command -v "python$version"; then return; fi
    done
    return 1
}
if ! find_python >/dev/null; then
    apt-get install -q -y --no-install-recommends python3.12 || apt-get install -q -y --no-install-recommends python3.11
fi
PYTHON=$(find_python)
NAME=$(basename "$PYTHON")
apt-get install -q -y --no-install-recommends "$NAME-venv" "$NAME-dev"

"$PYTHON" -m venv "$HOME_DIR/venv"
PIP="$HOME_DIR/venv/bin/python -m pip --no-cache-dir --disable-pip-version-check"
cd "$SOURCE"
$PIP install --quiet -c constraints.txt -e ".[grade]"
$PIP install --quiet --only-binary :all: -c constraints.txt -e ".[tensorflow]" ||
    echo "TensorFlow cannot be installed here: TensorFlow.ipynb will not be graded"
ls cs231n/im2col_cython*.so >/dev/null ||
    echo "The extension cannot be built here: the fast layers will use NumPy"

# The solution and the secret are for root alone; what a student wrote runs under another user id.
chown -R root:root "$SOURCE"
chmod -R go-rwx "$SOURCE"
"$HOME_DIR/venv/bin/python" -m staff.grade.autograder --isolation
