//! lbd or HAProxy as a child process, on listening sockets that it inherits: no port has to be guessed.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Wire;

/// A running process; dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    addresses: Vec<SocketAddr>,
    _configuration: tempfile::NamedTempFile,
}

impl Process {
    /// Runs `binary` on a configuration in which `{listen0}`, `{listen1}`... stand for the addresses of `listeners`
    /// sockets.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(binary: &Path, configuration: &str, listeners: usize) -> Self {
        Self::start_writing(binary, configuration, listeners, Stdio::null())
    }

    /// The same with an output of its own, for `log stdout`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_writing(binary: &Path, configuration: &str, listeners: usize, output: impl Into<Stdio>) -> Self {
        Self::start_with(binary, configuration, listeners, output.into(), Stdio::inherit())
    }

    /// The same with an output and an error output of its own.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with(binary: &Path, configuration: &str, listeners: usize, output: Stdio, errors: Stdio) -> Self {
        let sockets: Vec<TcpListener> =
            (0..listeners).map(|_| TcpListener::bind("127.0.0.1:0").expect("bind")).collect();
        let mut text = configuration.to_owned();
        for (index, socket) in sockets.iter().enumerate() {
            rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).expect("inheritable");
            text = text.replace(&format!("{{listen{index}}}"), &format!("fd@{}", socket.as_raw_fd()));
        }
        let mut file = tempfile::NamedTempFile::new().expect("file");
        file.write_all(text.as_bytes()).expect("write");
        let child = Command::new(binary)
            .args(["-db", "-f"])
            .arg(file.path())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .expect("the process starts");
        let addresses = sockets.iter().map(|socket| socket.local_addr().expect("address")).collect();
        Self { child, addresses, _configuration: file }
    }

    /// Where the listener of that number listens.
    pub fn address(&self, listener: usize) -> SocketAddr {
        self.addresses[listener]
    }

    /// A client connection to the first listener.
    pub fn connect(&self) -> Wire {
        Wire::connect(self.addresses[0])
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it is gone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signal");
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it cannot be waited for.
    pub fn wait(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("wait")
    }

    /// Open descriptors.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).expect("alive").count()
    }

    /// Resident memory in bytes.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("alive");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A child process that is killed when dropped.
#[derive(Debug)]
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program, and HAProxy where it is installed: what is compared.
pub fn beside_haproxy(own: impl Into<PathBuf>) -> Vec<PathBuf> {
    std::iter::once(own.into()).chain(haproxy()).collect()
}

/// HAProxy 2.6, where it is installed. Where it is not, the caller skips; in CI that is a failure.
///
/// # Panics
/// In CI (`CI=true`), when it is missing.
pub fn haproxy() -> Option<PathBuf> {
    let found = ["/usr/sbin/haproxy", "/usr/local/sbin/haproxy"].iter().map(PathBuf::from).find(|path| path.exists());
    let version = found.as_ref().and_then(|path| Command::new(path).arg("-v").output().ok());
    let right = version.is_some_and(|output| String::from_utf8_lossy(&output.stdout).contains(" 2.6."));
    if right {
        return found;
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "HAProxy 2.6 is missing");
    println!("skipped: HAProxy 2.6 is not installed");
    None
}
