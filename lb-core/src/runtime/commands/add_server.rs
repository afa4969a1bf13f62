//! `add server` and `del server` (management.txt, section 9.3).

use std::sync::Arc;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, ServerName, Severity, Words};
use super::checks::start_checks;
use crate::backend::AddServerError;
use crate::config::model::ServerConfig;
use crate::config::proxy::{DynamicServer, read_dynamic};
use crate::server::event::EventKind;
use crate::server::{AdminState, Dial, Server, Start};
use crate::topology::BackendEntry;

/// `add server <b>/<s> <addr> [options]`: a server with the options of a `server` line.
///
/// Its backend must use an algorithm that follows changes. As a command it begins in maintenance and with its checks
/// disabled; with `ready` it serves at once, and is checked if it has `check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddServer {
    /// The backend, which must exist, and the server, which must not.
    pub server: ServerName,
    /// Address and options, as they stand behind the name on a `server` line.
    pub words: Vec<String>,
    /// Whether it serves and is checked at once, unless it says `disabled`.
    pub ready: bool,
}

/// `del server <b>/<s>`: takes a server out of its backend.
///
/// It must be in maintenance, and no stream may be on it or wait for it. Idle connections are closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelServer {
    /// The server.
    pub server: ServerName,
}

impl AddServer {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let server = ServerName::parse(&mut words).map_err(CommandError::without_blank_line)?;
        let words = words.iter().map(str::to_owned).collect();
        Ok(Command::AddServer(Self { server, words, ready: false }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let entry = instance.backend(&self.server.backend).map_err(CommandError::without_blank_line)?;
        if !entry.backend.has_dynamic_weights() {
            let text = "Backend must use a dynamic load balancing to support dynamic servers.";
            return Err(CommandError::new(ErrorCode::State, text).without_blank_line());
        }
        let server = self.add(instance, entry)?;
        if server.checks.are_configured() || server.agent.is_configured() {
            start_checks(instance, (Arc::clone(&entry.backend), Arc::clone(&server)));
        }
        Ok(Reply::Message(Severity::Info, "New server registered.".to_owned()))
    }

    fn add(&self, instance: &Instance, entry: &Arc<BackendEntry>) -> Result<Arc<Server>, CommandError> {
        let topology = instance.topology();
        let global = &topology.settings.global;
        let words: Vec<String> = std::iter::once(&self.server.server).chain(&self.words).cloned().collect();
        let invalid = |text| CommandError::new(ErrorCode::Invalid, text);
        let DynamicServer { config, enabled } =
            read_dynamic(&words, &entry.config, global, &instance.shared.cli.environment).map_err(invalid)?;
        let admin = match (config.disabled, enabled || self.ready) {
            (true, _) => AdminState::CMAINT.union(AdminState::FMAINT),
            (false, true) => AdminState::default(),
            (false, false) => AdminState::FMAINT,
        };
        let start = Start { admin, checked: self.ready, dynamic: true };
        let tracked = tracked(instance, entry, &config).map_err(invalid)?;
        let dial = Dial::new(&config, &entry.config, global, &topology.system);
        let dial = dial.map_err(|error| invalid(error.to_string()))?;
        let mut added = Err(AddServerError::NameTaken);
        instance.change(|| {
            added = entry.backend.add_server(config, start, dial, &topology.numbers);
            if let (Ok(server), Some((other, target))) = (&added, &tracked) {
                Server::track(&entry.backend, server, &other.backend, target);
                entry.backend.begin_following(server);
            }
            added.iter().map(|server| entry.backend.event(server, EventKind::Added)).collect()
        });
        added.map_err(|error| CommandError::new(ErrorCode::Exists, error.to_string()))
    }
}

/// A server and its backend.
type Placed = (Arc<BackendEntry>, Arc<Server>);

/// The server that a new one tracks, if it may. Only those of the configuration can be tracked, so there is no loop.
fn tracked(instance: &Instance, entry: &Arc<BackendEntry>, config: &ServerConfig) -> Result<Option<Placed>, String> {
    let Some(track) = &config.track else { return Ok(None) };
    let other = match &track.proxy {
        None => entry,
        Some(name) => {
            let found = instance.topology().backends.iter().find(|other| *other.name == **name);
            found.ok_or_else(|| format!("unable to find required proxy '{name}' for tracking."))?
        }
    };
    let server = other.backend.server(&track.server);
    let server = server.ok_or_else(|| format!("unable to find required server '{}' for tracking.", track.server))?;
    let name = format!("{}/{}", other.name, server.name);
    if server.dynamic {
        return Err(format!("unable to use {name} for tracking as it is a dynamic server."));
    }
    if !server.checks.are_configured() && !server.agent.is_configured() && server.tracking.tracked().is_none() {
        return Err(format!("unable to use {name} for tracking as it does not have any check nor agent enabled."));
    }
    if config.check {
        return Err("unable to enable checks and tracking at the same time!".to_owned());
    }
    if other.config.checks.disable_on_404 != entry.config.checks.disable_on_404 {
        return Err(format!("unable to use {name} fortracking: disable-on-404 option inconsistency."));
    }
    Ok(Some((Arc::clone(other), server)))
}

impl DelServer {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let server = ServerName::parse(&mut words).map_err(CommandError::without_blank_line)?;
        Ok(Command::DelServer(Self { server }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        self.delete(instance).map_err(CommandError::without_blank_line)
    }

    fn delete(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (entry, server) = instance.server(&self.server)?;
        let refused = |text| Err(CommandError::new(ErrorCode::State, text));
        if server.tracking.is_tracked() {
            return refused(
                "This server cannot be removed at runtime due to other configuration elements pointing to it.",
            );
        }
        if !server.admin_state().intersects(AdminState::MAINT) {
            return refused("Only servers in maintenance mode can be deleted.");
        }
        if server.current() > 0 || server.queued() > 0 {
            return refused("Server still has connections attached to it, cannot remove it.");
        }
        let mut removed = false;
        instance.change(|| {
            removed = entry.backend.remove_server(&server);
            removed.then(|| entry.backend.event(&server, EventKind::Removed)).into_iter().collect()
        });
        instance.shared.drop_renounced();
        match removed {
            true => Ok(Reply::ServerDeleted),
            // Somebody else was faster.
            false => Err(CommandError::no_such_server()),
        }
    }
}
