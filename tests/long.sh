#!/usr/bin/env bash
# The long forms of the tests: what takes longer than a run before a commit may.
#
#   tests/long.sh            all steps
#   tests/long.sh STEP...    only these steps
#
# Steps: models bad-link hostile fuzz storm ethernet boards soak
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly STEPS=(models bad-link hostile fuzz storm ethernet boards soak)

# Models without a bound on preemptions; counters from every start by every two amounts.
step_models() {
    local models
    for models in tests/models tests/models/steps; do
        (cd "$models" && NARTHEX_ALL=1 RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}/loom" \
            cargo test --release)
    done
}

# The invariant over bad links, with many seeds; NARTHEX_SEEDS says how many of each kind.
step_bad-link() {
    NARTHEX_SEEDS="${NARTHEX_SEEDS:-1000}" cargo test --release --package narthex-tests --test bad_link
    NARTHEX_SEEDS="${NARTHEX_SEEDS:-200}" cargo test --release --package narthex-tests --test second_decoder
}

# Every attack beside honest devices, with many seeds; a million invented names over each kind of link.
step_hostile() {
    NARTHEX_SEEDS="${NARTHEX_SEEDS:-500}" cargo test --release --package narthex-tests --test sessions
    cargo build --release --package narthex-host
    NARTHEX_NAMES="${NARTHEX_NAMES:-1000000}" NARTHEX_BIN="${CARGO_TARGET_DIR:-$PWD/target}/release/narthex" \
        cargo test --release --package narthex-tests --test hostile
}

# Any bytes into everything that reads some; NARTHEX_FUZZ_SECONDS says how long for each.
step_fuzz() {
    tests/fuzz/run.sh "${NARTHEX_FUZZ_SECONDS:-600}"
}

# Long operations preempted by every other at each instruction, all triples, and millions of interrupts.
step_storm() {
    NARTHEX_STORM_ONE="${NARTHEX_STORM_ONE:-1}" NARTHEX_STORM_TWO="${NARTHEX_STORM_TWO:-1}" \
        NARTHEX_STORM_FREE="${NARTHEX_STORM_FREE:-20000000}" \
        cargo test --package narthex-tests --features qemu --test storm -- --nocapture --test-threads 2
}

# A device scraped by Prometheus for minutes; then clients that mean harm.
step_ethernet() {
    cargo build --package narthex-host
    NARTHEX_SCRAPE_SECONDS="${NARTHEX_SCRAPE_SECONDS:-300}" NARTHEX_TORTURE_SECONDS="${NARTHEX_TORTURE_SECONDS:-600}" \
        NARTHEX_BIN="${CARGO_TARGET_DIR:-$PWD/target}/debug/narthex" \
        cargo test --package narthex-tests --features qemu --test ethernet -- --nocapture --test-threads 5
}

# Firmware for real boards, checked and linked against their HALs.
step_boards() {
    local board
    rustup target add thumbv6m-none-eabi thumbv7em-none-eabihf riscv32imc-unknown-none-elf
    (cd firmware-examples/boards && cargo fmt --all --check -- --color never)
    for board in pico nrf52840 esp32-c3 nucleo; do
        # In its folder, for its target.
        (cd "firmware-examples/boards/$board" && cargo clippy --release --locked -- -D warnings && cargo build --release --locked)
    done
}

# Ten thousand devices at once; NARTHEX_SOAK_SECONDS says for how long.
step_soak() {
    tests/soak --seconds "${NARTHEX_SOAK_SECONDS:-600}"
}

case "${1-}" in
-h | --help)
    sed -n '2,/^set/{/^set\|^# shellcheck/d;s/^# \{0,1\}//p}' "tests/long.sh"
    exit 0
    ;;
esac

steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=("${STEPS[@]}")
for step in "${steps[@]}"; do
    case " ${STEPS[*]} " in
    *" $step "*) "step_$step" ;;
    *)
        printf 'no long step %s; there are: %s\n' "$step" "${STEPS[*]}" >&2
        exit 2
        ;;
    esac
done
