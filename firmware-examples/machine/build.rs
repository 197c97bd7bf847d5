//! Hands the linker the memory of the machine: one layout for each target.
use std::path::PathBuf;
use std::{env, fs};

/// Targets, and where their machines in QEMU have memory.
const MEMORY: &[(&[&str], &str)] = &[
    // microbit
    (&["thumbv6m-none-eabi"], "FLASH : ORIGIN = 0, LENGTH = 256K\n  RAM : ORIGIN = 0x20000000, LENGTH = 16K"),
    // lm3s6965evb
    (&["thumbv7m-none-eabi"], "FLASH : ORIGIN = 0, LENGTH = 256K\n  RAM : ORIGIN = 0x20000000, LENGTH = 64K"),
    // mps2-an386 and mps2-an500
    (&["thumbv7em-none-eabihf"], "FLASH : ORIGIN = 0, LENGTH = 4M\n  RAM : ORIGIN = 0x20000000, LENGTH = 4M"),
    // mps2-an505, which starts in its secure half
    (
        &["thumbv8m.main-none-eabi"],
        "FLASH : ORIGIN = 0x10000000, LENGTH = 4M\n  RAM : ORIGIN = 0x38000000, LENGTH = 2M",
    ),
    // virt: the emulator puts code into RAM. As much of it as the stack of the hart would take is painted in tests.
    (
        &["riscv32imac-unknown-none-elf", "riscv32imc-unknown-none-elf"],
        "FLASH : ORIGIN = 0x80000000, LENGTH = 1M\n  RAM : ORIGIN = 0x80100000, LENGTH = 64K",
    ),
];

/// Where the linker script of riscv-rt wants to put what.
const REGIONS: &str = r#"
REGION_ALIAS("REGION_TEXT", FLASH);
REGION_ALIAS("REGION_RODATA", FLASH);
REGION_ALIAS("REGION_DATA", RAM);
REGION_ALIAS("REGION_BSS", RAM);
REGION_ALIAS("REGION_HEAP", RAM);
REGION_ALIAS("REGION_STACK", RAM);
"#;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    let Some((_, memory)) = MEMORY.iter().find(|(targets, _)| targets.contains(&&*target)) else {
        println!("cargo:error=there is no machine for {target}");
        return;
    };
    let regions = if target.starts_with("riscv") { REGIONS } else { "" };
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(why) = fs::write(folder.join("memory.x"), format!("MEMORY {{\n  {memory}\n}}\n{regions}")) {
        println!("cargo:error=memory.x cannot be written: {why}");
    }
    println!("cargo:rustc-link-search={}", folder.display());
}
