//! The life of the process between binding and serving: background, pid file, chroot, user and group.

use std::fs;
use std::io;
use std::path::PathBuf;

use lb_core::config::Config;
use lb_core::proxy::{AfterBind, AfterBindError};
use rustix::process::{chroot, setsid};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use rustix::{fs::Gid, fs::Uid};

use crate::cli::Cli;
use crate::previous::Previous;
use crate::system;

/// What the configuration and the command line ask for.
struct Plan {
    background: bool,
    pidfile: Option<PathBuf>,
    chroot: Option<PathBuf>,
    uid: Option<u32>,
    gid: Option<u32>,
    previous: Previous,
}

/// The step to run once the sockets are bound and before the first thread is started: so a privileged port is bound
/// with privileges, and no request is served with them.
pub(crate) fn after_bind(config: &Config, cli: &Cli, previous: &Previous) -> AfterBind {
    let global = &config.global;
    let plan = Plan {
        background: (global.daemon || cli.daemon) && !cli.stays(),
        // The command line wins over the configuration.
        pidfile: cli.pidfile.clone().or_else(|| global.pidfile.clone()),
        chroot: global.chroot.clone(),
        uid: global.uid,
        gid: global.gid,
        previous: previous.clone(),
    };
    Box::new(move || plan.carry_out().map_err(|(what, error)| AfterBindError { what, source: error }))
}

type Step<T> = Result<T, (String, io::Error)>;

fn named<T>(what: impl Into<String>, result: io::Result<T>) -> Step<T> {
    result.map_err(|error| (what.into(), error))
}

impl Plan {
    fn carry_out(&self) -> Step<()> {
        self.previous.end();
        if self.background {
            if let Some(child) = named("[haproxy.main()] Cannot fork", system::fork())? {
                self.write_pid(child)?;
                std::process::exit(0);
            }
            named("[haproxy.main()] Cannot leave the terminal", self.leave_terminal())?;
        } else {
            self.write_pid(std::process::id())?;
        }
        self.drop_privileges()
    }

    fn write_pid(&self, pid: u32) -> Step<()> {
        let Some(path) = &self.pidfile else { return Ok(()) };
        named(format!("[haproxy.main()] Cannot create pidfile {}", path.display()), fs::write(path, format!("{pid}\n")))
    }

    fn leave_terminal(&self) -> io::Result<()> {
        setsid()?;
        let null = fs::File::options().read(true).write(true).open("/dev/null")?;
        rustix::stdio::dup2_stdin(&null)?;
        rustix::stdio::dup2_stdout(&null)?;
        rustix::stdio::dup2_stderr(&null)?;
        Ok(())
    }

    fn drop_privileges(&self) -> Step<()> {
        if let Some(path) = &self.chroot {
            let entered = chroot(path).and_then(|()| rustix::process::chdir("/"));
            named(format!("[haproxy.main()] Cannot chroot({})", path.display()), entered.map_err(io::Error::from))?;
        }
        if let Some(gid) = self.gid {
            let gid_now = Gid::from_raw(gid);
            // Only root may change its groups; a process of the right group already needs not.
            if rustix::process::getgid() != gid_now || rustix::process::geteuid().is_root() {
                if rustix::process::geteuid().is_root() {
                    named(
                        "[haproxy.main()] Cannot drop supplementary groups",
                        set_thread_groups(&[]).map_err(io::Error::from),
                    )?;
                }
                named(
                    format!("[haproxy.main()] Cannot set gid {gid}"),
                    set_thread_gid(gid_now).map_err(io::Error::from),
                )?;
            }
        }
        if let Some(uid) = self.uid {
            let result = set_thread_uid(Uid::from_raw(uid)).map_err(io::Error::from);
            named(format!("[haproxy.main()] Cannot set uid {uid}"), result)?;
        }
        Ok(())
    }
}
