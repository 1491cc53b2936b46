# What the other scripts share. Sourced; changes to the top folder, so that all of them work from anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck disable=SC2034
top=$PWD

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
# heading TEXT: a line that separates parts of a long output.
heading() { printf '\n== %s\n' "$*"; }
now_ms() { date +%s%3N; }
