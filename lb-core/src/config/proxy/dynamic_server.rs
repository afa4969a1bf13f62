//! Servers that are made while the instance runs: the words of `add server`, and those that the library's `Server` stands
//! for (management.txt, section 9.3).

use super::finish::{check_server, check_tls};
use super::server::{Kind, Reading, ServerDraft};
use crate::config::address_variables;
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::document::{Line, Place, Word};
use crate::config::environment::Environment;
use crate::config::model::{Global, Mode, ProxyConfig, ProxyKind, ServerConfig};
use crate::config::sections::bad_name_character;

/// A server that was read.
#[derive(Clone, Debug)]
pub(crate) struct DynamicServer {
    /// Its line. Nothing of a `default-server` line is in it.
    pub(crate) config: ServerConfig,
    /// Whether it says `enabled`.
    pub(crate) enabled: bool,
}

/// Reads the words behind `server`: name, address, options. Addresses may hold variables of the environment.
///
/// # Errors
/// HAProxy's text for the first thing that is wrong. What is only a warning in a file is refused here.
pub(crate) fn read_dynamic(
    words: &[String],
    section: &ProxyConfig,
    global: &Global,
    environment: &Environment,
) -> Result<DynamicServer, String> {
    let [name, _, ..] = words else {
        return Err("'server' expects <name> and <addr>[:<port>] as arguments.".to_owned());
    };
    if let Some(bad) = bad_name_character(name) {
        return Err(format!("character '{bad}' is not permitted in server name '{name}'."));
    }
    let mut line = line(words);
    address_variables::expand(&mut line, environment);
    let mut diags = Diagnostics::new();
    let mut server = ServerDraft { line: line.clone(), ..ServerDraft::default() };
    server.config.name.clone_from(name);
    server.config.place = line.place.clone();
    server.read_address(line.arg(2))?;
    if let Some(host) = server.host.take() {
        let ip = host.resolve().ok_or_else(|| format!("could not resolve address '{}'.", host.name))?;
        server.config.set_ip(ip);
    }
    if let Some(service) = &server.config.resolve.service {
        return Err(format!("could not resolve address '{service}'."));
    }
    Reading { line: &line, start: 3, prefix: "", kind: Kind::Dynamic, http: section.mode == Mode::Http }
        .options(&mut server, &mut diags);
    first_of(&diags, "")?;
    // Also where there is no `ssl`.
    if let Some(file) = &mut server.tls.ca_file {
        *file = super::finish::based(&global.ssl.ca_base, file);
        if std::fs::metadata(&*file).is_err() {
            return Err(format!("'ca-file' : unable to load {}.", file.display()));
        }
    }
    server.tls.options = std::mem::take(&mut server.tls.options).or(&global.ssl.server_defaults);
    let enabled = server.enabled;
    let mut config =
        server.finish(!global.ssl.server_verify_none, section.checks.connects().any(|connect| connect.ssl));
    if let Some(send_proxy) = &mut config.send_proxy {
        send_proxy.never_local = global.pp2_never_send_local;
    }
    if section.mode != Mode::Http && config.proto.is_some() {
        return Err("MUX protocol is not usable for server.".to_owned());
    }
    let kind = if section.kind == ProxyKind::Backend { "backend" } else { "proxy" };
    if let Some(text) = super::checks::incompatible(kind, section, &config) {
        return Err(text);
    }
    let has_port = section.checks.connects().next().is_some_and(|connect| connect.port.is_some());
    check_server((&section.name, kind), (has_port, true), &config, &line, &mut diags);
    check_tls((&section.name, kind), &config, &line, &mut diags);
    first_of(&diags, &format!("'server {}/{name}' : ", section.name))?;
    Ok(DynamicServer { config, enabled })
}

fn line(words: &[String]) -> Line {
    let mut source = String::from("server");
    let mut placed = vec![Word { text: source.clone(), column: 1 }];
    for word in words {
        source.push(' ');
        placed.push(Word { text: word.clone(), column: source.chars().count() as u32 + 1 });
        source.push_str(word);
    }
    Line { place: Place { file: "add server".into(), line: 0, column: 1 }, words: placed, source: source.into() }
}

/// What is wrong first. A warning counts where there is nothing worse.
fn first_of(diags: &Diagnostics, prefix: &str) -> Result<(), String> {
    let mut all = diags.iter().skip_while(|diagnostic| diagnostic.severity < Severity::Alert);
    let Some(first) = all.next().or_else(|| diags.iter().next()) else { return Ok(()) };
    let text = first.message.as_str();
    let mut text = text.strip_prefix(prefix).unwrap_or(text).to_owned();
    // What is said of the whole belongs to it.
    for more in all.take_while(|diagnostic| diagnostic.place.is_none()) {
        text.push('\n');
        text.push_str(&more.message);
    }
    Err(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn read(words: &str) -> Result<DynamicServer, String> {
        let section = ProxyConfig::new("b".into(), ProxyKind::Backend);
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        read_dynamic(&words, &section, &Global::default(), &Environment::empty())
    }

    /// The texts are HAProxy 2.6.12's.
    #[test]
    fn faults_are_told_as_haproxy_tells_them() {
        let table = [
            ("n", "'server' expects <name> and <addr>[:<port>] as arguments."),
            ("n! 127.0.0.1:1", "character '!' is not permitted in server name 'n!'."),
            ("n 127.0.0.1:99999", "invalid port '99999'"),
            ("n 127.0.0.1:80-90", "port range not permitted here in '127.0.0.1:80-90'"),
            ("n 127.0.0.1:1 weight 300", "weight of server n is not within 0 and 256 (300).."),
            ("n 127.0.0.1:1 wieght 1", "unknown keyword 'wieght'; did you mean 'weight' maybe ?"),
            ("n 127.0.0.1:1 redir /x", "'redir' option is not accepted for dynamic server"),
            ("n 127.0.0.1:1 id 0", "'id' : custom id has to be > 0."),
            ("n 127.0.0.1:1 inter 0", "invalid value 0 for argument 'inter' of server n.."),
            ("n 127.0.0.1:1 usesrc clientip", "'usesrc' only allowed after a 'source' statement.."),
            ("n 127.0.0.1:1 ssl ca-file /nonexistent", "'ca-file' : unable to load /nonexistent."),
            ("n 127.0.0.1:1 ca-file /nonexistent", "'ca-file' : unable to load /nonexistent."),
            ("n 127.0.0.1:1 rise x", "'rise' has to be > 0.."),
            ("n 127.0.0.1:1 fall x weight 300", "'fall' has to be > 0.."),
            ("n 127.0.0.1:1 id x", "'id' : custom id has to be > 0."),
            (
                "n 127.0.0.1:1 source 127.0.0.1 interface",
                "'server' : missing interface name.\nerror encountered while processing 'interface'.",
            ),
            ("n 127.0.0.1:1 ssl verify none ciphers bogus", "unable to set SSL cipher list to 'bogus'."),
            ("n 127.0.0.1:1 ssl verify none ciphersuites", "'ciphersuites' : missing cipher suite."),
            ("n 127.0.0.1:1 ssl verify none ssl-min-ver TLSv1.4", "'TLSv1.4' : unknown ssl/tls version."),
            (
                "n 127.0.0.1:1 ssl verify none ssl-min-ver TLSv1.3 ssl-max-ver TLSv1.2",
                "backend 'b': all SSL/TLS versions are disabled for server 'n'.",
            ),
            (
                "n 127.0.0.1:1 ssl verify none no-tlsv12",
                "backend 'b': SSL/TLS versions range not contiguous for server 'n'. Hole find for TLSv1.2. Use only \
                 'ssl-min-ver' and 'ssl-max-ver' to fix.",
            ),
            ("n 127.0.0.1:1 proto h1", "MUX protocol is not usable for server."),
            (
                "n 127.0.0.1:1 check check-proto h2",
                "config: backend 'b': server 'n' uses an incompatible MUX protocol for the selected check type",
            ),
            (
                "n 127.0.0.1 check",
                "config: backend 'b': server 'n' has neither service port nor check port nor tcp_check rule 'connect' \
                 with port information.",
            ),
            ("n 127.0.0.1:1 slowstart x", "unexpected character 'x' in 'slowstart' argument of server n.."),
        ];
        for (words, expected) in table {
            assert_eq!(read(words).map(|server| server.config.name), Err(expected.to_owned()), "{words}");
        }
        assert!(read("n 127.0.0.1:1 ssl").unwrap_err().starts_with("verify is enabled by default but no CA file"));
        assert!(read("n 127.0.0.1:1 maxconn x").unwrap_err().contains("'x' is not an integer."));
    }

    #[test]
    fn a_server_begins_in_maintenance_unless_it_says_otherwise() {
        let states = ["", "enabled", "disabled", "disabled enabled"].map(|word| {
            let server = read(&format!("n 127.0.0.1:1 {word}")).unwrap();
            (server.enabled, server.config.disabled)
        });
        assert_eq!(states, [(false, false), (true, false), (false, true), (true, false)]);
        let server = read("n localhost:80 id 7 backup").unwrap().config;
        assert_eq!((server.hostname.as_deref(), server.id, server.forced_id), (Some("localhost"), 7, true));
    }
}
