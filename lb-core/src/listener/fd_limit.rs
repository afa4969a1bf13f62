//! How many file descriptors an instance needs (management.txt, section 5), as HAProxy counts them.

use crate::config::model::{Config, Shards};

/// Descriptors every process needs beside its connections.
const FIXED: u64 = 10;
/// Descriptors of each thread: its poller and its wake-up pipe.
const PER_THREAD: u64 = 3;

/// What a configuration needs, and the limits that follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FdLimit {
    /// `maxconn`, computed from the descriptor limit where it is not configured.
    pub maxconn: u32,
    /// `maxpipes`, computed from the proxies that splice where it is not configured.
    pub maxpipes: u32,
    /// Descriptors needed in the worst case: `Maxsock` of `show info`, and what the limit must be raised to.
    pub maxsock: u64,
    /// The limit to set: `ulimit-n` where it is configured, `maxsock` otherwise.
    pub ulimit_n: u64,
}

impl FdLimit {
    /// Pipes that splicing may use: the configured or computed number and, because splicing also starts by itself,
    /// what a descriptor limit of `current` leaves beyond `maxsock`, up to a quarter of the connections.
    pub fn usable_pipes(&self, current: u64) -> u32 {
        let spare = u32::try_from(current.saturating_sub(self.maxsock) / 2).unwrap_or(u32::MAX);
        self.maxpipes.max(spare.min(self.maxconn / 4))
    }
}

/// Sockets of the runtime API (`stats socket`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatsSockets {
    /// How many.
    pub sockets: u32,
    /// `stats maxconn`, default 10; counted when there is a socket.
    pub maxconn: u32,
}

impl StatsSockets {
    /// Those of a configuration.
    pub fn of(config: &Config) -> Self {
        let stats = &config.global.stats;
        let sockets = stats.sockets.iter().map(|socket| socket.addresses.len()).sum::<usize>();
        Self { sockets: u32::try_from(sockets).unwrap_or(u32::MAX), maxconn: stats.maxconn.unwrap_or(10) }
    }

    /// Descriptors they take.
    pub fn descriptors(self) -> u64 {
        if self.sockets > 0 { u64::from(self.sockets) + u64::from(self.maxconn) } else { 0 }
    }
}

/// Computes what `config` needs with this number of worker threads.
///
/// `hard_limit` is the process' hard limit of descriptors; `maxconn` is derived from it, or from a lower `ulimit-n`,
/// when it is not configured.
pub fn compute_fd_limit(config: &Config, threads: u16, stats: StatsSockets, hard_limit: u64) -> FdLimit {
    Demand::of(config, threads).limit(threads, stats, hard_limit)
}

/// The message when the limit cannot be raised, an alert with `strict-limits`, else a warning.
pub fn cannot_raise(wanted: u64, limit: u64) -> String {
    format!("Cannot raise FD limit to {wanted}, limit is {limit}.")
}

/// The alert that follows without `strict-limits`.
pub fn too_low(limit: u64, needed: &FdLimit) -> String {
    let FdLimit { maxconn, maxsock, .. } = needed;
    format!(
        "FD limit ({limit}) too low for maxconn={maxconn}/maxsock={maxsock}. \
         Please raise 'ulimit-n' to {maxsock} or more to avoid any trouble."
    )
}

/// What a configuration asks for, counted.
#[derive(Clone, Copy, Debug)]
struct Demand {
    maxconn: Option<u32>,
    maxpipes: Option<u32>,
    ulimit_n: Option<u64>,
    /// Listening sockets.
    listeners: u64,
    /// Servers with a check.
    checks: u64,
    pipes: PipeDemand,
}

impl Demand {
    fn of(config: &Config, threads: u16) -> Self {
        let (mut listeners, mut checks) = (0, 0);
        for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
            for bind in &proxy.binds {
                let shards = match bind.options.shards {
                    Some(Shards::Count(count)) => u64::from(count.clamp(1, threads.max(1))),
                    Some(Shards::ByThread) => u64::from(threads),
                    None => 1,
                };
                listeners += bind.addresses.len() as u64 * shards;
            }
            checks += proxy.servers.iter().filter(|server| server.check).count() as u64;
        }
        Self {
            maxconn: config.global.maxconn.filter(|maxconn| *maxconn > 0),
            maxpipes: config.global.maxpipes,
            ulimit_n: config.global.ulimit_n.filter(|limit| *limit > 0),
            listeners,
            checks,
            pipes: pipe_demand(config),
        }
    }

    fn limit(&self, threads: u16, stats: StatsSockets, hard_limit: u64) -> FdLimit {
        let fixed = FIXED + PER_THREAD * u64::from(threads) + self.listeners + self.checks + stats.descriptors();
        let maxconn = self.maxconn.unwrap_or_else(|| {
            let limit = self.ulimit_n.map_or(hard_limit, |set| set.min(hard_limit));
            derive_maxconn(limit.saturating_sub(fixed), self.maxpipes, self.pipes)
        });
        let maxpipes = self.maxpipes.unwrap_or_else(|| self.pipes.pipes(maxconn));
        let maxsock = 2 * u64::from(maxconn) + 2 * u64::from(maxpipes) + fixed;
        FdLimit { maxconn, maxpipes, maxsock, ulimit_n: self.ulimit_n.unwrap_or(maxsock) }
    }
}

/// The most spliced connections that the proxies with `option splice-*` can have.
#[derive(Clone, Copy, Debug)]
enum PipeDemand {
    /// At most this many.
    Connections(u32),
    /// As many as the process has.
    Unlimited,
}

impl PipeDemand {
    /// A quarter of the connections, as the manual says of `maxpipes`.
    fn pipes(self, maxconn: u32) -> u32 {
        match self {
            Self::Connections(count) => count.min(maxconn) / 4,
            Self::Unlimited => maxconn / 4,
        }
    }
}

fn pipe_demand(config: &Config) -> PipeDemand {
    if config.global.nosplice {
        return PipeDemand::Connections(0);
    }
    let mut total = 0u32;
    for proxy in config.proxies.iter().filter(|proxy| !proxy.disabled) {
        let options = &proxy.options;
        if !(options.splice_auto || options.splice_request || options.splice_response) {
            continue;
        }
        let sides = [(proxy.kind.is_frontend(), proxy.maxconn), (proxy.kind.is_backend(), proxy.fullconn)];
        for (_, limit) in sides.into_iter().filter(|(present, _)| *present) {
            match limit.filter(|limit| *limit > 0) {
                Some(limit) => total = total.saturating_add(limit),
                None => return PipeDemand::Unlimited,
            }
        }
    }
    PipeDemand::Connections(total)
}

/// The most connections, each with two descriptors and perhaps its share of pipes, that fit in `room`.
fn derive_maxconn(room: u64, maxpipes: Option<u32>, demand: PipeDemand) -> u32 {
    let for_pipes = |pipes: u32| room.saturating_sub(2 * u64::from(pipes)) / 2;
    let maxconn = match (maxpipes, demand) {
        (Some(pipes), _) => for_pipes(pipes),
        // Four connections and their pipe take ten descriptors.
        (None, PipeDemand::Unlimited) => room.saturating_mul(2) / 5,
        (None, PipeDemand::Connections(count)) => for_pipes(count / 4).max(room.saturating_mul(2) / 5),
    };
    u32::try_from(maxconn).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(maxconn: Option<u32>, listeners: u64, checks: u64, pipes: PipeDemand) -> Demand {
        Demand { maxconn, maxpipes: None, ulimit_n: None, listeners, checks, pipes }
    }

    const NO_PIPES: PipeDemand = PipeDemand::Connections(0);
    const NO_STATS: StatsSockets = StatsSockets { sockets: 0, maxconn: 10 };
    const STATS: StatsSockets = StatsSockets { sockets: 1, maxconn: 10 };

    fn maxsock(maxconn: u32, listeners: u64, checks: u64, threads: u16, stats: StatsSockets) -> u64 {
        demand(Some(maxconn), listeners, checks, NO_PIPES).limit(threads, stats, 20_000).maxsock
    }

    /// The expected numbers are those HAProxy 2.6.12 shows for the same configurations.
    #[test]
    fn counts_as_haproxy() {
        assert_eq!(maxsock(100, 1, 0, 1, NO_STATS), 214);
        assert_eq!(maxsock(100, 1, 0, 1, STATS), 225);
        assert_eq!(maxsock(100, 1, 0, 2, STATS), 228);
        assert_eq!(maxsock(100, 1, 0, 4, STATS), 234);
        assert_eq!(maxsock(200, 1, 0, 1, STATS), 425);
        assert_eq!(maxsock(100, 3, 0, 2, STATS), 230);
        assert_eq!(maxsock(100, 0, 0, 1, STATS), 224);
        assert_eq!(maxsock(100, 1, 5, 1, STATS), 230);
        assert_eq!(maxsock(100, 10, 0, 1, NO_STATS), 223);
        assert_eq!(maxsock(100, 4, 0, 4, NO_STATS), 226);
        assert_eq!(maxsock(100, 1, 0, 1, StatsSockets { sockets: 2, maxconn: 5 }), 221);
    }

    #[test]
    fn pipes_as_haproxy() {
        let unlimited = demand(Some(1_000), 1, 0, PipeDemand::Unlimited).limit(1, STATS, 20_000);
        assert_eq!((unlimited.maxsock, unlimited.maxpipes), (2_525, 250));
        let limited = demand(Some(1_000), 1, 0, PipeDemand::Connections(50)).limit(1, STATS, 20_000);
        assert_eq!((limited.maxsock, limited.maxpipes), (2_049, 12));
        let configured = Demand { maxpipes: Some(50), ..demand(Some(1_000), 1, 0, NO_PIPES) };
        assert_eq!(configured.limit(1, STATS, 20_000).maxsock, 2_125);
        assert_eq!(demand(Some(100), 1, 0, PipeDemand::Unlimited).limit(1, NO_STATS, 20_000).maxsock, 264);
        assert_eq!(demand(Some(100), 1, 0, PipeDemand::Connections(40)).limit(1, NO_STATS, 20_000).maxsock, 234);
    }

    #[test]
    fn maxconn_is_derived_as_by_haproxy() {
        for (threads, listeners, checks, limit, maxconn, maxsock) in [
            (1, 1, 0, 20_000, 9_987, 19_999),
            (1, 1, 0, 2_000, 987, 1_999),
            (1, 1, 0, 5_000, 2_487, 4_999),
            (2, 3, 5, 5_000, 2_482, 4_999),
        ] {
            let computed = demand(None, listeners, checks, NO_PIPES).limit(threads, STATS, limit);
            assert_eq!((computed.maxconn, computed.maxsock, computed.ulimit_n), (maxconn, maxsock, maxsock));
        }
        let splicing = demand(None, 1, 0, PipeDemand::Unlimited).limit(1, STATS, 20_000);
        assert_eq!((splicing.maxconn, splicing.maxpipes, splicing.maxsock), (7_990, 1_997, 19_999));
    }

    #[test]
    fn ulimit_n_bounds_what_is_derived() {
        let set = Demand { ulimit_n: Some(3_000), ..demand(None, 1, 0, NO_PIPES) }.limit(1, STATS, 20_000);
        assert!(set.maxsock <= 3_000);
        assert_eq!(set.ulimit_n, 3_000);
        assert_eq!(demand(None, 1, 0, NO_PIPES).limit(1, STATS, 10).maxconn, 1);
        assert_eq!(compute_fd_limit(&Config::default(), 1, NO_STATS, 1_000).maxconn, 493);
    }

    #[test]
    fn messages_as_haproxy() {
        assert_eq!(cannot_raise(10_025, 2_000), "Cannot raise FD limit to 10025, limit is 2000.");
        let needed = demand(Some(5_000), 1, 0, NO_PIPES).limit(1, STATS, 20_000);
        assert_eq!(
            too_low(2_000, &needed),
            "FD limit (2000) too low for maxconn=5000/maxsock=10025. Please raise 'ulimit-n' to 10025 or more to avoid \
             any trouble."
        );
    }
}
