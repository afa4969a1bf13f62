//! The library as C and C++ see it, installed into a prefix as users install it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use lb_tests::HeldPort;
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(output: Output) -> String {
    String::from_utf8(output.stdout).unwrap()
}

/// A prefix with the library of this build, and a place for programs.
struct Installed(TempDir);

impl Installed {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
        run(Command::new(root().join("install.sh")).arg(directory.path()).arg(built));
        Self(directory)
    }

    /// One for all tests that only read it. It is removed when the last test has ended.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Installed> = OnceLock::new();
        extern "C" fn remove() {
            if let Some(installed) = SHARED.get() {
                let _ = std::fs::remove_dir_all(installed.path("."));
            }
        }
        SHARED.get_or_init(|| {
            // SAFETY: the function does not unwind, and reads what is never changed.
            unsafe { libc::atexit(remove) };
            Self::new()
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Compiles a program with every warning denied, and against the shared library.
    fn compile(&self, source: &str) -> PathBuf {
        let source = root().join(source);
        // There are examples of the same name in both languages.
        let program = self.path(&format!("{}.program", source.file_name().unwrap().to_str().unwrap()));
        let library = self.path("lib");
        run(compiler(&source)
            .arg(&source)
            .arg("-I")
            .arg(self.path("include"))
            .arg("-L")
            .arg(&library)
            .arg("-llb")
            .arg("-pthread")
            .arg(format!("-Wl,-rpath,{}", library.display()))
            .arg("-o")
            .arg(&program));
        program
    }
}

/// The compiler of a language, as strict as it can be.
fn compiler(source: &Path) -> Command {
    let cxx = source.extension().is_some_and(|extension| extension == "cpp");
    let (variable, default, standard) = if cxx { ("CXX", "c++", "-std=c++11") } else { ("CC", "cc", "-std=c11") };
    let mut command = Command::new(std::env::var(variable).unwrap_or_else(|_| default.to_owned()));
    command.args([standard, "-D_DEFAULT_SOURCE", "-Wall", "-Wextra", "-Werror", "-pedantic", "-g"]);
    command
}

/// Cargo's own library path could hold an older library.
fn program(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.env_remove("LD_LIBRARY_PATH");
    command
}

/// Compiles and runs a program that checks everything itself.
fn check(source: &str) {
    let output = run(&mut program(&Installed::shared().compile(source)));
    assert!(text(output).ends_with("done\n"));
}

/// An example that runs until its input ends.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(source: &str, arguments: &[&str]) -> Self {
        let mut command = program(&Installed::shared().compile(source));
        let mut child = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "the program has ended: {:?}", self.child.wait());
        line
    }

    /// The address at the end of a line.
    fn address(&mut self) -> SocketAddr {
        self.line().trim().rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Ends the input, and returns what is left of the output.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        rest
    }
}

fn get(address: SocketAddr) -> String {
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    answer
}

/// A server that says its name.
fn server(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|count| count > 0) {
                head.push(byte[0]);
            }
            let _ = write!(client, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
        }
    });
    address
}

#[test]
fn the_border_holds() {
    check("tests/c/border.c");
}

#[test]
fn callbacks_are_told_everything() {
    check("tests/c/callbacks.c");
}

#[test]
fn the_rule_language_grows() {
    check("tests/c/extensions.c");
    check("tests/c/extensions.cpp");
}

#[test]
fn words_of_an_own_program() {
    let mut program = Running::start("../examples/c/extensions.c", &["0"]);
    let address = program.address();
    assert!(get(address).ends_with("\r\n\r\nhello x (request 1)\n"));
    assert!(get(address).ends_with("\r\n\r\nhello x (request 2)\n"));
    assert_eq!(program.end(), "2 requests\n");
}

#[test]
fn signals_stay_the_hosts() {
    check("tests/c/signals.c");
}

#[test]
fn servers_come_and_go_under_load() {
    check("tests/c/servers.c");
}

#[test]
fn health_and_weights_are_reported_and_told() {
    check("tests/c/health.c");
}

#[test]
fn a_running_instance_is_asked_and_changed() {
    let told = text(run(&mut program(&Installed::shared().compile("../examples/c/runtime.c"))));
    assert!(told.contains("> show backend\n# name\napp\n"), "{told}");
    assert!(told.contains("\n2 app 1 s1 127.0.0.1 ") || told.contains(" app 1 s1 127.0.0.1 "), "{told}");
    assert!(told.contains("refused: No such server.\n") && told.contains("{\"info\":"), "{told}");
}

#[test]
fn embed_serves() {
    let mut embed = Running::start("../examples/c/embed.c", &["0"]);
    // The language of files has no port 0.
    assert_eq!(embed.child.wait().unwrap().code(), Some(1));
    let held = HeldPort::new();
    let free = held.address();
    let mut embed = Running::start("../examples/c/embed.c", &[&free.port().to_string()]);
    assert_eq!(embed.line(), format!("lb {}: web listens on {free}\n", env!("CARGO_PKG_VERSION")));
    let answer = get(free);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nHello from C\n"), "{answer}");
    assert_eq!(embed.end(), "everything was served\n");
    assert!(TcpStream::connect(free).is_err());
}

#[test]
fn builder_balances() {
    let servers = [server("one").to_string(), server("two").to_string()];
    let mut builder = Running::start("../examples/c/builder.c", &["0", &servers[0], &servers[1]]);
    let address = builder.address();
    let mut answers: Vec<String> =
        (0..4).map(|_| get(address).rsplit('\n').next().unwrap_or_default().to_owned()).collect();
    answers.sort();
    assert_eq!(answers, ["one", "one", "two", "two"]);
    let log = builder.end();
    assert_eq!(log.lines().filter(|line| line.contains(" web app/s")).count(), 4, "{log}");
}

#[test]
fn events_and_requests_are_told() {
    let mut events = Running::start("../examples/c/events.c", &["0"]);
    let mut told = Vec::new();
    let address: SocketAddr = loop {
        let line = events.line();
        match line.strip_prefix("listens on ") {
            Some(address) => break address.trim().parse().unwrap(),
            None => told.push(line),
        }
    };
    assert!(get(address).ends_with("\r\n\r\nseen\n"));
    let down = "Server web/s1 is DOWN";
    while !told.iter().any(|line| line.contains(down)) || !told.iter().any(|line| line.starts_with("request")) {
        told.push(events.line());
    }
    let rest = events.end();
    let told = told.concat();
    assert!(told.contains("event 1: started\n"), "{told}");
    assert!(told.contains("request 1: \"GET / HTTP/1.1\" from 127.0.0.1:"), "{told}");
    assert!(told.contains(": status 200, LR--, "), "{told}");
    assert!(rest.contains("event 2: stopping\n") && rest.ends_with("event 3: stopped\n1 requests\n"), "{rest}");
}

#[test]
fn an_object_in_cpp_serves() {
    let held = HeldPort::new();
    let free = held.address();
    let mut embed = Running::start("../examples/cpp/embed.cpp", &[&free.port().to_string()]);
    while embed.line() != format!("listens on {free}\n") {}
    assert!(get(free).ends_with("\r\n\r\nHello from C++\n"));
    let rest = embed.end();
    assert!(rest.contains("everything was served\n") && rest.contains("LB_ERR_COMMAND_UNKNOWN\n"), "{rest}");
    assert!(rest.contains("event: stopping\n"), "{rest}");
}

/// The header in both languages, in their oldest supported forms and the newest that the compiler has.
#[test]
fn the_header_is_c_and_cpp() {
    let directory = tempfile::tempdir().unwrap();
    for (name, standards) in [("a.c", &["c99", "c11", "gnu17"][..]), ("a.cpp", &["c++11", "c++20"][..])] {
        let source = directory.path().join(name);
        let text = "#include \"lb.h\"\n#include \"lb.h\"\n\
                    int main(void) { lb_server s = LB_SERVER_INIT; lb_start_options o = LB_START_OPTIONS_INIT;\n\
                    return s.struct_size == sizeof s && o.struct_size == sizeof o ? 0 : 1; }\n";
        std::fs::write(&source, text).unwrap();
        for standard in standards {
            let mut command = compiler(&source);
            command.arg(format!("-std={standard}")).arg("-I").arg(root().join("include")).arg("-fsyntax-only");
            run(command.arg(&source));
        }
    }
}

/// What `pkg-config` and the compiler make of an installed prefix; the shared and the static library.
#[test]
fn pkg_config_finds_the_library() {
    if Command::new("pkg-config").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "pkg-config is missing");
        return eprintln!("skipped: pkg-config is not installed");
    }
    let installed = Installed::new();
    let flags = |arguments: &[&str]| -> Vec<String> {
        let mut command = Command::new("pkg-config");
        let output = run(command.args(arguments).arg("lb").env("PKG_CONFIG_PATH", installed.path("lib/pkgconfig")));
        text(output).split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(flags(&["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let soname = format!("liblb.so.{}", lb::LB_ABI_VERSION);
    let needed = text(run(Command::new("readelf").arg("-d").arg(installed.path("lib/liblb.so"))));
    assert!(needed.contains(&format!("soname: [{soname}]")), "{needed}");

    let source = root().join("tests/c/border.c");
    let build = |name: &str, flags: Vec<String>| {
        let program = installed.path(name);
        run(compiler(&source).arg(&source).args(flags).arg("-o").arg(&program));
        program
    };
    let shared = build("shared", flags(&["--cflags", "--libs"]));
    let output = run(program(&shared).env("LD_LIBRARY_PATH", installed.path("lib")));
    assert_eq!(text(output), "done\n");

    // Where there is only the static library, the linker takes that.
    for name in ["liblb.so", soname.as_str()] {
        std::fs::remove_file(installed.path("lib").join(name)).unwrap();
    }
    let alone = build("alone", flags(&["--static", "--cflags", "--libs"]));
    assert_eq!(text(run(&mut program(&alone))), "done\n");
}
