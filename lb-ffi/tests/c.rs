//! The library as C sees it: header and symbols agree, and the C example runs.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Where cargo leaves the shared library for this test.
fn library_directory() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// A program of [`compile`]; cargo's own library path could hold an older library.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Builds a C file against the header and the shared library.
fn compile(source: &Path, program: &Path) {
    let directory = library_directory();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    run(Command::new(compiler)
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"])
        .arg(root().join("include"))
        .arg(source)
        .arg("-L")
        .arg(&directory)
        .arg("-llb")
        .arg(format!("-Wl,-rpath,{}", directory.display()))
        .arg("-o")
        .arg(program));
}

#[test]
fn the_header_names_exactly_what_is_exported() {
    let header = std::fs::read_to_string(root().join("include/lb.h")).unwrap();
    let code: String = header.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect();
    let named = |word: &str| word.rsplit([' ', '*']).next().unwrap_or_default().to_owned();
    let declared: BTreeSet<String> = code.split('(').map(named).filter(|name| name.starts_with("lb_")).collect();

    let output = run(Command::new("nm").args(["-D", "--defined-only"]).arg(library_directory().join("liblb.so")));
    let symbols = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<String> = symbols
        .lines()
        .filter_map(|line| line.rsplit(' ').next())
        .filter(|s| s.starts_with("lb_"))
        .map(str::to_owned)
        .collect();
    assert_eq!(declared, exported);
    assert!(exported.len() >= 10, "{exported:?}");
}

#[test]
fn the_headers_numbers_are_the_librarys() {
    let header = std::fs::read_to_string(root().join("include/lb.h")).unwrap();
    let value = |name: &str| -> i64 {
        let line = header.lines().find_map(|line| line.strip_prefix("#define ")?.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|word| word.parse().ok()).expect(name)
    };
    assert_eq!(value("LB_ABI_VERSION"), i64::from(lb::lb_abi_version()));
    for (name, status) in [
        ("LB_OK", lb::Status::Ok),
        ("LB_ERR_NULL", lb::Status::Null),
        ("LB_ERR_ENCODING", lb::Status::Encoding),
        ("LB_ERR_CONFIG", lb::Status::Config),
        ("LB_ERR_START", lb::Status::Start),
        ("LB_ERR_RANGE", lb::Status::Range),
        ("LB_ERR_INTERNAL", lb::Status::Internal),
    ] {
        assert_eq!(value(name), i64::from(status as i32), "{name}");
    }
}

#[test]
fn the_c_example_serves() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("embed");
    compile(&root().join("../examples/c/embed.c"), &program);
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let mut child =
        self::program(&program).arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, format!("lb {} listens on 127.0.0.1:{port}\n", env!("CARGO_PKG_VERSION")));

    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nHello from C\n"), "{answer}");

    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
}

#[test]
fn wrong_calls_are_answered() {
    let directory = tempfile::tempdir().unwrap();
    let (source, program) = (directory.path().join("wrong.c"), directory.path().join("wrong"));
    std::fs::write(&source, WRONG_CALLS).unwrap();
    compile(&source, &program);
    let output = run(&mut self::program(&program));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1 'text' is null");
    assert_eq!(lines[1], "1 'proxy' is null");
    assert!(lines[2].starts_with("2 invalid utf-8"), "{text}");
    assert!(lines[3].starts_with("3 parsing [config:2]") && lines[3].contains("maxcon"), "{text}");
    assert!(lines[4].starts_with("3 ") && lines[4].contains("/nonexistent.cfg"), "{text}");
    assert_eq!(lines[5], "1 'proxy' is null");
    assert_eq!(lines[6], "0 1");
}

const WRONG_CALLS: &str = r#"
#include <stdio.h>
#include <string.h>
#include "lb.h"
static void tell(lb_status status) {
    char text[512];
    lb_last_error(text, sizeof text);
    printf("%d %s\n", (int)status, text);
}
int main(void) {
    const char *wrong = "global\n  maxcon 5\n";
    lb_proxy *proxy = (lb_proxy *)&wrong;
    tell(lb_proxy_start_config(NULL, 3, &proxy));
    tell(lb_proxy_start_config(wrong, strlen(wrong), NULL));
    tell(lb_proxy_start_config("\377", 1, &proxy));
    tell(lb_proxy_start_config(wrong, strlen(wrong), &proxy));
    if (proxy) return 1;
    tell(lb_proxy_start_file("/nonexistent.cfg", &proxy));
    tell(lb_proxy_stop(NULL));
    lb_proxy_free(NULL);
    printf("%d %d\n", (int)lb_proxy_listener_count(NULL), (int)lb_proxy_is_finished(NULL));
    return 0;
}
"#;
