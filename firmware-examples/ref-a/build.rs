//! Names the linker script where `.cargo/config.toml` does not.
fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("TARGET").is_ok_and(|target| target.starts_with("riscv")) {
        println!("cargo:rustc-link-arg=-Tlink.x");
    }
}
