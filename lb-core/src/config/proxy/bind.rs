//! `bind`: addresses and their options (configuration.txt, section 4.2 and 5.1).

use std::ffi::OsString;
use std::net::SocketAddr;

use super::bind_options::{BindCx, OPTIONS};
use super::server::NAMESPACE_OF_UNIX;
use super::{Cx, push_did_you_mean};
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::{Address, Bind, BindOptions, BindSsl};
use crate::config::suggest;

pub(super) fn parse(cx: &mut Cx<'_>) {
    let text = cx.arg(1).to_owned();
    if text.is_empty() {
        let expects = "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.";
        return cx.alert(1, expects);
    }
    let addresses = match addresses(&text, cx.line.place.is_call(), cx.unix_bind.prefix.as_deref()) {
        Ok(addresses) => addresses,
        Err(message) => return cx.alert(1, format!("'bind' : {message}")),
    };
    let prefix = format!("'bind {text}' in section '{}'", cx.draft.section.keyword());
    let mut options = BindCx {
        line: cx.line,
        at: cx.first + 2,
        options: BindOptions::default(),
        tls: BindSsl::default(),
        ssl: false,
        addresses: addresses.len(),
        prefix,
        stats: false,
        diags: cx.diags,
    };
    if !read_options(&mut options) {
        return;
    }
    let BindCx { options: mut read, tls, ssl, .. } = options;
    read.ssl = ssl.then_some(tls);
    read.mode = read.mode.or(cx.unix_bind.mode);
    read.uid = read.uid.or(cx.unix_bind.uid);
    read.gid = read.gid.or(cx.unix_bind.gid);
    if read.namespace.is_some() && !addresses.iter().all(Address::is_inet) {
        cx.warning(1, format!("'bind {text}' : {NAMESPACE_OF_UNIX}"));
    }
    let id = read.id;
    if let Some(id) = id {
        check_id(cx, id, &text);
    }
    let place = cx.line.place.clone();
    cx.config().binds.push(Bind { place, addresses, options: read });
    cx.draft.bind_lines.push(cx.line.clone());
}

/// Options that a socket for runtime commands would have to serve otherwise than it does: it speaks no other protocol,
/// and one thread, which is no worker, serves all of them.
const NOT_FOR_STATS: [&str; 4] = ["accept-proxy", "proto", "shards", "thread"];

/// `stats socket <address> [options]` of the `global` section, whose keyword is word `first` of the line.
pub(in crate::config) fn parse_stats_socket(line: &Line, first: usize, diags: &mut Diagnostics) -> Option<Bind> {
    let at = first + 2;
    let text = line.arg(at);
    if text.is_empty() {
        let missing = "'stats socket' in global section expects an address or a path to a UNIX socket";
        diags.alert(line, at, missing);
        return None;
    }
    // Calls of the builder, which stand on no line, may ask for any free port.
    let addresses = addresses(text, line.place.is_call(), None)
        .map_err(|message| diags.alert(line, at, format!("'stats socket' : {message}")))
        .ok()?;
    let mut options = BindCx {
        line,
        at: at + 1,
        options: BindOptions::default(),
        tls: BindSsl::default(),
        ssl: false,
        addresses: addresses.len(),
        prefix: "'stats socket'".to_owned(),
        stats: true,
        diags,
    };
    if !read_options(&mut options) {
        return None;
    }
    let options = options.options;
    if options.namespace.is_some() && !addresses.iter().all(Address::is_inet) {
        diags.warning(line, at, format!("'stats socket' : {NAMESPACE_OF_UNIX}"));
    }
    if !options.threads.is_empty() {
        diags.alert(line, at + 1, "'stats socket' : 'process' with a set of threads is not supported yet");
        return None;
    }
    Some(Bind { place: line.place.clone(), addresses, options })
}

fn read_options(cx: &mut BindCx<'_>) -> bool {
    let mut good = true;
    while !cx.line.arg(cx.at).is_empty() {
        let word = cx.line.arg(cx.at);
        let Some(option) = OPTIONS.iter().find(|option| option.name == word) else {
            let near = suggest::nearest(word, OPTIONS.iter().map(|option| option.name));
            let colon = if cx.stats { " :" } else { ":" };
            let mut text = format!("{}{colon} unknown keyword '{word}'", cx.prefix);
            match near {
                Some(_) => push_did_you_mean(&mut text, near),
                None => text.push('.'),
            }
            cx.diags.alert_suggest(cx.line, cx.at, text, near);
            return false;
        };
        let result = match option.parse {
            Some(_) if cx.stats && (option.shown.contains(" ssl") || NOT_FOR_STATS.contains(&word)) => {
                Err(format!("'{word}' is not supported on a stats socket yet"))
            }
            Some(parse) => parse(cx),
            // The socket of a running process is the way to it; listeners are handed over by their numbers.
            None if word == "expose-fd" => Err("'expose-fd' is not supported yet; a new process binds beside the old \
                one, or inherits listeners as 'fd@<n>'"
                .to_owned()),
            None => Err(format!("'{word}' is not supported yet")),
        };
        if let Err(message) = result {
            let index = if option.parse.is_some() && option.arguments > 0 { cx.at + 1 } else { cx.at };
            let text = match cx.stats {
                true => format!("{} : '{message}'", cx.prefix),
                false => format!("{} : {message}", cx.prefix),
            };
            cx.diags.alert(cx.line, index, text);
            good = false;
        }
        cx.at += 1 + option.arguments;
    }
    good
}

fn check_id(cx: &mut Cx<'_>, id: u32, text: &str) {
    let draft = &cx.draft;
    let same = draft.config.binds.iter().zip(&draft.bind_lines).find(|(bind, _)| bind.options.id == Some(id));
    let Some((_, line)) = same else { return };
    let message = format!(
        "'bind {text}' in section '{}' : 'id' : custom id {id} already used at {}:{} ('bind {}')",
        draft.section.keyword(),
        line.place.file,
        line.place.line,
        line.arg(1)
    );
    cx.alert(0, message);
}

/// The comma-separated addresses of a line, port ranges expanded. Only a program, which can ask for the port afterwards,
/// may leave its choice to the kernel. `prefix` goes in front of paths (`unix-bind`).
fn addresses(text: &str, port_zero: bool, prefix: Option<&str>) -> Result<Vec<Address>, String> {
    let rules = AddressRules {
        port_mandatory: true,
        port_zero,
        port_range: true,
        fd: true,
        local: true,
        bound: true,
        prefix: prefix.map_or(0, str::len),
        ..AddressRules::default()
    };
    let mut addresses = Vec::new();
    // A comma at the end adds nothing.
    for part in text.strip_suffix(',').unwrap_or(text).split(',') {
        match parse_address(part, rules).map_err(|error| error.to_string())? {
            ParsedAddress::Inet(ip, Port::Range(low, high)) => {
                addresses.extend((low..=high).map(|port| Address::Inet(SocketAddr::new(ip, port))));
            }
            ParsedAddress::Inet(ip, Port::Fixed(port)) => addresses.push(Address::Inet(SocketAddr::new(ip, port))),
            ParsedAddress::Inet(..) | ParsedAddress::Name(..) => {
                return Err(format!("missing port specification in '{part}'"));
            }
            ParsedAddress::Unix(path) => {
                let mut whole = OsString::from(prefix.unwrap_or_default());
                whole.push(path);
                addresses.push(Address::Unix(whole.into()));
            }
            ParsedAddress::Abstract(name) => addresses.push(Address::Abstract(name)),
            ParsedAddress::Fd(fd) => addresses.push(Address::Fd(fd)),
        }
    }
    Ok(addresses)
}
