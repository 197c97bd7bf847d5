#!/usr/bin/env bash
# The long forms of the tests: what takes longer than a run before a commit may. Usage: tests/long.sh [STEP]
set -euo pipefail

if [ $# -gt 0 ]; then
    printf 'no long step %s; there are none yet\n' "$1" >&2
    exit 2
fi
echo "no long steps yet"
