//! What workers and runtime commands see of a `resolvers` section: counters, and a way to ask.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use super::name::HostName;
use crate::config::model::{AddressFamily, ResolversConfig};
use crate::server::Server;

/// A `resolvers` section of a running instance.
#[derive(Debug)]
pub struct Resolvers {
    /// Its name.
    pub name: Arc<str>,
    /// The section.
    pub config: ResolversConfig,
    /// Who is asked, in order.
    pub nameservers: Vec<Nameserver>,
    asks: UnboundedSender<Ask>,
    asked: Mutex<Option<UnboundedReceiver<Ask>>>,
}

/// A nameserver and what it was seen to do.
#[derive(Debug)]
pub struct Nameserver {
    /// Its name.
    pub name: Arc<str>,
    /// What was counted.
    pub counters: NameserverCounters,
}

/// Something for the control thread to do.
#[derive(Debug)]
pub(crate) enum Ask {
    /// A stream wants an address.
    Address { name: HostName, family: AddressFamily, answer: oneshot::Sender<Option<IpAddr>> },
    /// A server with this name may have moved: its time has come.
    Hurry { name: HostName, family: AddressFamily },
    /// A server of this backend got another name.
    Renamed { backend: usize, server: Arc<Server> },
}

impl Resolvers {
    /// Of a section of the configuration.
    pub fn new(config: &ResolversConfig) -> Self {
        let (asks, asked) = unbounded_channel();
        let nameserver = |name: &str| Nameserver { name: name.into(), counters: NameserverCounters::default() };
        Self {
            name: config.name.as_str().into(),
            nameservers: config.nameservers.iter().map(|line| nameserver(&line.name)).collect(),
            config: config.clone(),
            asks,
            asked: Mutex::new(Some(asked)),
        }
    }

    /// Asks for an address of a name. The answer comes when it is known, or not at all.
    pub(crate) fn ask(&self, name: HostName, family: AddressFamily) -> oneshot::Receiver<Option<IpAddr>> {
        let (answer, answered) = oneshot::channel();
        // Where nobody listens any more, the instance ends.
        let _ = self.asks.send(Ask::Address { name, family, answer });
        answered
    }

    /// Has a name of a server resolved now.
    pub(crate) fn hurry(&self, name: HostName, family: AddressFamily) {
        let _ = self.asks.send(Ask::Hurry { name, family });
    }

    /// Tells that a server has another name.
    pub(crate) fn renamed(&self, backend: usize, server: Arc<Server>) {
        let _ = self.asks.send(Ask::Renamed { backend, server });
    }

    /// What was asked, for the one who answers.
    pub(super) fn take_asked(&self) -> Option<UnboundedReceiver<Ask>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// `clear counters all`.
    pub(crate) fn clear_counters(&self) {
        for nameserver in &self.nameservers {
            nameserver.counters.all().iter().for_each(|(_, counter)| counter.clear());
        }
    }
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// The number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// What a nameserver was seen to do (management.txt, `show resolvers`).
#[derive(Debug, Default)]
pub struct NameserverCounters {
    /// Questions sent.
    pub sent: Count,
    /// Questions that could not be sent.
    pub snd_error: Count,
    /// Good answers.
    pub valid: Count,
    /// Good answers that changed a server's address.
    pub update: Count,
    /// Always 0, as in HAProxy 2.6.
    pub cname: Count,
    /// Answers whose aliases lead nowhere.
    pub cname_error: Count,
    /// Answers without a record.
    pub any_err: Count,
    /// Answers that there is no such name.
    pub nx: Count,
    /// Always 0, as in HAProxy 2.6.
    pub timeout: Count,
    /// Questions it refused.
    pub refused: Count,
    /// Answers with another error.
    pub other: Count,
    /// Answers that are broken, or not about the question.
    pub invalid: Count,
    /// Answers beyond `accepted_payload_size`.
    pub too_big: Count,
    /// Answers that lack records.
    pub truncated: Count,
    /// Answers that came too late.
    pub outdated: Count,
}

impl NameserverCounters {
    /// All of them in order, with the names of `show resolvers`.
    pub fn all(&self) -> [(&'static str, &Count); 15] {
        [
            ("sent", &self.sent),
            ("snd_error", &self.snd_error),
            ("valid", &self.valid),
            ("update", &self.update),
            ("cname", &self.cname),
            ("cname_error", &self.cname_error),
            ("any_err", &self.any_err),
            ("nx", &self.nx),
            ("timeout", &self.timeout),
            ("refused", &self.refused),
            ("other", &self.other),
            ("invalid", &self.invalid),
            ("too_big", &self.too_big),
            ("truncated", &self.truncated),
            ("outdated", &self.outdated),
        ]
    }
}
