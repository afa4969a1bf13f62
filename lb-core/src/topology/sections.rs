//! The sections that run: what accepts connections, what has servers, and how one leads to the other.

use std::sync::Arc;

use crate::acl::Condition;
use crate::backend::Backend;
use crate::config::ProxyConfig;
use crate::listener::Gate;
use crate::listener::limits::FrontendLimits;
use crate::log::{AccessLog, LogFormat, LogTargets};
use crate::sample::account::ProcessAccount;
use crate::server::Dial;
use crate::stats::{FrontendStats, FrontendStatus};

/// A section that accepts connections.
#[derive(Debug)]
pub struct Frontend {
    /// Index in [`Topology::frontends`](super::Topology::frontends).
    pub index: usize,
    /// Section name.
    pub name: Arc<str>,
    /// The section.
    pub config: Arc<ProxyConfig>,
    /// Backend of requests that no rule sends elsewhere: index in [`Topology::backends`](super::Topology::backends).
    pub default_backend: Option<usize>,
    /// `default_backend` where that is disabled.
    pub(crate) disabled_backend: Option<Arc<str>>,
    /// `use_backend` lines, in order.
    pub(crate) switches: Vec<Switch>,
    /// The backend half of the section, where it is a `listen` section: index in [`Topology::backends`](super::Topology::backends).
    pub own_backend: Option<usize>,
    /// Format, targets and options of access lines.
    pub log: AccessLog,
    /// Connections at the same time: `maxconn` of the frontend or its default.
    pub maxconn: u32,
    /// Limits and gauges of its connections.
    pub limits: Arc<FrontendLimits>,
    /// Counters and rates.
    pub stats: FrontendStats,
    /// Whether it accepts.
    pub gate: Gate,
    /// What variables take, where that is limited.
    pub(crate) variables: Option<Arc<ProcessAccount>>,
}

impl Frontend {
    /// Whether it accepts connections.
    pub fn status(&self) -> FrontendStatus {
        self.gate.status()
    }
}

/// A section that has servers.
#[derive(Debug)]
pub struct BackendEntry {
    /// Index in [`Topology::backends`](super::Topology::backends).
    pub index: usize,
    /// Section name.
    pub name: Arc<str>,
    /// The section.
    pub config: Arc<ProxyConfig>,
    /// Servers, balancing, queue.
    pub backend: Arc<Backend>,
    /// Whether a server sends clients elsewhere (`redir`); those added at run time cannot.
    pub redirects: bool,
    /// Where lines about its servers go.
    pub log_targets: LogTargets,
    /// Rules look at the addresses of connections to servers (`bc_src` and its kind).
    pub(crate) looks_at_connections: bool,
    /// How to open connections where no server is chosen: `dispatch` and `option transparent`.
    pub dial: Dial,
}

/// Where a `use_backend` line leads.
#[derive(Debug)]
pub(crate) struct Switch {
    /// When; always where there is none.
    pub(crate) condition: Option<Condition>,
    /// Where to.
    pub(crate) target: SwitchTarget,
}

impl Switch {
    /// Whether it may look at the message.
    pub(crate) fn looks(&self) -> bool {
        self.condition.is_some() || matches!(self.target, SwitchTarget::Named(_))
    }
}

/// See [`Switch`].
#[derive(Debug)]
pub(crate) enum SwitchTarget {
    /// A backend of the topology.
    Backend(usize),
    /// A backend that is disabled.
    Disabled(Arc<str>),
    /// What the format comes to, if there is a backend of that name.
    Named(LogFormat),
}

/// The halves of a section, as indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionHalves {
    /// In [`Topology::frontends`](super::Topology::frontends).
    pub frontend: Option<usize>,
    /// In [`Topology::backends`](super::Topology::backends).
    pub backend: Option<usize>,
}
