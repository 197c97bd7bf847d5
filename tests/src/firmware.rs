//! Firmware of `firmware-examples`: built, run in virtual time, measured.

use crate::root;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds a program as it is shipped: cargo is given these arguments. Returns where the program is.
///
/// # Panics
/// If it cannot be built.
pub fn build(arguments: &[&str]) -> PathBuf {
    let built = Command::new("cargo")
        .current_dir(root().join("firmware-examples"))
        .args(["build", "--quiet", "--release"])
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .output()
        .expect("cargo can be run");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = String::from_utf8(built.stdout).expect("cargo writes UTF-8");
    let elf = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    elf.expect("cargo says where the program is")
}

/// Boots an example for so many seconds of its own time, as fast as this machine can, and returns what it sends out of
/// UART0: the same bytes each time.
///
/// # Panics
/// If it does not end well.
pub fn boot(example: &str, seconds: u32) -> Vec<u8> {
    let output = Command::new("timeout")
        .arg("600")
        .arg(root().join("firmware-examples/boot.sh"))
        .args([example, "--virtual", "--boot-id", "1", "--seconds", &seconds.to_string()])
        .output()
        .expect("the example can be run");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{example}: {}\n{stderr}", output.status);
    output.stdout
}

/// What a program takes of a chip, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Code, constants, and what initialised data begins as.
    pub flash: u64,
    /// Initialised and zeroed data; the stack is not in it.
    pub ram: u64,
}

impl Size {
    /// Reads the sections of a program.
    ///
    /// # Panics
    /// If `llvm-size` is not there, or makes nothing of the file.
    pub fn of(elf: &Path) -> Self {
        let sysroot = Command::new("rustc").args(["--print", "sysroot"]).output().expect("rustc can be run");
        let sysroot = String::from_utf8(sysroot.stdout).expect("a path in UTF-8");
        let hosts = fs::read_dir(Path::new(sysroot.trim()).join("lib/rustlib")).expect("Rust is installed");
        let tool = hosts
            .filter_map(|host| Some(host.ok()?.path().join("bin/llvm-size")))
            .find(|tool| tool.exists())
            .expect("llvm-size: rustup component add llvm-tools");
        let output = Command::new(tool).arg(elf).output().expect("llvm-size can be run");
        let table = String::from_utf8(output.stdout).expect("llvm-size writes ASCII");
        let numbers: Vec<u64> = table
            .lines()
            .nth(1)
            .map(|line| line.split_whitespace().take(3).filter_map(|number| number.parse().ok()).collect())
            .unwrap_or_default();
        let [text, data, bss] = numbers[..] else { panic!("llvm-size says of {}:\n{table}", elf.display()) };
        Self { flash: text + data, ram: data + bss }
    }
}
