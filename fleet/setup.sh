#!/usr/bin/env bash
# Makes `fleet/.venv` with ReFrame in it; prints the program.
set -euo pipefail
cd "$(dirname "$0")"

if [ ! -x .venv/bin/reframe ]; then
    python3 -m venv .venv >&2
    .venv/bin/pip install --quiet --requirement requirements.txt >&2
fi
echo "$PWD/.venv/bin/reframe"
