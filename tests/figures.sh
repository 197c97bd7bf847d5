#!/usr/bin/env bash
# Measures what narthex costs, against its budgets and its peers: on the device in QEMU and in the ELF file, on this
# machine against the peers in the same run. `tests/figures.sh --help` says how.
set -euo pipefail
cd "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/.."

usage() {
    cat <<'END'
usage: tests/figures.sh [--tsv] [--check | --accept] [--device | --host | --only REGEX]

Measures every row of tests/figures/rows.tsv, prints them with budget and best peer, and writes them into README.md.
The rows that have no noise (instructions, bytes, allocations) are compared with tests/figures/baseline.tsv: if one is
worse by more than 2 %, it is named, and the status is 1. Missing a budget is shown, and does not change the status.

options:
  --tsv          print lines of what<TAB>measured<TAB>budget<TAB>unit<TAB>peer, with - for what there is not
  --check        do not write README.md
  --accept       take what is measured as the new baseline
  --device       only the rows of the device
  --host         only the rows of the host
  --only REGEX   only rows whose name, or whose way of measuring, fits: --only flash, --only text, --only qemu
                 (with these three, README.md is written only with --accept)
  --help         print this

ways of measuring, and about how long they take once built:
  qemu     instructions of REF-A, in an emulator that counts them       2 s
  stack    the stack below entry points of a firmware of everything     2 s
  elf      sections and calls of the linked REF-A                       5 s
  cores    the same two on a Cortex-M0 and an RV32IMAC                 10 s
  bytes    snapshots of known firmware, framed                          1 s
  ingest   a snapshot, decoded, checked and kept                       10 s
  fleet    the same, among other devices                               60 s
  text     pages of 10 000 and 100 000 children                        10 s
  scrape   the page of 10 000 devices                                  10 s
  state    memory that is kept                                          1 s
  http     GET /metrics                                                10 s
END
}

fail() {
    echo "figures.sh: $1" >&2
    exit 2
}

tsv=0 mode=write table=. only=.
while (($#)); do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --tsv) tsv=1 ;;
    --check) mode=check ;;
    --accept) mode=accept ;;
    --device | --host) table=${1#--} ;;
    --only)
        (($# >= 2)) || fail "--only needs a value; see --help"
        only=$2
        shift
        ;;
    *) fail "unknown option '$1'; see --help" ;;
    esac
    shift
done

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
CARGO_TARGET_DIR=$(realpath -m "$CARGO_TARGET_DIR")
export CARGO_TERM_COLOR=never
wanted=$(mktemp) measured=$(mktemp)
trap 'rm -f "$wanted" "$measured"' EXIT
awk -F '\t' -v table="$table" -v only="$only" '!/^#/ && ($1 ~ table || $1 == "cores" && table == "device") && ($2 ~ only || $3 ~ only)' tests/figures/rows.tsv >"$wanted"
[[ -s $wanted ]] || fail "no row fits"

# Where the LLVM tools of the Rust toolchain are.
llvm() {
    local tool
    tool=$(echo "$(rustc --print sysroot)"/lib/rustlib/*/bin/"llvm-$1")
    [[ -x $tool ]] || fail "llvm-$1 is missing; add it with: rustup component add llvm-tools"
    echo "$tool"
}

# Instructions of REF-A, and what its encoders keep.
measure_qemu() {
    firmware-examples/boot.sh instructions
    firmware-examples/boot.sh instructions --features http
}

# How deep the stack gets below entry points, of all that have a row.
measure_stack() {
    local what measured
    firmware-examples/boot.sh stack | while IFS=$'\t' read -r what measured; do
        if cut -f 3 tests/figures/rows.tsv | grep -qxF -- "$what"; then printf '%s\t%s\n' "$what" "$measured"; fi
    done
}

# Builds REF-A with these features, for a target, and prints where it is.
ref_a() {
    (cd firmware-examples && cargo build --quiet --release -p ref-a --bin ref-a --features "$1" \
        --target "${2:-thumbv7m-none-eabi}" \
        --message-format=json-render-diagnostics) | sed -n 's/.*"executable":"\([^"]*\)".*/\1/p'
}

# Sections of REF-A with these features, for a target: code and constants, initialised data, zeroed data.
# What a linker script sets apart for the stack is none of them.
sections() {
    local elf stack
    elf=$(ref_a "$@")
    stack=$("$size" -A "$elf" | awk '$1 == ".stack" {print $2}')
    "$size" "$elf" | awk -v stack="${stack:-0}" 'NR == 2 {print $1, $2, $3 - stack}'
}

# The rows "WHAT (CORE)" of lines "WHAT<TAB>MEASURED", if there are such rows.
on_core() {
    local what measured
    while IFS=$'\t' read -r what measured; do
        if cut -f 3 tests/figures/rows.tsv | grep -qxF -- "$what ($1)"; then printf '%s (%s)\t%s\n' "$what" "$1" "$measured"; fi
    done
}

# What narthex adds to a firmware: sections of REF-A with text, or with snapshots, less those of the same program
# without narthex. RAM is that of the metrics; what firmware keeps on its stack is not in it.
measure_elf() {
    local objdump panics
    objdump=$(llvm objdump)
    measure_sections thumbv7m-none-eabi
    # In the largest program: calls of what panics, in narthex or in what it links.
    panics=$("$objdump" --disassemble --demangle "$(ref_a openmetrics,wire,requests,sparse)" |
        grep -cE '\sbl?(\.w)?\s.*<(core::panicking|core::(option|result)::(unwrap|expect)_failed|core::slice::index::|core::str::slice_error|rust_begin_unwind)' || true)
    printf 'panic sites\t%d\n' "$panics"
}

# The sections, on a target.
measure_sections() {
    local size flash data ram f d r text what features most=0 initialised=0
    size=$(llvm size)
    read -r flash data ram < <(sections "" "$1")
    while IFS='|' read -r what features; do
        read -r f d r < <(sections "$features" "$1")
        printf 'flash, %s\t%d\n' "$what" $((f + d - flash - data))
        most=$((d + r - data - ram > most ? d + r - data - ram : most))
        initialised=$((d - data > initialised ? d - data : initialised))
    done <<'END'
text 0.0.4|text
text 0.0.4 and OpenMetrics|openmetrics
snapshots|wire
snapshots and requests|wire,requests
snapshots and sparse ones|wire,sparse
snapshots, requests and sparse ones|wire,requests,sparse
END
    # Both formats and the server, and what of it is the server's.
    read -r text d r < <(sections openmetrics "$1")
    text=$((text + d))
    read -r f d r < <(sections http "$1")
    printf 'flash, HTTP on top\t%d\nflash, text of both formats over HTTP\t%d\n' $((f + d - text)) $((f + d - flash - data))
    printf 'RAM, metrics\t%d\nRAM, initialised\t%d\n' "$most" "$initialised"
}

# REF-A on cores of other kinds.
measure_cores() {
    local core machine target
    while read -r core machine target; do
        { firmware-examples/boot.sh instructions --machine "$machine" && measure_sections "$target"; } </dev/null | on_core "$core"
    done <<'END'
M0 microbit thumbv6m-none-eabi
RV32IMAC rv32imac riscv32imac-unknown-none-elf
END
}

# What narthex costs on this machine, beside its peers. Valgrind counts instructions.
host() {
    if [[ $1 == @(ingest|fleet|text) ]]; then
        command -v valgrind >/dev/null || fail "valgrind is missing; on Debian it is in the package valgrind"
    fi
    cargo build --quiet --release --locked --manifest-path tests/figures/Cargo.toml
    "$CARGO_TARGET_DIR/release/narthex-figures" "$1"
}

scope=some
[[ $table$only != .. ]] || scope=all
mapfile -t ways < <(cut -f 2 "$wanted" | sort -u)
for way in "${ways[@]}"; do
    case $way in
    qemu | stack | elf | cores) "measure_$way" ;;
    *) host "$way" ;;
    esac >>"$measured"
done
python3 tests/figures/table.py "$wanted" "$measured" "$tsv" "$mode" "$scope"
