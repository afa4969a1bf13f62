//! Who runs commands: the rights and settings that last for one session.

use std::time::Duration;

use super::level::Level;
use super::severity::SeverityOutput;

/// The caller of commands. Commands about the session itself (`prompt`, `operator`, `set timeout cli`) change it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What it may run. Commands lower it, none raises it.
    pub level: Level,
    /// What stands in front of messages.
    pub severity_output: SeverityOutput,
    /// Whether it is asked for the next command with a prompt, and the connection stays open.
    pub interactive: bool,
    /// `expert-mode on` was sent.
    pub expert: bool,
    /// `experimental-mode on` was sent.
    pub experimental: bool,
    /// How long it may be silent.
    pub timeout: Duration,
    /// `quit` was sent.
    pub quit: bool,
}

impl Caller {
    /// `stats timeout` where the configuration says nothing.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A caller of this level, with everything else as a new connection has it.
    pub fn new(level: Level) -> Self {
        Self {
            level,
            severity_output: SeverityOutput::None,
            interactive: false,
            expert: false,
            experimental: false,
            timeout: Self::DEFAULT_TIMEOUT,
            quit: false,
        }
    }
}
