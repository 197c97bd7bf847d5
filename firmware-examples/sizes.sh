#!/usr/bin/env bash
# What narthex adds to a firmware: the sections of REF-A with text, or with snapshots (and with requests, with
# sparse frames, with both), less those of the same program without narthex. Prints `what<TAB>bytes`.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")"
target=thumbv7m-none-eabi

size=$(echo "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-size)
[[ -x $size ]] || {
    echo "sizes.sh: llvm-size is missing; add it with: rustup component add llvm-tools" >&2
    exit 2
}

# Sections of the program with these features: code and constants, initialised data, zeroed data.
sections() {
    local elf
    elf=$(cargo build --quiet --release --target "$target" -p ref-a --bin ref-a --features "$1" \
        --message-format=json-render-diagnostics | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p')
    "$size" "$elf" | awk 'NR == 2 {print $1, $2, $3}'
}

read -r flash data ram < <(sections "")
for features in text openmetrics wire wire,requests wire,sparse wire,requests,sparse; do
    read -r f d r < <(sections "$features")
    what=${features//,/ and }
    printf 'REF-A %s flash\t%d\n' "$what" $((f + d - flash - data))
    printf 'REF-A %s RAM\t%d\n' "$what" $((d + r - data - ram))
done
