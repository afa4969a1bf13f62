//! `bind`: addresses and their options (configuration.txt, section 4.2 and 5.1).

use std::net::SocketAddr;

use super::bind_options::{BindCx, OPTIONS};
use super::{Cx, push_did_you_mean};
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::model::{Address, Bind, BindOptions, BindSsl};
use crate::config::suggest;

pub(super) fn parse(cx: &mut Cx<'_>) {
    let text = cx.arg(1).to_owned();
    if text.is_empty() {
        let expects = "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.";
        return cx.alert(1, expects);
    }
    let addresses = match addresses(&text, cx.line.place.is_call()) {
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
        diags: cx.diags,
    };
    if !read_options(&mut options) {
        return;
    }
    let BindCx { options: mut read, tls, ssl, .. } = options;
    read.ssl = ssl.then_some(tls);
    let id = read.id;
    if let Some(id) = id {
        check_id(cx, id, &text);
    }
    let place = cx.line.place.clone();
    cx.config().binds.push(Bind { place, addresses, options: read });
    cx.draft.bind_lines.push(cx.line.clone());
}

fn read_options(cx: &mut BindCx<'_>) -> bool {
    let mut good = true;
    while !cx.line.arg(cx.at).is_empty() {
        let word = cx.line.arg(cx.at);
        let Some(option) = OPTIONS.iter().find(|option| option.name == word) else {
            let near = suggest::nearest(word, OPTIONS.iter().map(|option| option.name));
            let mut text = format!("{}: unknown keyword '{word}'", cx.prefix);
            match near {
                Some(_) => push_did_you_mean(&mut text, near),
                None => text.push('.'),
            }
            cx.diags.alert_suggest(cx.line, cx.at, text, near);
            return false;
        };
        let result = match option.parse {
            Some(parse) => parse(cx),
            None => Err(format!("'{word}' is not supported yet")),
        };
        if let Err(message) = result {
            let index = if option.parse.is_some() && option.arguments > 0 { cx.at + 1 } else { cx.at };
            let text = format!("{} : {message}", cx.prefix);
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
/// may leave its choice to the kernel.
fn addresses(text: &str, port_zero: bool) -> Result<Vec<Address>, String> {
    let rules = AddressRules {
        port_mandatory: true,
        port_zero,
        port_range: true,
        fd: true,
        local: true,
        bound: true,
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
            ParsedAddress::Inet(..) => return Err(format!("missing port specification in '{part}'")),
            ParsedAddress::Unix(path) => addresses.push(Address::Unix(path)),
            ParsedAddress::Abstract(name) => addresses.push(Address::Abstract(name)),
            ParsedAddress::Fd(fd) => addresses.push(Address::Fd(fd)),
        }
    }
    Ok(addresses)
}
