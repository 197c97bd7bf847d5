#!/usr/bin/env bash
# Builds an example and boots it in QEMU, in the foreground. `./boot.sh --help` says how.
set -euo pipefail

usage() {
    cat <<'END'
usage: boot.sh EXAMPLE [--uart tcp:HOST:PORT|udp:HOST:PORT|pty|PATH] [--http HOST:PORT] [--gateway HOST:PORT]
               [--seconds S] [--boot-id N] [--features F,G] [--machine M] [--virtual]

Builds EXAMPLE (release) and boots it in QEMU, in the foreground, until it ends or is stopped by SIGINT or SIGTERM.
What the firmware says beside its UART comes out on stderr. The status is the firmware's, or 0 when stopped.

examples:
  flow-meter      a water meter that sends its metrics out of UART0 each second
  defmt           a door that dumps its metrics into its defmt log each second; UART0 has defmt's frames
  embassy         a weather station on Embassy that sends its metrics out of UART0 each second
  rtic            an RTIC application that prints a page of metrics each second
  ethernet        a mains monitor that answers GET /metrics at its own address (see --http)
  udp             the same, telling a gateway by UDP each second (see --gateway)
  instructions    prints how many instructions updates, a page and a snapshot take: what<TAB>instructions
  stack           prints what each entry point takes: stack of X<TAB>bytes, length of X<TAB>instructions
  self-test       checks narthex on the core of a machine, and prints a line for each group of checks

options:
  --uart tcp:HOST:PORT  dial HOST:PORT, each second until somebody listens there, and put UART0 on the connection
  --uart udp:HOST:PORT  put UART0 into datagrams to HOST:PORT, and take what comes back
  --uart pty            put UART0 on a new pseudo-terminal, and print "uart: PATH" on stdout
  --uart PATH           put UART0 on a terminal of this machine: /dev/ttyUSB0, /dev/pts/3
                        (without --uart, UART0 is stdin and stdout)
  --http HOST:PORT      let HOST:PORT of this machine reach port 80 of the device; HOST is an IPv4 address
  --gateway HOST:PORT   whom the device tells: 127.0.0.1 is this machine; HOST is an IPv4 address (127.0.0.1:9921)
  --seconds S           end after S seconds of the device's time, with status 0
  --boot-id N           what tells this boot from others, in place of a random number
  --features F,G        build with these features of the example; flow-meter has: gaps
  --machine M           boot that machine instead of lm3s6965evb (Cortex-M3). self-test runs on microbit (M0),
                        mps2-an386 (M4F), mps2-an500 (M7), mps2-an505 (M33), rv32imac and rv32imc as well,
                        instructions on microbit and rv32imac
  --virtual             let the device's time pass as fast as this machine can, the same in each run; not with --http
  --help                print this
END
}

fail() {
    echo "boot.sh: $1" >&2
    exit 2
}

is_port() { [[ $1 =~ ^[0-9]{1,5}$ ]] && ((10#$1 >= 1 && 10#$1 <= 65535)); }

example=
machine=lm3s6965evb
uart=stdio
nic=none
forwarding=
firmware_arguments=
features=()
emulator_arguments=()
while (($#)); do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --virtual)
        # An instruction takes 64 ns, and while the core sleeps time leaps to the next timer.
        emulator_arguments=(-icount "shift=6,sleep=off")
        shift
        ;;
    --uart | --http | --gateway | --seconds | --boot-id | --features | --machine)
        (($# >= 2)) || fail "$1 needs a value; see --help"
        case $1 in
        --uart)
            if [[ $2 == pty ]]; then
                uart=pty
            elif [[ $2 =~ ^tcp:([^:,]+):([^:,]+)$ ]] && is_port "${BASH_REMATCH[2]}"; then
                # Dialled again when it is lost, as a board's cable stays where it is while a gateway restarts.
                uart=$2,nodelay=on,reconnect=1
            elif [[ $2 =~ ^udp:([^:,]+):([^:,]+)$ ]] && is_port "${BASH_REMATCH[2]}"; then
                uart=$2@:0
            elif [[ $2 == /* && $2 != *,* ]]; then
                uart=$2
            else
                fail "bad --uart '$2': expected tcp:HOST:PORT, udp:HOST:PORT, pty or a path"
            fi
            ;;
        --http)
            if [[ $2 =~ ^([0-9.]+):([^:,]+)$ ]] && is_port "${BASH_REMATCH[2]}"; then
                forwarding=,hostfwd=tcp:$2-:80
            else
                fail "bad --http '$2': expected HOST:PORT with an IPv4 address, such as 127.0.0.1:8080"
            fi
            ;;
        --gateway)
            if [[ $2 =~ ^([0-9.]+):([^:,]+)$ ]] && is_port "${BASH_REMATCH[2]}"; then
                # What the emulated network calls this machine's loopback.
                firmware_arguments+=,arg=--gateway,arg=${2/#127.0.0.1:/10.0.2.2:}
            else
                fail "bad --gateway '$2': expected HOST:PORT with an IPv4 address, such as 127.0.0.1:9921"
            fi
            ;;
        --seconds)
            [[ $2 =~ ^[0-9]{1,9}$ ]] || fail "bad --seconds '$2': expected a whole number"
            firmware_arguments+=,arg=--seconds,arg=$2
            ;;
        --boot-id)
            [[ $2 =~ ^[0-9]{1,10}$ ]] || fail "bad --boot-id '$2': expected a number below 2^32"
            firmware_arguments+=,arg=--boot-id,arg=$2
            ;;
        --features)
            features=(--features "$2")
            ;;
        --machine)
            machine=$2
            ;;
        esac
        shift 2
        ;;
    -*) fail "unknown option '$1'; see --help" ;;
    *)
        [[ -z $example ]] || fail "one example at a time: '$example' or '$1'"
        example=$1
        shift
        ;;
    esac
done
[[ -n $example ]] || fail "which example? see --help"

# The package, the machines it runs on, and what else the emulator must be told.
machines=(lm3s6965evb)
case $example in
flow-meter) build=(--package flow-meter) ;;
defmt | embassy | rtic) build=(--package "$example-example") ;;
ethernet | udp) build=(--package "$example") nic=user,model=stellaris$forwarding ;;
# One instruction is 2^10 ns, so that the timer can count instructions.
instructions)
    build=(--package ref-a --bin instructions) emulator_arguments=(-icount shift=10)
    machines+=(microbit rv32imac)
    ;;
stack) build=(--package ref-a --bin stack --features everything) emulator_arguments=(-icount shift=10) ;;
self-test)
    build=(--package self-test) emulator_arguments=(-icount shift=10)
    machines+=(microbit mps2-an386 mps2-an500 mps2-an505 rv32imac rv32imc)
    ;;
*) fail "unknown example '$example': one of flow-meter, defmt, embassy, ethernet, rtic, udp, instructions, stack, self-test" ;;
esac
[[ -z $forwarding || $nic != none ]] || fail "$example has no network: --http is for ethernet and udp"
[[ " ${machines[*]} " == *" $machine "* ]] || fail "$example does not run on '$machine': one of ${machines[*]}"

# Who emulates the machine, and for what target its firmware is built.
emulator=(qemu-system-arm -M "$machine")
package=qemu-system-arm
case $machine in
microbit) target=thumbv6m-none-eabi ;;
lm3s6965evb) target=thumbv7m-none-eabi ;;
mps2-an386 | mps2-an500) target=thumbv7em-none-eabihf ;;
mps2-an505) target=thumbv8m.main-none-eabi ;;
# Without what the target does without.
rv32imac) target=riscv32imac-unknown-none-elf cpu=rv32,f=false,d=false ;;
rv32imc) target=riscv32imc-unknown-none-elf cpu=rv32,a=false,f=false,d=false ;;
esac
if [[ $machine == rv32* ]]; then
    emulator=(qemu-system-riscv32 -M virt -bios none -cpu "$cpu")
    package=qemu-system-misc
fi

command -v "${emulator[0]}" >/dev/null || fail "${emulator[0]} is missing; on Debian it is in the package $package"
command -v cargo >/dev/null || fail "cargo is missing; install Rust from https://rustup.rs"
[[ -d $(rustc --print target-libdir --target "$target") ]] ||
    fail "the Rust target is missing; add it with: rustup target add $target"

# A target directory given relative to where the caller stands stays there.
[[ -z ${CARGO_TARGET_DIR:-} ]] || export CARGO_TARGET_DIR=$(realpath -m "$CARGO_TARGET_DIR")
cd "$(dirname "$(realpath "$0")")"
# Cargo tells where it put the program; what it tells people goes to stderr.
elf=$(cargo build --quiet --release --target "$target" "${build[@]}" ${features[@]+"${features[@]}"} --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\)".*/\1/p') || exit 1

# QEMU takes the place of this script, so that a signal reaches it and its status is ours. Two small filters live
# until it ends: QEMU's harmless remarks are dropped, and the name of a pseudo-terminal is put in a fixed form.
[[ $uart != pty ]] || exec > >(exec sed -u 's/^char device redirected to \([^ ]*\).*/uart: \1/')
exec "${emulator[@]}" -display none -monitor none -nic "$nic" -serial "$uart" \
    -semihosting-config "enable=on,target=native,arg=$example$firmware_arguments" \
    ${emulator_arguments[@]+"${emulator_arguments[@]}"} -kernel "$elf" \
    2> >(exec grep --line-buffered -v -e 'Timer with period zero, disabling' -e 'has no peer$' \
        -e 'terminating on signal' >&2)
