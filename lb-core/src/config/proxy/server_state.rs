//! `load-server-state-from-file` and its file: the output of `show servers state` of an earlier run, version 1
//! (configuration.txt, section 4.2; management.txt, section 9.3). The texts are HAProxy's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::Cx;
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::files::reason;
use crate::config::model::{Global, LoadServerState, ProxyConfig, SavedServerState};

/// Fields that a line must have, up to `srvrecord`; later ones came with later versions.
const FEWEST: usize = 20;

pub(super) fn load_server_state(cx: &mut Cx<'_>) {
    cx.config().load_server_state = match cx.arg(1) {
        "global" => LoadServerState::Global,
        "local" => LoadServerState::Local,
        "none" => LoadServerState::None,
        other => {
            let text = format!("'load-server-state-from-file' expects 'global', 'local' or 'none'. Got '{other}'");
            return cx.alert(1, text);
        }
    };
}

pub(super) fn server_state_file_name(cx: &mut Cx<'_>) {
    if cx.too_many(1, "server-state-file-name") {
        return;
    }
    cx.config().server_state_file_name = match cx.arg(1) {
        "" | "use-backend-name" => None,
        name => Some(name.into()),
    };
}

/// Reads the files and gives every server the state that it had. `headers` are those of the proxies.
pub(super) fn load(proxies: &mut [ProxyConfig], headers: &[Line], global: &Global, diags: &mut Diagnostics) {
    for (proxy, header) in proxies.iter().zip(headers) {
        let wanted = proxy.load_server_state == LoadServerState::Global && proxy.kind.is_backend() && !proxy.disabled;
        if wanted && global.server_state_file.is_none() {
            let text = format!(
                "backend '{}' configured to load server state file from global section 'server-state-file' directive. \
                 Unfortunately, 'server-state-file' is not set!",
                proxy.name
            );
            diags.push(Diagnostic::about(Severity::Warning, header, 0, text).heading(Heading::Whole));
        }
    }
    let file = global.server_state_file.as_ref().map(|file| based(global, file));
    let states = file.map(|file| match read(&file) {
        Ok((states, corrupted)) => {
            if let Some(line) = corrupted {
                let file = file.display();
                diags.warning_global(format!("config: corrupted global server state file '{file}' at line {line}."));
            }
            states
        }
        Err(fault) => {
            let (file, text) = (file.display(), fault.text());
            diags.warning_global(match fault {
                Fault::Version => format!("config: {text} of the global server state file '{file}'."),
                Fault::Open(why) => format!("config: {text} global server state file '{file}': {why}"),
            });
            HashMap::new()
        }
    });
    let states = states.unwrap_or_default();
    for proxy in proxies.iter_mut().filter(|proxy| proxy.kind.is_backend() && !proxy.disabled) {
        match proxy.load_server_state {
            LoadServerState::None => {}
            LoadServerState::Global => restore(proxy, &states, diags),
            LoadServerState::Local if proxy.servers.is_empty() => {}
            LoadServerState::Local => local(proxy, global, diags),
        }
    }
}

/// A backend's own file.
fn local(proxy: &mut ProxyConfig, global: &Global, diags: &mut Diagnostics) {
    let name = proxy.server_state_file_name.clone().unwrap_or_else(|| proxy.name.clone().into());
    let file = based(global, &name);
    match read(&file) {
        Ok((states, corrupted)) => {
            if let Some(line) = corrupted {
                let (name, file) = (&proxy.name, file.display());
                diags.warning_global(format!("Proxy '{name}': corrupted server state file '{file}' at line {line}."));
            }
            for (backend, server) in states.keys().filter(|(backend, _)| *backend == proxy.name) {
                if !proxy.servers.iter().any(|known| known.name == *server) {
                    let text = format!("Proxy '{backend}': can't find server '{server}' in backend '{backend}'");
                    diags.warning_global(text);
                }
            }
            restore(proxy, &states, diags);
        }
        Err(fault) => {
            let (name, file, text) = (&proxy.name, file.display(), fault.text());
            diags.warning_global(match fault {
                Fault::Version => format!("Proxy '{name}': {text} of the server state file '{file}'."),
                Fault::Open(why) => format!("Proxy '{name}': {text} server state file '{file}': {why}."),
            });
        }
    }
}

fn based(global: &Global, file: &Path) -> PathBuf {
    global.server_state_base.as_ref().map_or_else(|| file.to_owned(), |base| base.join(file))
}

fn restore(proxy: &mut ProxyConfig, states: &States, diags: &mut Diagnostics) {
    for server in &mut proxy.servers {
        let Some(fields) = states.get(&(proxy.name.clone(), server.name.clone())) else { continue };
        let name = format!("server '{}/{}'", proxy.name, server.name);
        let mut invalid = String::new();
        let saved = saved(fields, &mut invalid);
        if !invalid.is_empty() {
            diags.warning_global(format!("server-state application failed for {name}{invalid}"));
            continue;
        }
        let mut saved = saved;
        let (check, agent) = (server.check, server.agent_check);
        for (kind, has, addr, port, target) in
            [("health", check, 22, 21, &mut saved.check_target), ("agent", agent, 23, 24, &mut saved.agent_target)]
        {
            match target_of(fields, kind, has, addr, port) {
                Ok(found) => *target = found,
                Err(text) => diags.warning_global(format!("server-state partially applied for {name}, {text}")),
            }
        }
        server.saved = Some(Arc::new(saved));
    }
}

/// Lines by the names of backend and server; of several the first counts.
type States = HashMap<(String, String), Vec<String>>;

enum Fault {
    Open(String),
    Version,
}

impl Fault {
    fn text(&self) -> &'static str {
        match self {
            Self::Open(_) => "Can't open",
            Self::Version => "Can't get version",
        }
    }
}

/// The lines of a file, and the number of the first that is wrong, behind which nothing is read.
fn read(file: &Path) -> Result<(States, Option<usize>), Fault> {
    let bytes = std::fs::read(file).map_err(|error| Fault::Open(reason(&error)))?;
    parse(&String::from_utf8_lossy(&bytes)).ok_or(Fault::Version)
}

fn parse(text: &str) -> Option<(States, Option<usize>)> {
    let mut lines = text.split('\n');
    lines.next().filter(|version| version.trim() == "1")?;
    let mut states = States::new();
    for (index, line) in lines.enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<String> = line.split([' ', '\t']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let (Some(backend), Some(server), FEWEST..) = (fields.get(1), fields.get(3), fields.len()) else {
            return Some((states, Some(index + 1)));
        };
        states.entry((backend.clone(), server.clone())).or_insert(fields);
    }
    Some((states, None))
}

/// Reads the fields; what is wrong with them is said in `invalid`.
fn saved(fields: &[String], invalid: &mut String) -> SavedServerState {
    let mut number = |index: usize, name: &str, range: std::ops::RangeInclusive<i64>| {
        let text = fields.get(index).map_or("", String::as_str);
        match i64::from_str(text) {
            Ok(value) if range.contains(&value) => value,
            _ => {
                invalid.push_str(&format!(", invalid {name} value '{text}'"));
                0
            }
        }
    };
    let operational = number(5, "srv_op_state", 0..=3);
    let admin = number(6, "srv_admin_state", 0..=0x7f);
    let weight = number(7, "srv_uweight", 0..=256);
    let initial_weight = number(8, "srv_iweight", 0..=256);
    let since = number(9, "srv_last_time_change", i64::MIN..=i64::MAX);
    let check_status = number(10, "srv_check_status", 0..=20);
    number(11, "srv_check_result", 0..=4);
    number(12, "srv_check_health", i64::MIN..=i64::MAX);
    let check_state = number(13, "srv_check_state", 0..=0x1f);
    let agent_state = number(14, "srv_agent_state", 0..=0x1f);
    number(15, "bk_f_forced_id", 0..=1);
    number(16, "srv_f_forced_id", 0..=1);
    // Forced into maintenance and into drain at the same time it cannot be.
    if admin & 0x09 == 0x09 {
        invalid.push_str(&format!(", invalid srv_admin_state value '{admin}'"));
    }
    let text = |index: usize| fields.get(index).map_or("", String::as_str);
    let port = text(18).parse::<i64>().unwrap_or(0);
    if port > 65535 {
        invalid.push_str(&format!(", invalid srv_port value '{}'", text(18)));
    }
    SavedServerState {
        operational: byte(operational),
        admin: byte(admin),
        weight: u32::try_from(weight).unwrap_or(0),
        initial_weight: u32::try_from(initial_weight).unwrap_or(0),
        since_change: Duration::from_secs(u64::try_from(since).unwrap_or(0)),
        check_status: byte(check_status),
        check_state: byte(check_state),
        agent_state: byte(agent_state),
        addr: text(4).parse().ok(),
        port: u16::try_from(port).ok().filter(|port| *port != 0),
        tls: match text(20) {
            "0" => Some(false),
            "1" => Some(true),
            _ => None,
        },
        check_target: (None, None),
        agent_target: (None, None),
    }
}

fn byte(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

/// Where checks or an agent went, as far as it was said.
fn target_of(
    fields: &[String],
    kind: &str,
    has: bool,
    addr: usize,
    port: usize,
) -> Result<(Option<IpAddr>, Option<u16>), String> {
    let field = |index: usize, unset: &str| fields.get(index).map(String::as_str).filter(|text| *text != unset);
    let (addr, port) = (field(addr, "-"), field(port, "0"));
    if addr.is_none() && port.is_none() {
        return Ok((None, None));
    }
    if !has {
        return Err(format!("{kind} checks are not enabled on this server"));
    }
    let addr = addr.map(|text| text.parse().map_err(|_| format!("invalid addr '{text}'"))).transpose()?;
    let port = port.map(|text| match text.parse::<i64>() {
        Err(_) => Err("provided port is not an integer".to_owned()),
        Ok(port) => u16::try_from(port).map_err(|_| "provided port is invalid".to_owned()),
    });
    Ok((addr, port.transpose()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GOOD: &str = "3 a 1 s1 10.0.0.1 2 0 10 10 100 6 3 4 6 0 0 0 - 8081 - 0 0 - - 0";

    fn with(index: usize, value: &str) -> Vec<String> {
        let mut fields: Vec<String> = GOOD.split(' ').map(str::to_owned).collect();
        fields[index] = value.to_owned();
        fields
    }

    #[test]
    fn only_version_1_is_read() {
        for (text, servers, corrupted) in [
            (format!("1\n# header\n{GOOD}\n"), 1, None),
            (format!("1\n{GOOD}\n{GOOD}"), 1, None),
            ("1\n".to_owned(), 0, None),
            (format!("1\n# header\n\nfoo bar\n{GOOD}"), 0, Some(3)),
        ] {
            let (states, line) = parse(&text).unwrap();
            assert_eq!((states.len(), line), (servers, corrupted), "{text}");
        }
        for text in ["", "2\n", "x\n", GOOD] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    /// The texts are HAProxy 2.6.12's.
    #[test]
    fn wrong_values_are_named() {
        let table = [
            (5, "4", ", invalid srv_op_state value '4'"),
            (5, "x", ", invalid srv_op_state value 'x'"),
            (6, "9", ", invalid srv_admin_state value '9'"),
            (6, "128", ", invalid srv_admin_state value '128'"),
            (6, "24", ""),
            (6, "21", ""),
            (7, "257", ", invalid srv_uweight value '257'"),
            (7, "256", ""),
            (8, "-1", ", invalid srv_iweight value '-1'"),
            (9, "x", ", invalid srv_last_time_change value 'x'"),
            (10, "99", ", invalid srv_check_status value '99'"),
            (11, "9", ", invalid srv_check_result value '9'"),
            (12, "-1", ""),
            (13, "64", ", invalid srv_check_state value '64'"),
            (14, "64", ", invalid srv_agent_state value '64'"),
            (15, "2", ", invalid bk_f_forced_id value '2'"),
            (18, "70000", ", invalid srv_port value '70000'"),
            (18, "x", ""),
        ];
        for (index, value, expected) in table {
            let mut invalid = String::new();
            saved(&with(index, value), &mut invalid);
            assert_eq!(invalid, expected, "field {index}: {value}");
        }
    }
}
