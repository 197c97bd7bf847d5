#!/usr/bin/env bash
# Looks for inputs that do harm: libFuzzer on each target, for so many seconds, from the inputs in `corpus/`.
#
#   tests/fuzz/run.sh SECONDS [TARGET]...
#
# What it finds new on the way stays in $CARGO_TARGET_DIR/fuzz/found, and is where the next run begins. An input that
# does harm is kept beside it, and told with what replays it; once mended, it belongs into `corpus/`.
#
# No nightly compiler is needed: the coverage that libFuzzer follows is a pass of LLVM's, and an address sanitizer would
# find nothing, as there is no unsafe code. A C++ compiler is, for libFuzzer itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

all=()
for file in fuzz_targets/*.rs; do all+=("$(basename "$file" .rs)"); done

refuse() {
    printf 'fuzz/run.sh: %s\nusage: tests/fuzz/run.sh SECONDS [TARGET]...\ntargets: %s\n' "$1" "${all[*]}" >&2
    exit 2
}

[[ ${1-} =~ ^[1-9][0-9]{0,6}$ ]] || refuse "how many seconds for each target?"
readonly SECONDS_EACH=$1
shift
for target; do
    case " ${all[*]} " in
    *" $target "*) ;;
    *) refuse "there is no target $target" ;;
    esac
done
targets=("$@")
[ $# -gt 0 ] || targets=("${all[@]}")

# A directory of its own: the flags are for all that is linked, and would have everything else built anew.
base="${CARGO_TARGET_DIR:-$PWD/../../target}/fuzz"
mkdir -p "$base/found" "$base/harmful"
base=$(cd "$base" && pwd)
export CARGO_TARGET_DIR="$base" CARGO_INCREMENTAL=0
# Fast, and with all that a debug build checks. Debug information only names lines.
export CARGO_PROFILE_RELEASE_DEBUG=line-tables-only CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1
flags=(--cfg fuzzing -Cdebug-assertions -Coverflow-checks -Ccodegen-units=16 -Cpasses=sancov-module)
for option in level=4 trace-compares inline-8bit-counters pc-table; do
    flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
# With a target named, so that build scripts and macros are built without.
host=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="${flags[*]}" cargo build --release --features fuzzing --bins --target "$host"

# As many at a time as there are processors; each in a log of its own.
hunt() {
    mkdir -p "$base/found/$1"
    "$base/$host/release/$1" -max_total_time="$SECONDS_EACH" -timeout=10 -rss_limit_mb=1024 -max_len=8192 -close_fd_mask=1 \
        -artifact_prefix="$base/harmful/$1-" "$base/found/$1" "corpus/$1" 2>"$base/$1.log"
}
declare -A pids=()
for target in "${targets[@]}"; do
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do sleep 0.2; done
    hunt "$target" &
    pids[$target]=$!
done

status=0
for target in "${targets[@]}"; do
    if wait "${pids[$target]}"; then
        printf '%-14s ok: %s\n' "$target" "$(grep -E '^#[0-9]+\s+DONE' "$base/$target.log" | tr -s '\t ' ' ')"
    else
        status=1
        printf '%-14s FAILED\n' "$target"
        grep -vE '^(INFO|#[0-9])' "$base/$target.log" | cut -c1-2000 | head -n 40
        harmful=$(sed -n "s/.*Test unit written to //p" "$base/$target.log")
        printf 'replay: NARTHEX_FUZZ_INPUT=%s cargo test -p narthex-fuzz --test corpus %s\n' "$harmful" "$target"
    fi
done
exit "$status"
