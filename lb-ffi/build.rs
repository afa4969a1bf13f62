//! Gives the shared library its soname: the number of the interface, so that a program finds one that serves it.

fn main() {
    println!("cargo:rerun-if-changed=src/version.rs");
    println!("cargo:rerun-if-changed=build.rs");
    let target = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    let source = std::fs::read_to_string("src/version.rs").unwrap_or_default();
    let number = source.split_once("LB_ABI_VERSION: u32 = ").and_then(|(_, rest)| rest.split_once(';'));
    if let (Some((number, _)), "linux" | "android" | "freebsd") = (number, target.as_str()) {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,liblb.so.{number}");
    }
}
