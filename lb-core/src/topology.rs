//! The immutable picture of frontends and backends that the workers read: names resolved, defaults computed.
//!
//! A topology is swapped as a whole, never edited. What changes often (server state, gauges) is atomics behind its
//! `Arc`s, kept across swaps.

mod build;
mod dials;
mod error;
mod logs;
mod pair;
mod sections;
mod settings;
mod tracking;

use std::collections::HashMap;
use std::sync::Arc;

use crate::log::LogDestinations;
use crate::net::SystemOptions;
use crate::pattern::References;
use crate::pattern::set::Set as PatternSet;
use crate::resolve::Resolvers;
use crate::sample::variable::SharedVariables;
use crate::server::{Numbers, ServerEvent};
use crate::table::Table;
use crate::userlist::Userlists;
use dials::Namespaces;

pub use error::TopologyError;
pub use pair::Pair;
pub(crate) use pair::turn_around;
pub use sections::{BackendEntry, Frontend, SectionHalves};
pub(crate) use sections::{Switch, SwitchTarget};
pub use settings::Settings;

/// Everything the workers route by.
#[derive(Debug)]
pub struct Topology {
    /// Process settings.
    pub settings: Settings,
    /// Frontends and the frontend halves of listen sections.
    pub frontends: Vec<Arc<Frontend>>,
    /// Backends and the backend halves of listen sections.
    pub backends: Vec<Arc<BackendEntry>>,
    /// All sections in order of the configuration, those that are `disabled` left out.
    pub sections: Vec<SectionHalves>,
    /// What became of servers by a file of states.
    pub(crate) restored: Vec<ServerEvent>,
    /// The same with those that are `disabled`, which have neither half: what the arguments of sample fetches count.
    pub(crate) numbered: Vec<SectionHalves>,
    /// Users and their passwords.
    pub(crate) userlists: Userlists,
    /// Names and numbers of frontends that are `disabled`.
    pub disabled_frontends: Vec<(Arc<str>, u32)>,
    /// Numbers of the servers.
    pub numbers: Arc<Numbers>,
    /// Network namespaces of the servers.
    pub(crate) namespaces: Namespaces,
    /// Sets socket options that no safe interface offers.
    pub system: SystemOptions,
    /// Rules of streams act on clients' sockets.
    pub(crate) touches_sockets: bool,
    /// Where log lines go.
    pub log_destinations: LogDestinations,
    /// Variables of the process.
    pub(crate) variables: SharedVariables,
    /// Backends by name, for names that are only known at run time.
    pub(crate) backend_names: HashMap<Arc<str>, usize>,
    /// Lists of patterns, for runtime commands and rules.
    pub(crate) references: Arc<References>,
    /// Their patterns as ACLs and maps look into them, by number.
    pub(crate) sets: Box<[Arc<PatternSet>]>,
    /// `resolvers` sections.
    pub resolvers: Vec<Arc<Resolvers>>,
    /// Stick tables by the number of their section in the configuration, `disabled` ones included.
    pub(crate) tables: Vec<Option<Arc<Table>>>,
}
