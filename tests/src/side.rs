//! HAProxy or lb on the same configuration, with a stats socket: what the two are compared by.

use std::net::SocketAddr;
use std::path::Path;

use lb_core::config::Config;
use lb_core::proxy::{Proxy, StartOptions};
use tempfile::TempDir;

use crate::process::Process;
use crate::{Cli, CliAddress, HeldPort, Wire, cli, eventually};

/// A running program; dropping it stops it.
#[derive(Debug)]
pub struct Side {
    program: Program,
    directory: TempDir,
    ports: Vec<HeldPort>,
}

/// Who runs.
#[derive(Debug)]
pub enum Program {
    /// lb, in this process.
    Lb(Proxy),
    /// HAProxy, as a child process.
    HAProxy(Process),
}

impl Side {
    /// Runs HAProxy, or lb where no binary is given, on a configuration in which `{dir}` stands for a directory of its
    /// own, where `{dir}/stats` is a stats socket, and `{listen0}`, `{listen1}`... for addresses.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(haproxy: Option<&Path>, configuration: &str, listeners: usize) -> Self {
        Self::start_with(haproxy, configuration, listeners, &[])
    }

    /// The same with files in the directory: their names and contents.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_with(haproxy: Option<&Path>, configuration: &str, listeners: usize, files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in files {
            std::fs::write(directory.path().join(name), content).expect("a file");
        }
        let ports: Vec<HeldPort> = (0..listeners).map(|_| HeldPort::new()).collect();
        let mut text = configuration.replace("{dir}", directory.path().to_str().expect("UTF-8"));
        for (index, port) in ports.iter().enumerate() {
            text = text.replace(&format!("{{listen{index}}}"), &port.address().to_string());
        }
        let program = match haproxy {
            Some(binary) => Program::HAProxy(Process::start(binary, &text, 0)),
            None => {
                let config = Config::parse(&text, "test.cfg").unwrap_or_else(|error| panic!("{error}\n{text}"));
                Program::Lb(Proxy::start(config, StartOptions::default()).expect("the instance starts"))
            }
        };
        let side = Self { program, directory, ports };
        let socket = side.directory.path().join("stats");
        eventually("the stats socket is there", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        side
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What messages of a test call it.
    pub fn name(&self) -> &'static str {
        match self.program {
            Program::Lb(_) => "lb",
            Program::HAProxy(_) => "HAProxy",
        }
    }

    /// Its own directory.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Where the listener of that number listens.
    pub fn address(&self, listener: usize) -> SocketAddr {
        self.ports[listener].address()
    }

    /// A client connection to the listener of that number.
    #[track_caller]
    pub fn connect(&self, listener: usize) -> Wire {
        Wire::connect(self.address(listener))
    }

    /// A connection to the stats socket.
    #[track_caller]
    pub fn cli(&self) -> Cli {
        Cli::connect(&self.cli_address())
    }

    fn cli_address(&self) -> CliAddress {
        CliAddress::from(&*self.directory.path().join("stats"))
    }

    /// The answer to a command, as it comes, sent in a connection of its own.
    #[track_caller]
    pub fn ask(&self, command: &str) -> String {
        cli::ask(&self.cli_address(), command)
    }
}
