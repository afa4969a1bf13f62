//! The names that expressions may refer to, known before any of them is read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::arg::{Arg, ArgKind};
use super::fetch::Fetch;
use super::late::LateFaults;
use super::variable::{VariableName, VariableScope};
use crate::config::Directories;
use crate::extension::Extensions;
use crate::pattern::References;

/// A `frontend`, `backend` or `listen` section: its place in the order of the configuration.
pub type ProxyNumber = usize;

/// What HAProxy's messages call the section that expressions of `global` stand in.
pub(crate) const GLOBAL: &str = "CFG";

/// A proxy section as its header says it.
#[derive(Clone, Debug)]
pub(crate) struct ProxyHeader {
    /// Its name.
    pub(crate) name: String,
    /// Whether it accepts connections.
    pub(crate) frontend: bool,
    /// Whether it has servers.
    pub(crate) backend: bool,
    /// Whether it has a stick table.
    pub(crate) table: bool,
    /// Names of its servers.
    pub(crate) servers: Vec<String>,
}

/// Every section of a configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Proxies in order.
    pub(crate) proxies: Vec<ProxyHeader>,
    /// Userlists in order.
    pub(crate) userlists: Vec<String>,
    /// `resolvers` sections in order, the one of the system last.
    pub(crate) resolvers: Vec<String>,
    /// Where the relative paths of each configuration file start.
    pub(crate) directories: Arc<Directories>,
    /// Files of patterns, each read once by the first ACL or map that names it.
    pub(crate) references: Arc<References>,
    /// What the embedding program adds to the language.
    pub(crate) extensions: Extensions,
    /// What the expressions that were read need of the instance.
    pub(crate) used: Arc<Used>,
    /// Faults of arguments that are told when all was read.
    pub(crate) late: Arc<LateFaults>,
}

/// What expressions need, noted while they are read.
#[derive(Debug, Default)]
pub(crate) struct Used {
    server_connections: AtomicBool,
    /// Names of variables of the process.
    variables: Mutex<BTreeSet<Arc<str>>>,
}

impl Used {
    /// An expression begins with this fetch.
    pub(super) fn note(&self, fetch: &Fetch) {
        if fetch.looks_at_server_connection() {
            self.server_connections.store(true, Ordering::Relaxed);
        }
    }

    /// A variable is named.
    pub(crate) fn note_variable(&self, name: &VariableName) {
        if name.scope == VariableScope::Proc {
            self.variables.lock().unwrap_or_else(PoisonError::into_inner).insert(Arc::clone(&name.name));
        }
    }

    /// The variables of the process that are named, without their scope.
    pub(crate) fn variables(&self) -> BTreeSet<Arc<str>> {
        self.variables.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether one looks at connections to servers.
    pub(crate) fn server_connections(&self) -> bool {
        self.server_connections.load(Ordering::Relaxed)
    }
}

impl Names {
    /// What a name in an argument stands for; the proxy of number `own`, which messages call `section`, where the name
    /// is left out. Defaults have no number.
    ///
    /// # Errors
    /// HAProxy's text with `{}` where it names the place of the argument.
    pub(crate) fn resolve(
        &self,
        kind: ArgKind,
        word: &str,
        own: Option<ProxyNumber>,
        section: &str,
    ) -> Result<Arg, String> {
        let proxy = |name: &str, fits: fn(&ProxyHeader) -> bool| {
            self.proxies.iter().position(|proxy| proxy.name == name && fits(proxy))
        };
        let (what, fits): (_, fn(&ProxyHeader) -> bool) = match kind {
            ArgKind::Frontend => ("frontend", |proxy| proxy.frontend),
            ArgKind::Backend => ("backend", |proxy| proxy.backend),
            ArgKind::Table => ("table", |proxy| proxy.table),
            ArgKind::Server => return self.server(word, own),
            _ if word.is_empty() => return Err("missing userlist name in {}".to_owned()),
            _ => {
                let found = self.userlists.iter().position(|name| name == word);
                return found
                    .map(Arg::Userlist)
                    .ok_or_else(|| format!("unable to find userlist '{word}' referenced in {{}}"));
            }
        };
        if word.is_empty() {
            let fit = own.filter(|own| self.proxies.get(*own).is_some_and(fits));
            let refused = match kind {
                ArgKind::Table if own.is_none() && section != GLOBAL => "table name must be set in {}".to_owned(),
                ArgKind::Table => format!("unable to find table '{section}' referenced in {{}}"),
                _ => format!("proxy '{section}', referenced in {{}}, has not {what} capability"),
            };
            return fit.map(Arg::Proxy).ok_or(refused);
        }
        proxy(word, fits).map(Arg::Proxy).ok_or_else(|| format!("unable to find {what} '{word}' referenced in {{}}"))
    }

    fn server(&self, word: &str, own: Option<ProxyNumber>) -> Result<Arg, String> {
        if word.is_empty() {
            return Err("missing server name in {}".to_owned());
        }
        let (proxy, server) = match word.split_once('/') {
            Some((backend, server)) => {
                let found = self.proxies.iter().position(|proxy| proxy.backend && proxy.name == backend);
                (found.ok_or_else(|| format!("unable to find proxy '{backend}' referenced in {{}}"))?, server)
            }
            None => (own.ok_or_else(|| "backend name must be set in {}".to_owned())?, word),
        };
        let header = self.proxies.get(proxy);
        if header.is_some_and(|header| header.servers.iter().any(|name| name == server)) {
            return Ok(Arg::Server(proxy, server.into()));
        }
        let name = header.map_or("", |header| header.name.as_str());
        Err(format!("unable to find server '{server}' in proxy '{name}', referenced in {{}}"))
    }
}
