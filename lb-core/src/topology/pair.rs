//! What two sections, one in front of the other, make of an option that both may have.

use std::time::Duration;

use crate::config::{ConnectionMode, HttpReuse, ProxyConfig, Timeouts};

/// What both proxies of a stream make of a per-proxy option.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The frontend's section.
    pub frontend: &'a ProxyConfig,
    /// The backend's section.
    pub backend: &'a ProxyConfig,
}

impl Pair<'_> {
    /// Connection mode: the one that closes more wins (configuration.txt, `option httpclose`).
    pub fn connection_mode(&self) -> ConnectionMode {
        let rank = |mode: Option<ConnectionMode>| match mode.unwrap_or_default() {
            ConnectionMode::KeepAlive => 0,
            ConnectionMode::ServerClose => 1,
            ConnectionMode::Close => 2,
        };
        match rank(self.frontend.options.connection_mode).max(rank(self.backend.options.connection_mode)) {
            0 => ConnectionMode::KeepAlive,
            1 => ConnectionMode::ServerClose,
            _ => ConnectionMode::Close,
        }
    }

    /// Timeouts: the client's from the frontend, the server's from the backend.
    pub fn timeouts(&self) -> Timeouts {
        let (front, back) = (&self.frontend.timeouts, &self.backend.timeouts);
        Timeouts {
            client: front.client,
            client_fin: front.client_fin,
            http_request: front.http_request,
            http_keep_alive: front.http_keep_alive,
            server: back.server,
            server_fin: back.server_fin,
            connect: back.connect,
            queue: back.queue.or(back.connect),
            tunnel: back.tunnel,
            check: back.check,
            tarpit: front.tarpit.or(back.tarpit).or(back.connect).or(front.connect),
        }
    }

    /// `http-reuse` of the backend.
    pub fn http_reuse(&self) -> HttpReuse {
        self.backend.http_reuse.unwrap_or_default()
    }
}

/// Delay before a server is tried again after a refused connection: a second, or `timeout connect` if shorter
/// (configuration.txt, `retries`).
pub(crate) fn turn_around(timeouts: &Timeouts) -> Duration {
    let second = Duration::from_secs(1);
    timeouts.connect.map_or(second, |t| t.min(second))
}
