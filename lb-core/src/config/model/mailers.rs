//! `mailers` sections and `email-alert` (configuration.txt, section 3.6).

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::document::Place;

/// A `mailers` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailersConfig {
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// `timeout mail`: how long a mail may take, from the connection to its end.
    pub timeout: Duration,
    /// Who gets each mail, in order.
    pub mailers: Vec<MailerConfig>,
}

impl MailersConfig {
    /// What a mail may take where `timeout mail` is not said.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

    /// A section without mailers.
    pub fn new(name: String) -> Self {
        Self { name, place: Place::default(), timeout: Self::DEFAULT_TIMEOUT, mailers: Vec::new() }
    }
}

/// A `mailer` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailerConfig {
    /// Its name.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
}

/// The `email-alert` lines of a proxy: which changes of its servers are mailed, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailAlert {
    /// `mailers`: the name of the section.
    pub mailers: Option<String>,
    /// Its number among [`super::Config::mailers`]; none where the lines are incomplete, which mails nothing.
    pub section: Option<usize>,
    /// `from`: the sender.
    pub from: Option<String>,
    /// `to`: the recipient.
    pub to: Option<String>,
    /// `myhostname`: how mailers are greeted; the system's host name where it is not said.
    pub myhostname: Option<String>,
    /// `level`: the least severe changes that are mailed, 0 (emerg) to 7 (debug).
    pub level: Option<u8>,
}

impl EmailAlert {
    /// `level` where it is not said: alert.
    pub const DEFAULT_LEVEL: u8 = 1;
}
