//! Which of a name's addresses a server takes (configuration.txt, `resolve-prefer`, `resolve-net` and `resolve-opts`).

use std::net::IpAddr;

use crate::config::model::{AddressFamily, PreferredNet};

/// What a server wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'c> {
    pub(super) prefer: AddressFamily,
    pub(super) nets: &'c [PreferredNet],
    /// The address it has.
    pub(super) current: Option<IpAddr>,
    /// Whether it takes one that another server has.
    pub(super) allow_dup: bool,
}

/// The best of the addresses: of the preferred family, then of a preferred network, then the one it has, then one that
/// no other server has, then the first. `is_taken` says whether another server has an address.
pub(super) fn choose(addresses: &[IpAddr], choice: &Choice<'_>, is_taken: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let mut best: Option<(u8, IpAddr)> = None;
    for ip in addresses.iter().copied() {
        let taken = is_taken(ip);
        if taken && !choice.allow_dup {
            continue;
        }
        let family = match ip {
            IpAddr::V4(_) => AddressFamily::V4,
            IpAddr::V6(_) => AddressFamily::V6,
        };
        let bit = |fits: bool, value: u8| if fits { value } else { 0 };
        let score = bit(family == choice.prefer, 8)
            + bit(choice.nets.iter().any(|net| net.contains(ip)), 4)
            + bit(choice.current == Some(ip), 2)
            + bit(!taken, 1);
        if best.is_none_or(|(other, _)| score > other) {
            best = Some((score, ip));
        }
    }
    best.map(|(_, ip)| ip)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ips(text: &str) -> Vec<IpAddr> {
        text.split_whitespace().map(|ip| ip.parse().unwrap()).collect()
    }

    /// Servers one after the other, as HAProxy 2.6.12 was seen to give them addresses.
    fn dealt(prefer: AddressFamily, net: Option<(&str, u8)>, allow_dup: bool, addresses: &str) -> Vec<String> {
        let net = net.map(|(ip, prefix)| PreferredNet { ip: ip.parse().unwrap(), prefix });
        let mut taken: Vec<IpAddr> = Vec::new();
        for _ in 0..4 {
            let choice = Choice { prefer, nets: net.as_slice(), current: None, allow_dup };
            taken.extend(choose(&ips(addresses), &choice, |ip| taken.contains(&ip)));
        }
        taken.iter().map(IpAddr::to_string).collect()
    }

    #[test]
    fn family_then_network_then_what_is_free() {
        use AddressFamily::{V4, V6};
        let all = "127.0.0.2 10.0.0.1 fd00::1 fe80::1";
        assert_eq!(dealt(V4, None, false, all), ["127.0.0.2", "10.0.0.1", "fd00::1", "fe80::1"]);
        assert_eq!(dealt(V6, None, false, all), ["fd00::1", "fe80::1", "127.0.0.2", "10.0.0.1"]);
        assert_eq!(dealt(V4, Some(("fe80::", 10)), false, all), ["127.0.0.2", "10.0.0.1", "fe80::1", "fd00::1"]);
        assert_eq!(dealt(V6, Some(("10.0.0.0", 8)), false, all), ["fd00::1", "fe80::1", "10.0.0.1", "127.0.0.2"]);
        assert_eq!(dealt(V4, None, false, "1.1.1.1"), ["1.1.1.1"]);
        assert_eq!(dealt(V4, None, true, "1.1.1.1 2.2.2.2"), ["1.1.1.1", "2.2.2.2", "1.1.1.1", "1.1.1.1"]);
    }

    #[test]
    fn a_server_stays_where_it_is_unless_there_is_better() {
        fn choice<'c>(current: &str, nets: &'c [PreferredNet]) -> Choice<'c> {
            Choice { prefer: AddressFamily::V4, nets, current: current.parse().ok(), allow_dup: true }
        }
        let all = ips("1.1.1.1 2.2.2.2 ::1");
        let two = PreferredNet { ip: ips("2.0.0.0")[0], prefix: 8 };
        assert_eq!(choose(&all, &choice("2.2.2.2", &[]), |_| false), Some(all[1]));
        assert_eq!(choose(&all, &choice("2.2.2.2", &[]), |ip| ip == all[1]), Some(all[1]), "shared already");
        assert_eq!(choose(&all, &choice("::1", &[]), |_| false), Some(all[0]));
        assert_eq!(choose(&all, &choice("1.1.1.1", &[two]), |_| false), Some(all[1]));
        assert_eq!(choose(&all, &choice("9.9.9.9", &[]), |_| false), Some(all[0]));
    }
}
