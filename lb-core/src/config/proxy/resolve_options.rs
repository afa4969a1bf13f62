//! `resolvers`, `resolve-prefer`, `resolve-net`, `resolve-opts` and `init-addr` of servers (configuration.txt, section
//! 5.2), and what the two make of a server's first address.

use std::net::IpAddr;

use super::draft::Draft;
use super::finish::{alert, server_alert};
use super::server::ServerDraft;
use super::server_options::ServerCx;
use crate::config::address::HostName;
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::model::{AddressFamily, Config, InitAddr, PreferredNet, ProxyConfig, ServerConfig};
use crate::resolve::HostName as DnsName;

/// As many networks may be preferred.
const MOST_NETS: usize = 5;

/// `resolvers <id>`; which section that is, is looked for when all of them were read.
pub(super) fn resolvers(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.resolve.resolvers = Some(cx.value().to_owned());
    Ok(())
}

/// `resolve-prefer ipv4|ipv6`
pub(super) fn resolve_prefer(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.resolve.prefer = match cx.value() {
        "ipv4" => AddressFamily::V4,
        "ipv6" => AddressFamily::V6,
        _ => return Err("'resolve-prefer' expects either ipv4 or ipv6 as argument.".to_owned()),
    };
    Ok(())
}

/// `resolve-net <network>,...`
pub(super) fn resolve_net(cx: &mut ServerCx<'_>) -> Result<(), String> {
    if cx.value().is_empty() {
        return Err("'resolve-net' expects a list of networks.".to_owned());
    }
    let mut nets = Vec::new();
    for text in members(cx.value()) {
        if nets.len() == MOST_NETS {
            return Err(format!("'resolve-net' exceed {MOST_NETS} networks."));
        }
        nets.push(network(text).ok_or_else(|| format!("'resolve-net' invalid network '{text}'."))?);
    }
    cx.draft.config.resolve.nets = nets;
    Ok(())
}

/// The members of a list, which a comma may end.
fn members(list: &str) -> impl Iterator<Item = &str> {
    list.strip_suffix(',').unwrap_or(list).split(',').filter(move |_| !list.is_empty())
}

fn network(text: &str) -> Option<PreferredNet> {
    let (ip, prefix) = text.split_once('/').map_or((text, None), |(ip, prefix)| (ip, Some(prefix)));
    let ip: IpAddr = ip.parse().ok()?;
    let widest = if ip.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.map_or(Some(widest), |prefix| prefix.parse().ok())?;
    (prefix <= widest).then_some(PreferredNet { ip, prefix })
}

/// `resolve-opts <option>,...`
pub(super) fn resolve_opts(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let resolve = &mut cx.draft.config.resolve;
    for word in members(cx.line.arg(cx.at + 1)) {
        match word {
            "allow-dup-ip" => resolve.allow_dup_ip = true,
            "prevent-dup-ip" => resolve.allow_dup_ip = false,
            "ignore-weight" => resolve.ignore_weight = true,
            _ => {
                return Err(format!(
                    "'resolve-opts' : unknown resolve-opts option '{word}', supported methods are 'allow-dup-ip', \
                     'ignore-weight', and 'prevent-dup-ip'."
                ));
            }
        }
    }
    Ok(())
}

/// `init-addr last|libc|none|<ip>,...`
pub(super) fn init_addr(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let mut methods = Vec::new();
    for word in cx.value().split(',').filter(|word| !word.is_empty()) {
        let method = match word {
            "last" => InitAddr::Last,
            "libc" => InitAddr::Libc,
            "none" => InitAddr::None,
            _ => InitAddr::Ip(word.parse().map_err(|_| {
                format!(
                    "'init-addr' : unknown init-addr method '{word}', supported methods are 'libc', 'last', 'none'."
                )
            })?),
        };
        if matches!(method, InitAddr::Ip(_)) && methods.iter().any(|other| matches!(other, InitAddr::Ip(_))) {
            return Err(format!("'init-addr' : initial address already specified, cannot add '{word}'."));
        }
        methods.push(method);
    }
    cx.draft.config.resolve.init_addr = methods;
    Ok(())
}

/// Looks for the section that `resolvers` names, and checks that its questions can be asked.
pub(super) fn find_section(
    draft: &Draft,
    server: &mut ServerConfig,
    line: &Line,
    config: &Config,
    diags: &mut Diagnostics,
) {
    let Some(name) = &server.resolve.resolvers else { return };
    let found = config.resolvers.iter().position(|resolvers| resolvers.name == *name);
    if found.is_none() {
        let word = line.words.iter().position(|word| word.text == *name).unwrap_or(0);
        let text = format!(
            "{} '{}', server '{}': unable to find required resolvers '{name}'",
            draft.section.label(),
            draft.config.name,
            server.name
        );
        return alert(diags, line, word, text);
    }
    server.resolve.section = found;
    let asked = server.hostname.as_ref().or(server.resolve.service.as_ref());
    if asked.is_some_and(|name| DnsName::new(name).is_none()) {
        let text = format!(
            "'server {}/{}' : Can't create DNS resolution for server '{}'",
            draft.config.name, server.name, server.name
        );
        server_alert(diags, line, 2, text);
    }
}

/// A server whose line has a name instead of an address.
pub(super) struct Naming {
    /// Indices of its proxy and of itself.
    place: (usize, usize),
    host: Option<HostName>,
    line: Line,
}

impl Naming {
    /// Those among the servers of a proxy of that number.
    pub(super) fn of<'a>(proxy: usize, servers: impl Iterator<Item = &'a ServerDraft>) -> Vec<Self> {
        let named = servers.enumerate().filter(|(_, server)| {
            let config = &server.config;
            config.hostname.is_some() || config.resolve.service.is_some()
        });
        let naming = |(index, server): (usize, &ServerDraft)| Self {
            place: (proxy, index),
            host: server.host.clone(),
            line: server.line.clone(),
        };
        named.map(naming).collect()
    }
}

/// Gives servers with names their first addresses, once what the files of states say of them is known. With
/// `tolerant` one that has none begins without.
pub(super) fn first_addresses(proxies: &mut [ProxyConfig], named: &[Naming], tolerant: bool, diags: &mut Diagnostics) {
    for Naming { place: (proxy, server), host, line } in named {
        let Some(proxy) = proxies.get_mut(*proxy) else { continue };
        let Some(server) = proxy.servers.get_mut(*server) else { continue };
        if tolerant {
            tolerate(server);
        }
        first_address(&proxy.name, server, host.as_ref(), line, diags);
    }
}

/// `-dr`: where no method finds an address, the server begins without one.
fn tolerate(server: &mut ServerConfig) {
    let methods = &mut server.resolve.init_addr;
    if methods.is_empty() {
        methods.extend([InitAddr::Last, InitAddr::Libc]);
    }
    methods.push(InitAddr::None);
}

/// Gives a server with a name its first address, in the ways that `init-addr` says.
fn first_address(
    proxy: &str,
    server: &mut ServerConfig,
    host: Option<&HostName>,
    line: &Line,
    diags: &mut Diagnostics,
) {
    let Some(name) = server.hostname.clone().or_else(|| server.resolve.service.clone()) else { return };
    let mut methods = server.resolve.init_addr.clone();
    if methods.is_empty() {
        methods = vec![InitAddr::Last, InitAddr::Libc];
        // Who can be resolved later may wait for that.
        methods.extend(server.resolve.section.is_some().then_some(InitAddr::None));
    }
    let mut asked = false;
    let mut tell = |severity, text: String| {
        let text = format!("'server {proxy}/{}' : {text}", server.name);
        diags.push(Diagnostic::about(severity, line, 2, text).heading(Heading::Server));
    };
    for method in methods {
        match method {
            // The records of a service bring the address with them.
            InitAddr::Last => {
                let saved = server.saved.as_ref().filter(|_| server.hostname.is_some());
                if let Some(ip) = saved.and_then(|saved| saved.addr) {
                    return server.set_ip(ip);
                }
            }
            // A service is not for the system to resolve.
            InitAddr::Libc => {
                let Some(host) = host else { continue };
                asked = true;
                if let Some(ip) = host.resolve() {
                    return server.set_ip(ip);
                }
            }
            InitAddr::None => {
                if asked {
                    tell(Severity::Warning, format!("could not resolve address '{name}', disabling server."));
                }
                server.resolve.unresolved = true;
                return;
            }
            InitAddr::Ip(ip) => {
                if asked {
                    let text = format!("could not resolve address '{name}', falling back to configured address.");
                    tell(Severity::Warning, text);
                }
                return server.set_ip(ip);
            }
        }
    }
    let text = match asked {
        true => format!("could not resolve address '{name}'."),
        false => format!("no method found to resolve address '{name}'."),
    };
    tell(Severity::Alert, text);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::config::{Config, LoadOptions, Severity};

    /// Whether the servers of a configuration begin without an address, and what is told.
    fn read(lines: &str, unresolved_names: bool) -> Result<(Vec<bool>, Vec<String>), Vec<String>> {
        let options = LoadOptions { unresolved_names, ..LoadOptions::default() };
        let text = format!("backend b\n timeout connect 1s\n timeout server 1s\n{lines}\n");
        let texts = |severity| {
            move |diagnostic: &crate::config::Diagnostic| {
                (diagnostic.severity == severity).then(|| diagnostic.message.clone())
            }
        };
        match Config::parse_with(&text, "t.cfg", &options) {
            Ok(loaded) => {
                let servers = &loaded.config.proxies[0].servers;
                let warnings = loaded.diagnostics.iter().filter_map(texts(Severity::Warning)).collect();
                Ok((servers.iter().map(|server| server.resolve.unresolved).collect(), warnings))
            }
            Err(error) => Err(error.diagnostics.iter().filter_map(texts(Severity::Alert)).collect()),
        }
    }

    /// A name with a character that no name has is not even asked for.
    #[test]
    fn names_that_do_not_resolve() {
        let refused = "'server b/s' : could not resolve address 'a/b'.".to_owned();
        assert_eq!(read(" server s a/b:80", false), Err(vec![refused]));
        let disabled = "'server b/s' : could not resolve address 'a/b', disabling server.".to_owned();
        assert_eq!(read(" server s a/b:80", true), Ok((vec![true], vec![disabled.clone()])));
        assert_eq!(read(" server s a/b:80 init-addr libc,none", false), Ok((vec![true], vec![disabled])));
        let instead = "'server b/s' : could not resolve address 'a/b', falling back to configured address.".to_owned();
        assert_eq!(read(" server s a/b:80 init-addr libc,1.2.3.4", true), Ok((vec![false], vec![instead])));
        assert_eq!(read(" server s localhost:80", true), Ok((vec![false], vec![])));
    }
}
