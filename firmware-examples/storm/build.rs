//! Hands the linker the memory of the machine: one for each target.
use std::path::PathBuf;
use std::{env, fs};

/// Target, and where its machine in QEMU has flash and RAM.
const MACHINES: &[(&str, &str, &str)] = &[
    ("thumbv6m-none-eabi", "ORIGIN = 0, LENGTH = 256K", "ORIGIN = 0x20000000, LENGTH = 16K"), // microbit
    ("thumbv7m-none-eabi", "ORIGIN = 0, LENGTH = 256K", "ORIGIN = 0x20000000, LENGTH = 64K"), // lm3s6965evb
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = env::var("TARGET").unwrap_or_default();
    let Some((_, flash, ram)) = MACHINES.iter().find(|(name, ..)| *name == target) else {
        println!("cargo:error=the storm has no machine for {target}");
        return;
    };
    let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let memory = format!("MEMORY {{\n  FLASH : {flash}\n  RAM : {ram}\n}}\n");
    if let Err(why) = fs::write(folder.join("memory.x"), memory) {
        println!("cargo:error=memory.x cannot be written: {why}");
    }
    println!("cargo:rustc-link-search={}", folder.display());
}
