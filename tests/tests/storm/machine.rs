//! A machine in QEMU, and the firmware `storm` on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use narthex_tests::firmware;

/// What QEMU emulates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) name: &'static str,
    target: &'static str,
    /// The emulator, and what it must be told to be that machine.
    emulator: &'static [&'static str],
}

impl Machine {
    const fn new(name: &'static str, target: &'static str, emulator: &'static [&'static str]) -> Self {
        Self { name, target, emulator }
    }

    fn is_arm(self) -> bool {
        self.target.starts_with("thumb")
    }
}
const ARM: &str = "qemu-system-arm";
const RISCV: &str = "qemu-system-riscv32";

/// A Cortex-M0: no compare-and-swap, critical sections.
pub(crate) const MICROBIT: Machine = Machine::new("microbit", "thumbv6m-none-eabi", &[ARM, "-M", "microbit"]);
/// A Cortex-M3: compare-and-swap on 32 bits.
pub(crate) const LM3S: Machine =
    Machine::new("lm3s6965evb", "thumbv7m-none-eabi", &[ARM, "-M", "lm3s6965evb"]);
/// A Cortex-M4F.
pub(crate) const AN386: Machine =
    Machine::new("mps2-an386", "thumbv7em-none-eabihf", &[ARM, "-M", "mps2-an386"]);
/// A Cortex-M7.
pub(crate) const AN500: Machine =
    Machine::new("mps2-an500", "thumbv7em-none-eabihf", &[ARM, "-M", "mps2-an500"]);
/// A Cortex-M33.
pub(crate) const AN505: Machine =
    Machine::new("mps2-an505", "thumbv8m.main-none-eabi", &[ARM, "-M", "mps2-an505"]);
/// An RV32IMAC: compare-and-swap by reservations, and atomic operations on memory.
pub(crate) const RV32IMAC: Machine = Machine::new(
    "rv32imac",
    "riscv32imac-unknown-none-elf",
    &[RISCV, "-M", "virt", "-bios", "none", "-cpu", "rv32,f=false,d=false"],
);
/// An RV32IMC: neither.
pub(crate) const RV32IMC: Machine = Machine::new(
    "rv32imc",
    "riscv32imc-unknown-none-elf",
    &[RISCV, "-M", "virt", "-bios", "none", "-cpu", "rv32,a=false,f=false,d=false"],
);

/// The firmware, built for a machine.
#[derive(Debug)]
pub(crate) struct Firmware {
    machine: Machine,
    elf: PathBuf,
}

/// One operation run without interrupts: the instructions in front of which one could have come, and those in front of
/// which none could, as interrupts were masked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Executed {
    pub(crate) name: String,
    pub(crate) long: bool,
    pub(crate) open: BTreeSet<u32>,
    pub(crate) masked: BTreeSet<u32>,
}

/// What an instruction does to the mask of interrupts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Masking {
    Keep,
    Mask,
    PutBack,
    Unmask,
}

impl Firmware {
    /// Builds it.
    pub(crate) fn build(machine: Machine) -> Self {
        let elf = firmware::build(&["--package", "storm", "--target", machine.target]);
        Self { machine, elf }
    }

    fn emulator(&self, arguments: &[&str]) -> Command {
        // Ends what hangs where no watchdog of the firmware sees it.
        let mut command = Command::new("timeout");
        command.arg("3600").args(self.machine.emulator).args(["-display", "none"]);
        command
            .args(["-monitor", "none", "-serial", "null", "-icount", "shift=10", "-kernel"])
            .arg(&self.elf);
        let arguments = [&["storm"], arguments].concat().join(",arg=");
        command.args(["-semihosting-config", &format!("enable=on,target=native,arg={arguments}")]);
        command
    }

    /// Runs it. Returns its status and what it says.
    pub(crate) fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.emulator(arguments).output().expect("QEMU can be run");
        let said = String::from_utf8(output.stdout).expect("the firmware writes UTF-8");
        let status = output.status.code().expect("QEMU ends by itself");
        assert!(
            ![2, 101, 124].contains(&status),
            "{status}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        (status, said)
    }

    /// Runs each operation once, and has the emulator tell each instruction. This knows nothing of how the storm finds
    /// them. `test` tells traces of tests that run at a time apart.
    pub(crate) fn trace(&self, start: &str, test: &str) -> Vec<Executed> {
        let log = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{}-{test}-{start}.trace", self.machine.name));
        let output = self
            .emulator(&["trace", start])
            .args(["-singlestep", "-d", "exec,nochain", "-D"])
            .arg(&log)
            .output()
            .expect("QEMU can be run");
        let said = String::from_utf8(output.stdout).expect("the firmware writes UTF-8");
        assert!(output.status.success(), "{said}");
        let mut lines = said.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let Some(["marks", call, behind]) =
            lines.next().as_deref().map(|marks| [marks[0], marks[1], marks[2]])
        else {
            panic!("no marks: {said}");
        };
        let (call, behind) = (hex(call), hex(behind));
        let names = lines.filter(|line| line[0] == "operation");
        let mut operations: Vec<_> = names
            .map(|line| Executed { name: line[1].to_owned(), long: line[2] == "long", ..Executed::default() })
            .collect();
        let masking = self.masking();
        // The firmware measures time first, with calls that are none of an operation.
        let (mut calls, mut inside, mut kept) = (Vec::new(), false, Vec::new());
        let mut masked = false;
        for line in BufReader::new(File::open(&log).expect("there is a trace")).lines() {
            let line = line.expect("the trace can be read");
            // `Trace 0: 0x7f… [00000000/0000919e/00000110/ff002001] symbol`
            let Some(pc) = line.split('/').nth(1).map(hex) else { continue };
            if pc == call {
                // Told twice when the emulator looks up between two instructions.
                if !inside {
                    calls.push((BTreeSet::new(), BTreeSet::new()));
                }
                (inside, masked) = (true, false);
            } else if pc == behind {
                inside = false;
            } else if let Some((open, shut)) = calls.last_mut().filter(|_| inside) {
                if masked {
                    shut.insert(pc)
                } else {
                    open.insert(pc)
                };
                match masking.get(&pc) {
                    Some(Masking::Keep) => kept.push(masked),
                    Some(Masking::Mask) => masked = true,
                    Some(Masking::PutBack) => masked = kept.pop().expect("what is put back was kept"),
                    Some(Masking::Unmask) => masked = false,
                    None => {}
                }
            }
        }
        let first = calls.len().checked_sub(operations.len()).expect("a trace of each operation");
        for (operation, (open, shut)) in operations.iter_mut().zip(calls.split_off(first)) {
            (operation.masked, operation.open) = (&shut - &open, open);
        }
        std::fs::remove_file(&log).expect("the trace is ours");
        operations
    }

    /// The instructions by which critical sections mask interrupts. On Arm they keep the mask, set it, and put back what
    /// they have kept. On RISC-V they set it, and look what it was; only if it was not set they clear it again.
    fn masking(&self) -> BTreeMap<u32, Masking> {
        let is_arm = self.machine.is_arm();
        let masking = |mnemonic: &str, operands: &str| match mnemonic {
            "mrs" if is_arm && operands.ends_with("primask") => Some(Masking::Keep),
            "cpsid" if is_arm => Some(Masking::Mask),
            "msr" if is_arm && operands.starts_with("primask") => Some(Masking::PutBack),
            "csrrci" | "csrci" if !is_arm && operands.ends_with("mstatus, 0x8") => Some(Masking::Mask),
            "csrs" | "csrsi" if !is_arm && operands.starts_with("mstatus,") => Some(Masking::Unmask),
            _ => None,
        };
        let all = self.disassembly();
        let found: BTreeMap<_, _> = all
            .iter()
            .filter_map(|(_, address, mnemonic, operands)| Some((*address, masking(mnemonic, operands)?)))
            .collect();
        let has = |any: &[Masking]| found.values().any(|masking| any.contains(masking));
        assert!(
            has(&[Masking::Mask]) && has(&[Masking::PutBack, Masking::Unmask]),
            "tables have critical sections"
        );
        found
    }

    /// The addresses of some instructions of a function.
    pub(crate) fn instructions_of(&self, function: &str, is: impl Fn(&str, &str) -> bool) -> Vec<u32> {
        let found = self
            .disassembly()
            .into_iter()
            .filter(|(name, _, mnemonic, operands)| name == function && is(mnemonic, operands));
        found.map(|(_, address, ..)| address).collect()
    }

    /// Function, address, mnemonic and operands of each instruction.
    fn disassembly(&self) -> Vec<(String, u32, String, String)> {
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc can be run");
        let sysroot = String::from_utf8(sysroot.stdout).expect("a path in UTF-8");
        let tools = Path::new(sysroot.trim()).join("lib/rustlib");
        let tool = std::fs::read_dir(tools)
            .expect("the toolchain is there")
            .filter_map(Result::ok)
            .map(|target| target.path().join("bin/llvm-objdump"))
            .find(|tool| tool.exists());
        let output = Command::new(tool.expect("llvm-tools are installed"))
            .args(["-d", "--no-show-raw-insn"])
            .arg(&self.elf)
            .output()
            .expect("llvm-objdump can be run");
        let (mut function, mut found) = (String::new(), Vec::new());
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some(name) = line.strip_suffix(">:").and_then(|line| line.split_once('<')) {
                name.1.clone_into(&mut function);
            } else if let Some((address, rest)) = line.split_once(':') {
                let mut fields = rest.split_whitespace();
                let (Ok(address), Some(mnemonic)) = (u32::from_str_radix(address.trim(), 16), fields.next())
                else {
                    continue;
                };
                let mnemonic = mnemonic.trim_end_matches(".w").trim_end_matches(".n");
                let operands = fields.collect::<Vec<_>>().join(" ");
                found.push((function.clone(), address, mnemonic.to_owned(), operands));
            }
        }
        assert!(!found.is_empty(), "a program has instructions");
        found
    }
}

/// A number in hexadecimal.
pub(crate) fn hex(digits: &str) -> u32 {
    u32::from_str_radix(digits, 16).unwrap_or_else(|_| panic!("not hexadecimal: {digits}"))
}
