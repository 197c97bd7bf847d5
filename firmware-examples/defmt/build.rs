//! Gives the linker the script that keeps defmt's strings in the ELF file and out of flash, and has what is logged at
//! level `info` and above compiled in, unless `DEFMT_LOG` says otherwise.

fn main() {
    println!("cargo:rustc-link-arg-bins=-Tdefmt.x");
    println!("cargo:rerun-if-env-changed=DEFMT_LOG");
    if std::env::var_os("DEFMT_LOG").is_none() {
        println!("cargo:rustc-env=DEFMT_LOG=info");
    }
}
