//! `-v` and `-vv`, in our form and, for tools that read it, in HAProxy's.

use std::ffi::OsString;
use std::fmt::Write;
use std::path::Path;

use lb_core::config::environment::{HAPROXY_VERSION, RELEASE_DATE};
use lb_core::config::predicate::FEATURES;

/// Who the process says it is: by the name it was called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// `lbd`.
    Lb,
    /// Called through a link named `haproxy`.
    HaProxy,
}

impl Identity {
    /// From the first word of the command line.
    pub(crate) fn of(program: Option<OsString>) -> Self {
        let program = program.unwrap_or_default();
        match Path::new(&program).file_name() {
            Some(name) if name == "haproxy" => Self::HaProxy,
            _ => Self::Lb,
        }
    }

    /// The program's name in its usage.
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Lb => "lbd",
            Self::HaProxy => "haproxy",
        }
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// The version told to management clients: HAProxy's, with ours behind it.
pub(crate) fn compatible() -> String {
    let base = HAPROXY_VERSION.split('-').next().unwrap_or(HAPROXY_VERSION);
    format!("{base}-lb{VERSION}")
}

/// What `-v` prints, and `-vv` with the build options.
pub(crate) fn text(identity: Identity, build_options: bool) -> String {
    let mut out = String::new();
    let compatible = compatible();
    let _ = match identity {
        Identity::Lb => writeln!(out, "lbd version {VERSION} {RELEASE_DATE} - {REPOSITORY}"),
        Identity::HaProxy => writeln!(out, "HAProxy version {compatible} {RELEASE_DATE} - {REPOSITORY}"),
    };
    let _ = writeln!(out, "Status: lb {VERSION}, answers as HAProxy {compatible}");
    let system = rustix::system::uname();
    let part = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
    let _ = writeln!(
        out,
        "Running on: {} {} {} {}",
        part(system.sysname()),
        part(system.release()),
        part(system.version()),
        part(system.machine())
    );
    if build_options {
        options(&mut out);
    }
    out
}

/// What `-vv` says of it, and a verbose start.
pub(crate) const POLLING: &str = "\
Available polling systems :
      epoll : pref=300,  test result OK
Total: 1 (1 usable), will use epoll.
";

/// The same of filters.
pub(crate) const FILTERS: &str = "Available filters :\n\tnone\n";

fn options(out: &mut String) {
    let target = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    let _ = writeln!(out, "Build options :\n  TARGET  = {target}\n  PROFILE = {profile}\n");
    let features: Vec<String> =
        FEATURES.iter().map(|(name, on)| format!("{}{name}", if *on { '+' } else { '-' })).collect();
    let _ = writeln!(out, "Feature list : {}\n", features.join(" "));
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(64);
    let _ = write!(
        out,
        "\
Default settings :
  bufsize = 16384, maxrewrite = 1024, maxpollevents = 200

Built with multi-threading support (MAX_THREADS=64, default={threads}).
Built with rustls and aws-lc-rs : TLSv1.2 TLSv1.3
Built with transparent proxy support using: IP_TRANSPARENT IPV6_TRANSPARENT

{POLLING}
Options without effect :
  -de, -dk, -dp : there is no other polling system
  -dM           : there are no memory pools to poison
  -dG           : names are resolved as the system does

Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
         h2 : mode=HTTP  side=FE|BE  mux=H2    flags=HTX|HOL_RISK|NO_UPG
  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX
         h1 : mode=HTTP  side=FE|BE  mux=H1    flags=HTX|NO_UPG
  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=
       none : mode=TCP   side=FE|BE  mux=PASS  flags=NO_UPG

Available services : none
{FILTERS}
"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides() {
        assert_eq!(Identity::of(Some("/usr/sbin/haproxy".into())), Identity::HaProxy);
        assert_eq!(Identity::of(Some("./lbd".into())), Identity::Lb);
        assert!(text(Identity::HaProxy, false).starts_with("HAProxy version 2.6.12-lb"));
        assert!(text(Identity::Lb, true).contains("+EPOLL"));
    }
}
