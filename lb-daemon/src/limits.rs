//! The file-descriptor limit: computed from the configuration and raised before anything is served (management.txt,
//! section 5).

use lb_core::config::{Config, ProxyConfig};
use lb_core::listener::fd_limit::StatsSockets;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::report::Reporter;

/// `maxconn` is never computed lower than this.
const LEAST_MAXCONN: u64 = 100;
/// Where the system knows no limit, `maxconn` is computed as if it were this one.
const UNLIMITED: u64 = 1 << 20;
/// Descriptors for the standard streams, logs and the process itself.
const SPARE: u64 = 10;
/// Descriptors of a thread: its poller and its wake-ups.
const PER_THREAD: u64 = 3;

/// `-m`: limits the memory of the process, as `ulimit -v` does (management.txt, section 6).
///
/// Returns whether the process may start: not when the limit cannot be set and `strict-limits` is on.
pub(crate) fn memory(megabytes: u64, config: &Config, reporter: &Reporter) -> bool {
    let bytes = Some(megabytes.saturating_mul(1 << 20)).filter(|bytes| *bytes > 0);
    let Some(bytes) = bytes else { return true };
    if setrlimit(Resource::As, Rlimit { current: Some(bytes), maximum: Some(bytes) }).is_ok() {
        return true;
    }
    let message = format!("[haproxy.main()] Cannot fix MEM limit to {megabytes} megs.");
    if config.global.strict_limits.unwrap_or(true) {
        reporter.alert(&message);
        return false;
    }
    reporter.warning(&message);
    true
}

/// Sets `maxconn` where the configuration does not, and raises the limit to what it needs.
///
/// Returns whether the process may start: not when the limit cannot be raised and `strict-limits` is on.
pub(crate) fn raise(config: &mut Config, reporter: &Reporter) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let needs = Needs::of(config, &limit);
    config.global.maxconn = u32::try_from(needs.maxconn).ok();
    let asked = config.global.ulimit_n.filter(|n| *n > 0);
    let want = asked.unwrap_or(needs.descriptors);
    let current = limit.current.unwrap_or(u64::MAX);
    if asked.is_none() && current >= want {
        return true;
    }
    let raised = Rlimit { current: Some(want), maximum: limit.maximum.map(|maximum| maximum.max(want)) };
    if setrlimit(Resource::Nofile, raised).is_ok() {
        return warn_if_low(&needs, want, reporter);
    }
    let best = limit.maximum.unwrap_or(current).min(want);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(best), maximum: limit.maximum });
    let got = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let message = format!("[haproxy.main()] Cannot raise FD limit to {want}, limit is {got}.");
    if config.global.strict_limits.unwrap_or(true) {
        reporter.alert(&message);
        return false;
    }
    reporter.warning(&message);
    warn_if_low(&needs, got, reporter)
}

fn warn_if_low(needs: &Needs, limit: u64, reporter: &Reporter) -> bool {
    let Needs { maxconn, descriptors } = needs;
    if limit < *descriptors {
        reporter.alert(&format!(
            "[haproxy.main()] FD limit ({limit}) too low for maxconn={maxconn}/maxsock={descriptors}. \
             Please raise 'ulimit-n' to {descriptors} or more to avoid any trouble."
        ));
    }
    true
}

/// What a configuration needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Needs {
    maxconn: u64,
    descriptors: u64,
}

impl Needs {
    fn of(config: &Config, limit: &Rlimit) -> Self {
        let global = &config.global;
        let threads = global.nbthread.map_or_else(available_threads, u64::from).max(1);
        let stats = StatsSockets::of(config).descriptors();
        let fixed = SPARE + PER_THREAD * threads + listeners(config, threads) + checks(config) + stats;
        let splices = !global.nosplice && config.proxies.iter().any(may_splice);
        // Both ends of a connection, and a handle of the client's where rules act on it.
        let each = if config.proxies.iter().any(|proxy| proxy.rules.touch_sockets()) { 3 } else { 2 };
        let pipes = |maxconn: u64| match global.maxpipes {
            Some(maxpipes) => u64::from(maxpipes),
            None if splices => maxconn / 4,
            None => 0,
        };
        let maxconn = match global.maxconn.filter(|maxconn| *maxconn > 0) {
            Some(maxconn) => u64::from(maxconn),
            None => {
                let available = global.ulimit_n.filter(|n| *n > 0).or(limit.maximum).unwrap_or(UNLIMITED);
                let available = available.min(u64::from(u32::MAX)).saturating_sub(fixed);
                let maxconn = match global.maxpipes {
                    Some(maxpipes) => available.saturating_sub(2 * u64::from(maxpipes)) / each,
                    // Two for the pipe of every fourth connection.
                    None if splices => available * 2 / (2 * each + 1),
                    None => available / each,
                };
                maxconn.max(LEAST_MAXCONN)
            }
        };
        Self { maxconn, descriptors: each * maxconn + 2 * pipes(maxconn) + fixed }
    }
}

fn available_threads() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64).min(64)
}

/// Listening sockets: one for each thread that accepts, and another handle of it for commands.
fn listeners(config: &Config, threads: u64) -> u64 {
    let binds = config.proxies.iter().flat_map(|proxy| &proxy.binds);
    let sockets = binds.map(|bind| {
        let accepting = match bind.options.threads.len() as u64 {
            0 => threads,
            some => some,
        };
        2 * bind.addresses.len() as u64 * accepting
    });
    sockets.sum()
}

fn checks(config: &Config) -> u64 {
    config.proxies.iter().flat_map(|proxy| &proxy.servers).filter(|server| server.check).count() as u64
}

fn may_splice(proxy: &ProxyConfig) -> bool {
    proxy.options.splice_auto || proxy.options.splice_request || proxy.options.splice_response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(maxconn: Option<u32>, threads: u16) -> Config {
        let mut config = Config::default();
        config.global.maxconn = maxconn;
        config.global.nbthread = Some(threads);
        config
    }

    fn limit(maximum: Option<u64>) -> Rlimit {
        Rlimit { current: Some(20), maximum }
    }

    #[test]
    fn two_descriptors_for_a_connection() {
        let needs = Needs::of(&config(Some(100), 1), &limit(Some(1)));
        assert_eq!(needs, Needs { maxconn: 100, descriptors: 213 });
        let needs = Needs::of(&config(Some(100), 4), &limit(Some(1)));
        assert_eq!(needs.descriptors, 222);
    }

    #[test]
    fn maxpipes_are_two_descriptors_each() {
        let mut config = config(Some(1000), 1);
        config.global.maxpipes = Some(50);
        assert_eq!(Needs::of(&config, &limit(None)).descriptors, 2113);
    }

    #[test]
    fn maxconn_comes_from_the_hard_limit() {
        let needs = Needs::of(&config(None, 2), &limit(Some(20_000)));
        assert_eq!(needs, Needs { maxconn: 9992, descriptors: 20_000 });
        assert_eq!(Needs::of(&config(None, 2), &limit(Some(30))).maxconn, 100);
        assert_eq!(Needs::of(&config(Some(0), 2), &limit(None)).maxconn, (UNLIMITED - 16) / 2);
        let mut config = config(None, 2);
        config.global.ulimit_n = Some(1016);
        assert_eq!(Needs::of(&config, &limit(None)).maxconn, 500);
    }
}
