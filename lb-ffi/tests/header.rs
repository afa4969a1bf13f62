//! `include/lb.h` is what the sources say, and names what the library exports.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The order of the header: what a caller meets first.
const SOURCES: [&str; 19] = [
    "version",
    "status",
    "error",
    "string",
    "server",
    "value",
    "stream",
    "change",
    "signature",
    "extension",
    "builder",
    "section",
    "options",
    "event",
    "log",
    "proxy",
    "listener",
    "command",
    "running_server",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn committed() -> PathBuf {
    root().join("include/lb.h")
}

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let sources = SOURCES.iter().map(|name| root().join(format!("src/{name}.rs")));
    let builder = sources.fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut text = Vec::new();
    builder.generate().expect("the sources can be read").write(&mut text);
    String::from_utf8(text).unwrap()
}

/// `UPDATE_HEADER=1 cargo test -p lb-ffi --test header` writes it anew.
#[test]
fn the_header_is_what_the_sources_say() {
    let text = generated();
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(committed(), &text).unwrap();
    }
    let committed = std::fs::read_to_string(committed()).unwrap();
    assert!(committed == text, "include/lb.h is out of date: `just header` writes it anew");
}

#[test]
fn every_exported_function_is_declared() {
    let library = std::env::current_exe().unwrap().parent().unwrap().join("liblb.so");
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let symbols = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<&str> =
        symbols.lines().filter_map(|line| line.rsplit(' ').next()).filter(|name| name.starts_with("lb_")).collect();
    let header = generated();
    let code: Vec<&str> = header.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n").split_once("*/").unwrap().1.to_owned();
    let declared: BTreeSet<&str> = code
        .split('(')
        .filter_map(|part| part.rsplit([' ', '*', '\n']).next())
        .filter(|name| name.starts_with("lb_") && !name.ends_with(')'))
        .filter(|name| code.contains(&format!("{name}(")))
        .collect();
    assert_eq!(declared, exported);
    assert!(exported.len() >= 30, "{exported:?}");
}
