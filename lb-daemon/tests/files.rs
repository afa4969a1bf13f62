//! Files that are given and named by a configuration: lbd and HAProxy on the same ones. Where relative paths start is said by
//! `default-path` (configuration.txt, section 3.1).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lb_tests::process::{Running, beside_haproxy};
use lb_tests::{HeldPort, Wire, eventually};

/// lbd, and HAProxy where it is installed.
fn programs() -> Vec<PathBuf> {
    beside_haproxy(env!("CARGO_BIN_EXE_lbd"))
}

/// What a page of an error says, so that it tells where it came from.
fn page(status: u16, text: &str) -> String {
    format!("HTTP/1.1 {status} Page\r\ncontent-length: {}\r\n\r\n{text}", text.len())
}

/// Files of one name in the directories that each mode means, and certificates in one of them.
fn tree() -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    fs::create_dir_all(tree.path().join("conf/certs")).unwrap();
    fs::create_dir_all(tree.path().join("other")).unwrap();
    for directory in [".", "conf", "other"] {
        let at = tree.path().join(directory);
        fs::write(at.join("map"), format!("/key {directory}\n")).unwrap();
        fs::write(at.join("list"), format!("{directory}\n")).unwrap();
        fs::write(at.join("body"), directory).unwrap();
        fs::write(at.join("format"), format!("{directory} %[method]")).unwrap();
        fs::write(at.join("403.http"), page(403, directory)).unwrap();
        fs::write(at.join("404.http"), page(404, directory)).unwrap();
    }
    tree
}

/// A frontend that says what it reads from each kind of file; `{place}` is in the list of patterns of that place.
const EVERYTHING: &str = "
http-errors pages
  errorfile 404 404.http
defaults
  mode http
  timeout client 5s
frontend f
  bind \"${ADDRESS}\"
  errorfile 403 403.http
  http-request set-var(txn.map) path,map(map)
  http-request set-header x-list %[req.hdr(x),map_str(map,none)]
  http-request return status 200 content-type text/plain lf-string \"%[var(txn.map)]\" if { path /key }
  http-request return status 200 content-type text/plain file body if { path /file }
  http-request return status 200 content-type text/plain lf-file format if { path /format }
  http-request return status 404 errorfiles pages if { path /pages }
  http-request deny deny_status 403 errorfile 403.http if { path /deny }
  http-request deny deny_status 403 if { path /own }
  http-request return status 200 content-type text/plain lf-string listed if { req.hdr(place) -f list }
  http-request return status 200 content-type text/plain lf-string unlisted
";

/// What a client learns of the directory that a program takes the files of.
fn told(program: &Path, directory: &Path, files: &[&str]) -> Vec<String> {
    let port = HeldPort::new();
    let mut command = Command::new(program);
    command.arg("-db").current_dir(directory).env("ADDRESS", port.address().to_string());
    for file in files {
        command.args(["-f", file]);
    }
    let _running = Running(command.spawn().unwrap());
    eventually("it listens", || std::net::TcpStream::connect(port.address()).is_ok());
    let paths = ["/key", "/file", "/format", "/pages", "/deny", "/own"];
    let text = |path: &str| {
        let mut wire = Wire::connect(port.address());
        String::from_utf8(wire.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")).response().body).unwrap()
    };
    let mut told: Vec<String> = paths.into_iter().map(text).collect();
    for place in [".", "conf", "other"] {
        let mut wire = Wire::connect(port.address());
        let answer = wire.send(format!("GET / HTTP/1.1\r\nHost: a\r\nPlace: {place}\r\n\r\n")).response();
        if answer.body == b"listed" {
            told.push(place.to_owned());
        }
    }
    told
}

#[test]
fn each_mode_finds_every_kind_of_file() {
    let tree = tree();
    let global = |mode: &str| format!("global\n  default-path {mode}\n");
    for (mode, expected) in [("current", "."), ("config", "conf"), ("parent", "."), ("origin other", "other")] {
        fs::write(tree.path().join("conf/one.cfg"), global(mode) + EVERYTHING).unwrap();
        // The mode counts for later files, too.
        fs::write(tree.path().join("first.cfg"), global(mode)).unwrap();
        fs::write(tree.path().join("conf/two.cfg"), EVERYTHING).unwrap();
        for program in programs() {
            let program = &*program;
            for files in [&["conf/one.cfg"][..], &["first.cfg", "conf/two.cfg"]] {
                let told = told(program, tree.path(), files);
                let format = format!("{expected} GET");
                let all = [expected, expected, &format, expected, expected, expected, expected];
                assert_eq!(told, all, "{mode} {files:?} {}", program.display());
            }
        }
    }
}

fn check(program: &Path, directory: &Path, text: &str) -> (Option<i32>, Vec<String>) {
    fs::write(directory.join("conf/check.cfg"), text).unwrap();
    let output = Command::new(program).args(["-c", "-f", "conf/check.cfg"]).current_dir(directory).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    let lines = errors.lines().filter(|line| line.starts_with("[ALERT]") && line.contains("parsing"));
    let text = |line: &str| line.split_once(") : ").map(|(_, text)| text.to_owned());
    (output.status.code(), lines.filter_map(text).collect())
}

#[test]
fn certificates_are_found_below_their_base() {
    let tree = tree();
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = certificate.cert.pem() + &certificate.signing_key.serialize_pem();
    fs::write(tree.path().join("conf/certs/own.pem"), pem).unwrap();
    fs::write(tree.path().join("conf/certs/ca.pem"), certificate.cert.pem()).unwrap();
    for (bases, path, good) in [
        ("crt-base certs\n  ca-base certs", "", true),
        ("", "certs/", true),
        ("", "conf/certs/", false),
        ("default-path current\n  crt-base conf/certs\n  ca-base conf/certs", "", true),
        ("default-path current\n  crt-base certs\n  ca-base certs", "", false),
    ] {
        let text = format!(
            "global
  default-path config
  {bases}
frontend f
  bind 127.0.0.1:0 ssl crt {path}own.pem
  mode http
  timeout client 5s
  http-request deny if {{ http_auth_bearer,jwt_verify(RS256,certs/ca.pem) 1 }}
  default_backend b
backend b
  mode http
  timeout connect 5s
  timeout server 5s
  server s 127.0.0.1:1 ssl verify required ca-file {path}ca.pem
"
        );
        // HAProxy listens on no free port that it chooses itself.
        let own = check(&programs()[0], tree.path(), &text.replace("127.0.0.1:0", "127.0.0.1:1"));
        assert_eq!(own.0, Some(i32::from(!good)), "{bases} {path}: {own:?}");
        for other in programs().iter().skip(1) {
            let theirs = check(other, tree.path(), &text.replace("127.0.0.1:0", "127.0.0.1:1"));
            assert_eq!(own.0, theirs.0, "{bases} {path}: {own:?} {theirs:?}");
        }
    }
}

#[test]
fn wrong_modes_are_told_as_haproxy_tells_them() {
    let tree = tree();
    let text = |mode: &str| format!("global\n  default-path {mode}\n");
    for mode in ["", "bogus", "origin"] {
        let answers: Vec<_> = programs().iter().map(|program| check(program, tree.path(), &text(mode))).collect();
        assert_eq!(answers[0].0, Some(1), "{mode}");
        for theirs in answers.iter().skip(1) {
            assert_eq!(&answers[0], theirs, "{mode}");
        }
    }
    let (status, alerts) = check(&programs()[0], tree.path(), &text("origin nowhere"));
    let text = "couldn't set 'default-path' to origin 'nowhere': No such file or directory.";
    assert_eq!((status, alerts), (Some(1), vec![format!("config : parsing [conf/check.cfg:2] : {text}")]));
}

/// What a package installs is what most people begin with.
#[test]
fn the_configuration_of_the_package_is_accepted() {
    let installed = Path::new("/etc/haproxy/haproxy.cfg");
    if !installed.exists() {
        println!("skipped: HAProxy's package is not installed");
        return;
    }
    for program in programs() {
        let output = Command::new(&program).arg("-c").arg("-f").arg(installed).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {errors}", program.display());
    }
}
