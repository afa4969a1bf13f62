//! The command line of lbd, seen from outside: exit statuses and texts are those of HAProxy 2.6.12.

#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn lbd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_lbd")).args(arguments).current_dir(examples()).output().unwrap()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/configs")
}

#[track_caller]
fn expect(arguments: &[&str], status: i32, stdout: &str, stderr: &str) {
    let output = lbd(arguments);
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{out}{err}");
    assert!(if stdout.is_empty() { out.is_empty() } else { out.contains(stdout) }, "{out}");
    assert!(if stderr.is_empty() { err.is_empty() } else { err.contains(stderr) }, "{err}");
}

#[test]
fn every_example_is_valid() {
    let mut count = 0;
    for entry in std::fs::read_dir(examples()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cfg" || extension == "toml") {
            expect(&["-c", "-f", path.to_str().unwrap()], 0, "Configuration file is valid\n", "");
            count += 1;
        }
    }
    assert!(count >= 12);
}

#[test]
fn checks_end_as_haproxys_do() {
    expect(&["-c", "-q", "-f", "quickstart.cfg"], 0, "", "");
    expect(&["-V", "-c", "-q", "-f", "quickstart.cfg"], 0, "Configuration file is valid\n", "");
    expect(&["-c", "-f", "/dev/null"], 2, "Configuration file has no error but will not start (no listener)", "");
    expect(
        &["-c", "-f", "nonexist"],
        1,
        "",
        "config : Cannot open configuration file/directory nonexist : No such file",
    );
    expect(&["-C", "/nonexist", "-c", "-f", "x"], 1, "", "Could not change to directory /nonexist : No such file");
    expect(&["-q", "-c", "-f", "nonexist"], 1, "", "");
    expect(
        &["-f", "/dev/null"],
        1,
        "",
        "[haproxy.main()] No enabled listener found (check for 'bind' directives) ! Exiting.",
    );
}

/// `quiet` of the configuration is `-q` for what is not an error.
#[test]
fn a_quiet_configuration() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    // Without timeouts, of which there is a warning.
    file.write_all(b"global\n quiet\nlisten a\n mode http\n bind 127.0.0.1:1\n").unwrap();
    let path = file.path().to_str().unwrap();
    expect(&["-c", "-f", path], 0, "", "");
    expect(&["-c", "-V", "-f", path], 0, "Warnings were found.\n", "missing timeouts for proxy 'a'");
}

#[test]
fn conditions() {
    expect(&["-cc", "version_atleast(2.6)"], 0, "", "");
    expect(&["-cc", "version_atleast(9)"], 1, "", "");
    expect(&["-cc", "foo("], 2, "", "Failed to evaluate condition: unparsable conditional expression 'foo('");
}

#[test]
fn help_versions_and_refusals() {
    expect(&[], 1, "lbd version", "Usage : lbd [-f <cfgfile|cfgdir>]*");
    expect(&["-v"], 0, "lbd version", "");
    expect(&["-vv"], 0, "Feature list : ", "");
    expect(&["-f", "quickstart.cfg", "stray"], 1, "lbd version", "unknown option 'stray'");
    expect(&["-W", "-f", "quickstart.cfg"], 1, "", "option '-W' is not supported yet.");
    expect(&["-f"], 1, "", "option '-f' requires an argument.");
    expect(&["-dKhelp", "-q", "-c", "-f", "quickstart.cfg"], 0, "# List of supported keyword classes:", "");
}

#[test]
fn what_other_daemons_turn_off() {
    expect(&["-dG", "-de", "-dp", "-dk", "-dr", "-dM", "-m", "2000", "-q", "-c", "-f", "quickstart.cfg"], 0, "", "");
    expect(&["-dL", "-q", "-c", "-f", "quickstart.cfg"], 0, "List of loaded object files:\n/", "");
    expect(&["-vv"], 0, "Options without effect :", "");
    expect(&["-f", "quickstart.cfg", "-sf", "x"], 1, "", "-sf option: some bytes unconsumed in PID list {x}");
    for word in ["-x", "-S", "-Ws"] {
        expect(&[word, "-f", "quickstart.cfg"], 1, "", "is not supported yet.");
    }
}

#[test]
fn conversion_goes_both_ways() {
    let toml = lbd(&["-f", "quickstart.cfg", "--convert", "toml"]);
    assert!(String::from_utf8_lossy(&toml.stdout).contains("default_backend = \"app\"\n"));
    let from_cfg = lbd(&["-f", "quickstart.cfg", "--convert", "cfg"]).stdout;
    assert!(!from_cfg.is_empty());
    assert_eq!(lbd(&["-f", "quickstart.toml", "--convert=cfg"]).stdout, from_cfg);
    expect(&["-f", "quickstart.cfg", "--convert", "yaml"], 1, "", "unknown configuration language 'yaml'");
}
