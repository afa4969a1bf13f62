//! `clear counters` (management.txt, section 9.3).

use super::super::{Command, CommandError, Instance, Level, Reply, Words};

/// `clear counters [all]`: the largest values, or everything that was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClearCounters {
    /// Sums and averages, too.
    pub all: bool,
}

impl ClearCounters {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let all = words.next().as_deref() == Some("all");
        if all && words.level() < Level::Admin {
            return Err(CommandError::denied());
        }
        Ok(Command::ClearCounters(Self { all }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let shared = &instance.shared;
        for frontend in &shared.topology.frontends {
            frontend.stats.clear(self.all);
            frontend.limits.clear_max();
        }
        for listener in &shared.listeners {
            listener.limits.connections.clear_peak();
            if let Some(stats) = &listener.limits.stats {
                stats.clear(self.all);
            }
        }
        for entry in &shared.topology.backends {
            entry.backend.clear_counters(self.all);
            for server in entry.backend.servers().iter() {
                server.clear_counters(self.all);
            }
        }
        if self.all {
            shared.topology.resolvers.iter().for_each(|resolvers| resolvers.clear_counters());
        }
        shared.limits.clear_max();
        shared.limits.connections.clear_peak();
        shared.stats.clear_max();
        Ok(Reply::Done)
    }
}
