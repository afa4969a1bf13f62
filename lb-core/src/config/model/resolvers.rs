//! `resolvers` sections, and what a `server` line says of its name.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::config::document::Place;

/// A `resolvers` section (configuration.txt, section 5.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolversConfig {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Who is asked.
    pub nameservers: Vec<NameserverConfig>,
    /// `accepted_payload_size`: the largest answer in bytes, which nameservers are told.
    pub accepted_payload_size: u16,
    /// `resolve_retries`: how often a question is sent until nothing more is expected.
    pub resolve_retries: u32,
    /// `timeout resolve`: from the end of one resolution to the next.
    pub timeout_resolve: Duration,
    /// `timeout retry`: from one question to the next, where no answer is good.
    pub timeout_retry: Duration,
    /// `hold`.
    pub hold: HoldTimes,
}

impl ResolversConfig {
    /// A section without nameservers, everything else at its default.
    pub fn new(name: String) -> Self {
        Self {
            name,
            place: Place::default(),
            nameservers: Vec::new(),
            accepted_payload_size: 512,
            resolve_retries: 3,
            timeout_resolve: Duration::from_secs(1),
            timeout_retry: Duration::from_secs(1),
            hold: HoldTimes::default(),
        }
    }
}

/// For how long the last good answer counts, by what came after it (configuration.txt, `hold`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTimes {
    /// `nx`: there is no such name.
    pub nx: Duration,
    /// `refused`.
    pub refused: Duration,
    /// `timeout`: nobody answered.
    pub timeout: Duration,
    /// `other`: any other answer that is of no use.
    pub other: Duration,
    /// `valid`: for how long an answer serves `do-resolve`.
    pub valid: Duration,
    /// `obsolete`: for how long a record is kept that newer answers lack.
    pub obsolete: Duration,
}

impl Default for HoldTimes {
    fn default() -> Self {
        let (half_minute, none) = (Duration::from_secs(30), Duration::ZERO);
        Self {
            nx: half_minute,
            refused: half_minute,
            timeout: half_minute,
            other: half_minute,
            valid: Duration::from_secs(10),
            obsolete: none,
        }
    }
}

/// A `nameserver` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameserverConfig {
    /// Its name; its address where it comes from `/etc/resolv.conf`.
    pub name: String,
    /// Where the line stands.
    pub place: Place,
    /// Where it listens.
    pub address: SocketAddr,
    /// Asked over TCP rather than UDP.
    pub tcp: bool,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AddressFamily {
    /// `ipv4`.
    V4,
    /// `ipv6`, which `resolve-prefer` means where it is not said.
    #[default]
    V6,
}

/// A way to find the first address of a server (configuration.txt, `init-addr`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitAddr {
    /// `last`: the state file.
    Last,
    /// `libc`: the system.
    Libc,
    /// `none`: it begins without an address.
    None,
    /// This one.
    Ip(IpAddr),
}

/// A network that `resolve-net` prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreferredNet {
    /// Its address.
    pub ip: IpAddr,
    /// Length of its prefix in bits.
    pub prefix: u8,
}

impl PreferredNet {
    /// Whether an address is in it.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let bits = |bits: u128, width: u32| match u32::from(self.prefix) {
            0 => 0,
            prefix => bits >> (width.saturating_sub(prefix)),
        };
        match (self.ip, ip) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => bits(u32::from(net).into(), 32) == bits(u32::from(ip).into(), 32),
            (IpAddr::V6(net), IpAddr::V6(ip)) => bits(net.into(), 128) == bits(ip.into(), 128),
            _ => false,
        }
    }
}

/// What a `server` line says of how its name is resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolveConfig {
    /// `resolvers`: the name of the section.
    pub resolvers: Option<String>,
    /// Its number among [`super::Config::resolvers`].
    pub section: Option<usize>,
    /// `resolve-prefer`.
    pub prefer: AddressFamily,
    /// `resolve-net`.
    pub nets: Vec<PreferredNet>,
    /// `resolve-opts allow-dup-ip`.
    pub allow_dup_ip: bool,
    /// `resolve-opts ignore-weight`.
    pub ignore_weight: bool,
    /// `init-addr`; empty where it is not said.
    pub init_addr: Vec<InitAddr>,
    /// The service whose records tell name, port and weight; the line has it in place of a name.
    pub service: Option<String>,
    /// It begins without an address.
    pub unresolved: bool,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let net = |text: &str, prefix| PreferredNet { ip: text.parse().unwrap(), prefix };
        let holds = |net: PreferredNet, ip: &str| net.contains(ip.parse().unwrap());
        assert!(holds(net("10.0.0.0", 8), "10.255.0.1") && !holds(net("10.0.0.0", 8), "11.0.0.1"));
        assert!(holds(net("1.2.3.4", 32), "1.2.3.4") && !holds(net("1.2.3.4", 32), "1.2.3.5"));
        assert!(holds(net("0.0.0.0", 0), "9.9.9.9") && !holds(net("0.0.0.0", 0), "::1"));
        assert!(holds(net("fe80::", 10), "fe80::1") && !holds(net("fe80::", 10), "fd00::1"));
        assert!(holds(net("::", 0), "fd00::1"));
    }
}
