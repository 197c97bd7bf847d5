#!/usr/bin/env bash
# Runs everything that must hold, on a machine that has Rust (rustup) and Debian; `install` fetches the rest.
#
#   tests/run.sh            all steps, in order; stops at the first that fails
#   tests/run.sh STEP...    only these steps
#
# Steps: install format clippy docs test models miri targets qemu cores storm servers fuzz figures soak
#
# Output of a step that passes stays in its log; that of a step that fails is printed. Servers listen on loopback and
# end with the step that started them. The long forms are in tests/long.sh.
#
# shellcheck disable=SC2317 # steps are called by the name that is asked for
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STEPS=(install format clippy docs test models miri targets qemu cores storm servers fuzz figures soak)

# Targets with compare-and-swap, and those where the binary must bring a critical section.
readonly WITH_CAS=(thumbv7m-none-eabi thumbv7em-none-eabi riscv32imac-unknown-none-elf)
readonly WITHOUT_CAS=(thumbv6m-none-eabi riscv32imc-unknown-none-elf)
# For firmware that is linked, not only built.
readonly LINKED=(thumbv7em-none-eabihf thumbv8m.main-none-eabi)
readonly COMPONENTS=(clippy rustfmt llvm-tools)
# The strict OpenMetrics parser of the Prometheus project.
readonly PYTHON_PARSER=prometheus_client==0.26.0

# One target directory for the workspace and the firmware; no debug information, nothing kept for a next build.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TERM_COLOR=never
readonly LOGS="$CARGO_TARGET_DIR/run" PYTHON_ENV="$CARGO_TARGET_DIR/python"
# Read by the tests: the program under test, and a Python that has the parser.
export NARTHEX_BIN="$CARGO_TARGET_DIR/debug/narthex" NARTHEX_PYTHON="$PYTHON_ENV/bin/python"
mkdir -p "$LOGS"

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# cannot WHAT WHY: says plainly what is missing and gives up.
cannot() {
    printf 'cannot install %s: %s\n' "$1" "$2"
    exit 1
}

has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }

has_parser() { "$NARTHEX_PYTHON" -c 'import prometheus_client.openmetrics.parser' 2>/dev/null; }

# The features of core, as its manifest lists them, without `default`.
core_features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z0-9_-]+ *=/ && $1 != "default" { print $1 }' core/Cargo.toml
}

install_rust() {
    command -v rustup >/dev/null || cannot "the Rust targets and components" "rustup is not here"
    local have item
    have=$(rustup component list --installed)
    for item in "${COMPONENTS[@]}"; do
        grep -q "^$item" <<<"$have" || rustup component add "$item" || cannot "$item" "rustup failed"
    done
    have=$(rustup target list --installed)
    for item in "${WITH_CAS[@]}" "${WITHOUT_CAS[@]}" "${LINKED[@]}"; do
        grep -qx "$item" <<<"$have" || rustup target add "$item" || cannot "$item" "rustup failed"
    done
    cargo +nightly miri --version >/dev/null 2>&1 ||
        rustup toolchain install nightly --profile minimal --component miri,rust-src || cannot "Miri" "rustup failed"
}

install_debian() {
    local missing=()
    command -v qemu-system-arm >/dev/null || missing+=(qemu-system-arm)
    command -v qemu-system-riscv32 >/dev/null || missing+=(qemu-system-misc)
    { command -v prometheus && command -v promtool; } >/dev/null || missing+=(prometheus)
    command -v systemd-analyze >/dev/null || missing+=(systemd)
    # libFuzzer is built from its source.
    command -v c++ >/dev/null || missing+=(g++)
    command -v curl >/dev/null || missing+=(curl)
    command -v wrk >/dev/null || missing+=(wrk)
    command -v python3 >/dev/null || missing+=(python3)
    command -v valgrind >/dev/null || missing+=(valgrind)
    has_venv || missing+=(python3-venv)
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || cannot "${missing[*]}" "apt-get is not here"
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || cannot "${missing[*]}" "neither root nor sudo"
    as_root apt-get update || cannot "${missing[*]}" "apt-get update failed"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}" ||
        cannot "${missing[*]}" "apt-get failed"
}

install_python() {
    has_parser && return
    python3 -m venv "$PYTHON_ENV" || cannot "$PYTHON_PARSER" "no virtual environment could be made"
    "$NARTHEX_PYTHON" -m pip install --quiet --disable-pip-version-check "$PYTHON_PARSER" ||
        cannot "$PYTHON_PARSER" "pip failed"
}

step_install() {
    install_rust
    install_debian
    install_python
}

step_format() {
    cargo fmt --all --check -- --color never
    cargo fmt --all --check --manifest-path firmware-examples/Cargo.toml -- --color never
    cargo fmt --all --check --manifest-path firmware-examples/boards/Cargo.toml -- --color never
    cargo fmt --check --manifest-path tests/figures/Cargo.toml -- --color never
}

step_clippy() {
    cargo clippy --workspace --all-targets --features narthex-tests/qemu,narthex-tests/servers -- -D warnings
    cargo clippy --package narthex --no-default-features -- -D warnings
    local feature
    for feature in $(core_features); do
        cargo clippy --package narthex --no-default-features --features "$feature" -- -D warnings
    done
    # From inside, for its own .cargo/config.toml.
    (cd firmware-examples && cargo clippy --workspace -- -D warnings)
    (cd firmware-examples && cargo clippy --package ref-a --features everything -- -D warnings)
    (cd firmware-examples && cargo clippy --package self-test --target riscv32imac-unknown-none-elf -- -D warnings)
}

# Not only the lints of rustdoc: cargo's own warnings (two crates with one name) must not pass either.
step_docs() {
    cargo doc --workspace --no-deps 2>&1 | tee "$LOGS/docs.out"
    if grep -n '^warning' "$LOGS/docs.out"; then
        echo "the documentation has warnings"
        return 1
    fi
}

step_test() {
    cargo build --package narthex-host
    cargo test --workspace
}

step_targets() {
    build() { cargo build --package narthex --no-default-features "$@"; }
    local feature
    build "${WITH_CAS[@]/#/--target=}"
    build "${WITHOUT_CAS[@]/#/--target=}" --features critical-section
    for feature in $(core_features); do
        build "${WITH_CAS[@]/#/--target=}" --features "$feature"
        build "${WITHOUT_CAS[@]/#/--target=}" --features "critical-section,$feature"
    done
    links_no_panic
    everything_links_no_panic
}

# links_none PATTERN ELF WHAT: whether no symbol of firmware fits the pattern.
links_none() {
    local nm symbols
    nm=$(echo "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-nm)
    symbols=$("$nm" -C "$2")
    grep -q 'narthex::' <<<"$symbols" || { echo "$2 is not the firmware it should be"; return 1; }
    if grep -E "$1" <<<"$symbols"; then
        echo "these are linked into $3, and should not be"
        return 1
    fi
}

# calls_no_panic ELF: whether nothing in firmware calls what panics, but httparse: its `parse_headers` checks twice what
# cannot be, whether the fields it has read fit where it has put them.
calls_no_panic() {
    local objdump calls
    objdump=$(echo "$(rustc --print sysroot)"/lib/rustlib/*/bin/llvm-objdump)
    calls=$("$objdump" --disassemble --demangle --no-show-raw-insn "$1" | awk '
        /^[0-9a-f]+ </ { caller = $0; narthex += /narthex::/ }
        /[ \t]bl?(\.w)?[ \t].*<(core::panicking|core::(option|result)::(unwrap|expect)_failed|core::slice::index::|core::str::slice_error)/ &&
            caller !~ /<(httparse::parse_headers|core::panicking|core::slice::index)/ { print caller, $0 }
        END { if (!narthex) print "this is not the firmware it should be" }')
    if [ -n "$calls" ]; then
        printf '%s calls what panics:\n%s\n' "$1" "$calls"
        return 1
    fi
}

# The reference firmware links nothing that panics: sources can be read for that, what they call cannot.
links_no_panic() {
    local features
    for features in text wire wire,requests wire,sparse wire,requests,sparse openmetrics,wire,requests,sparse; do
        (cd firmware-examples && cargo build --release -p ref-a --bin ref-a --features "$features")
        links_none 'core::(panicking|fmt|str|slice::index)|__aeabi_(memmove|u?ldivmod|[fd](add|mul|div))' \
            "$CARGO_TARGET_DIR/thumbv7m-none-eabi/release/ref-a" "the reference firmware with $features"
    done
}

# Firmware that uses all there is calls nothing that panics either, with compare-and-swap and without.
everything_links_no_panic() {
    local target features
    for target in thumbv7m-none-eabi thumbv6m-none-eabi; do
        features=everything
        [ "$target" = thumbv7m-none-eabi ] || features+=,narthex/critical-section
        (cd firmware-examples && cargo build --release -p ref-a --bin everything --target "$target" --features "$features")
        calls_no_panic "$CARGO_TARGET_DIR/$target/release/everything"
    done
}

# The models are workspaces of their own: `--cfg loom` must reach nothing else.
readonly MODELS=(tests/models tests/models/steps)

# in_models COMMAND…: cargo in each of them.
in_models() {
    local models
    for models in "${MODELS[@]}"; do
        (cd "$models" && RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="$CARGO_TARGET_DIR/loom" cargo "$@")
    done
}

step_models() {
    in_models fmt --all --check -- --color never
    in_models clippy --workspace --all-targets -- -D warnings
    in_models test
}

# What is long and shares nothing is left out: the decoder, pages, the reporter. Tests leak what is constant on a
# device.
step_miri() {
    MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-ignore-leaks" CARGO_TARGET_DIR="$CARGO_TARGET_DIR/miri" \
        cargo +nightly miri test --package narthex --lib -- instrument:: registry:: model:: wire:: \
        frame::check frame::cobs frame::header runtime:: --skip any_room --skip plain_one --skip all_at_once \
        --skip model::grid
}

# Every example must link, also those that no test boots.
step_qemu() {
    # But for what runs on other chips as well, and has steps of its own: beside the others its runtime would want their
    # interrupt vectors.
    (cd firmware-examples && cargo build --release --workspace --exclude ref-a --exclude storm --exclude self-test)
    cargo build --package narthex-host
    cargo test --package narthex-tests --features qemu --test examples --test qemu
    # Mostly waiting: more at a time than there are cores.
    cargo test --package narthex-tests --features qemu --test ethernet -- --test-threads 5
    # One of the boards; tests/long.sh has them all.
    (cd firmware-examples/boards/pico && cargo clippy --locked -- -D warnings)
    # Mostly waiting: more at a time than there are cores.
    cargo test --package narthex-tests --features qemu --test faults -- --test-threads 6
}

# One firmware on every kind of core.
step_cores() {
    cargo test --package narthex-tests --features qemu --test cores
}

# Interrupts at every instruction, on cores with compare-and-swap and on cores without. Prints what was covered.
step_storm() {
    local out="$LOGS/storm.out"
    cargo test --package narthex-tests --features qemu --test storm -- --nocapture --test-threads 2 | tee "$out"
    {
        printf 'machine\toperation\tinjections\texecuted\topen\tmasked\telsewhere\tbad\n'
        grep -E '^(lm3s6965evb|microbit|mps2|rv32)' "$out" | sort
    } >"$LOGS/storm.table"
}

step_servers() {
    cargo build --package narthex-host
    cargo test --package narthex-tests --features servers --test servers --test operations
}

step_fuzz() {
    cargo test --package narthex-fuzz
    tests/fuzz/run.sh 10
}

# What narthex costs is not worse than its baseline.
step_figures() {
    cargo clippy --manifest-path tests/figures/Cargo.toml --locked -- -D warnings
    tests/figures.sh --check
}

# Half a minute of what tests/long.sh does for ten.
step_soak() {
    tests/soak --seconds 30
}

# Each step is a process group of its own, so that nothing it started outlives it or an interrupted run.
group=
end_group() {
    if [ -n "$group" ]; then kill -- "-$group" 2>/dev/null || true; fi
    group=
}
trap end_group EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# count passed|failed LOG: adds up the result lines of cargo test.
count() {
    awk -v what="$1;" '/^test result:/ { for (i = 2; i <= NF; i++) if ($i == what) sum += $(i - 1) } END { print sum + 0 }' "$2"
}

passed=0 failed=0 seconds=0 rows=()

# Runs one step, adds its row and sets `status`; a step without tests counts as one.
run() {
    local step=$1 log="$LOGS/$1.log" start=$SECONDS good bad
    status=0
    printf '%-8s ' "$step"
    set -m
    ("step_$step") >"$log" 2>&1 </dev/null &
    group=$!
    set +m
    wait "$group" || status=$?
    end_group
    good=$(count passed "$log") bad=$(count failed "$log")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$good" = 0 ] && [ "$bad" = 0 ]; then good=1; fi
    passed=$((passed + good)) failed=$((failed + bad)) seconds=$((seconds + SECONDS - start))
    rows+=("$(printf '%-8s %8d %8d %8d' "$step" $((SECONDS - start)) "$good" "$bad")")
    if [ "$status" = 0 ]; then
        printf 'ok, %d s\n' $((SECONDS - start))
        # What a step has to show beside that.
        if [ -f "$LOGS/$step.table" ]; then cat "$LOGS/$step.table"; fi
    else
        printf 'FAILED (status %d), %d s\n\n' "$status" $((SECONDS - start))
        cat "$log"
    fi
}

case "${1-}" in
-h | --help)
    sed -n '2,/^set/{/^set\|^# shellcheck/d;s/^# \{0,1\}//p}' "tests/run.sh"
    exit 0
    ;;
esac

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=("${STEPS[@]}")
for step in "${steps[@]}"; do
    case " ${STEPS[*]} " in
    *" $step "*) ;;
    *)
        printf 'no step %s; there are: %s\n' "$step" "${STEPS[*]}" >&2
        exit 2
        ;;
    esac
done

# Not `run … || break`: under `||` a step would go on after a command that failed.
for step in "${steps[@]}"; do
    run "$step"
    [ "$status" = 0 ] || break
done

printf '\n%-8s %8s %8s %8s\n' step seconds passed failed
printf '%s\n' "${rows[@]}"
printf '%-8s %8d %8d %8d\n' sum "$seconds" "$passed" "$failed"
for step in "${steps[@]:${#rows[@]}}"; do printf '%-8s not run\n' "$step"; done
printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]
