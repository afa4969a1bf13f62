//! One name: which question is next, when, and what its answers come to. It is told the time and opens no socket.
//!
//! ```text
//!           begin            all nameservers say no: the other family
//!   idle ──────────▶ asking ────────────────────────────────────────▶ asking
//!    ▲                 │  ▲ timeout retry, resolve_retries times         │
//!    │ timeout resolve │  └──────────────────────────────────────────────┤
//!    └── a good answer, or every attempt was in vain ◀───────────────────┘
//! ```

use std::net::IpAddr;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use twox_hash::XxHash32;

use super::message::{Fault, Kind, Record};
use super::name::HostName;
use crate::config::model::{HoldTimes, ResolversConfig};

/// What is known of a name after attempts in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    NoSuchName,
    Refused,
    Timeout,
    Other,
}

impl Status {
    fn of(fault: Fault) -> Self {
        match fault {
            Fault::NoSuchName => Self::NoSuchName,
            Fault::Refused => Self::Refused,
            Fault::Failed | Fault::Empty | Fault::Truncated | Fault::Alias | Fault::Invalid => Self::Other,
        }
    }

    /// As log lines say it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::NoSuchName => "DNS NX status",
            Self::Refused => "DNS refused status",
            Self::Timeout => "DNS timeout status",
            Self::Other => "unspecified DNS error",
        }
    }

    /// For how long the last good answer counts all the same.
    pub(super) fn hold(self, hold: &HoldTimes) -> Duration {
        match self {
            Self::NoSuchName => hold.nx,
            Self::Refused => hold.refused,
            Self::Timeout => hold.timeout,
            Self::Other => hold.other,
        }
    }
}

/// What is to be done after something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing yet.
    #[default]
    Wait,
    /// Ask again, with the same number.
    Again,
    /// Ask for the other family.
    Other,
    /// Ask for the first family again.
    First,
    /// Every attempt was in vain.
    Failed(Status),
}

/// A name and what is known of it.
#[derive(Debug)]
pub(super) struct Resolution {
    pub(super) name: HostName,
    pub(super) kind: Kind,
    /// How many servers have this name.
    pub(super) servers: usize,
    /// Streams that wait for an address.
    pub(super) waiting: Vec<oneshot::Sender<Option<IpAddr>>>,
    /// When something is to be done without an answer.
    pub(super) due: Instant,
    records: Vec<Held>,
    last_valid: Option<Instant>,
    asking: Option<Asking>,
}

#[derive(Debug)]
struct Held {
    record: Record,
    seen: Instant,
}

/// A question that is open.
#[derive(Debug)]
struct Asking {
    id: u16,
    kind: Kind,
    /// How often it may be sent again.
    left: u32,
    /// Nameservers that have answered it, in vain.
    replies: usize,
    /// Both families were asked for: nothing more comes before the next attempt.
    spent: bool,
    last: Option<Status>,
}

impl Resolution {
    pub(super) fn new(name: HostName, kind: Kind, now: Instant) -> Self {
        Self {
            name,
            kind,
            servers: 0,
            waiting: Vec::new(),
            due: now,
            records: Vec::new(),
            last_valid: None,
            asking: None,
        }
    }

    /// Number and kind of the open question.
    pub(super) fn question(&self) -> Option<(u16, Kind)> {
        self.asking.as_ref().map(|asking| (asking.id, asking.kind))
    }

    /// Whether a good answer came within this time.
    pub(super) fn is_fresh(&self, within: Duration, now: Instant) -> bool {
        self.last_valid.is_some_and(|valid| now.saturating_duration_since(valid) < within)
    }

    /// The records in the order in which servers take them.
    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().map(|held| &held.record)
    }

    /// The addresses among them.
    pub(super) fn addresses(&self) -> Vec<IpAddr> {
        self.records()
            .filter_map(|record| match record {
                Record::Address(ip) => Some(*ip),
                Record::Service(_) => None,
            })
            .collect()
    }

    /// Forgets all records.
    pub(super) fn clear(&mut self) {
        self.records.clear();
    }

    /// Tells the streams that wait; who left is not told.
    pub(super) fn tell(&mut self, address: Option<IpAddr>) {
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(address);
        }
    }

    /// Opens a question.
    pub(super) fn begin(&mut self, id: u16, settings: &ResolversConfig, now: Instant) {
        let left = settings.resolve_retries.saturating_sub(1);
        self.asking = Some(Asking { id, kind: self.kind, left, replies: 0, spent: false, last: None });
        self.due = now + settings.timeout_retry;
    }

    /// The question is sent again under another number.
    pub(super) fn renumber(&mut self, id: u16) {
        if let Some(asking) = &mut self.asking {
            asking.id = id;
        }
    }

    /// One of so many nameservers answered in vain.
    pub(super) fn refuse(
        &mut self,
        fault: Fault,
        nameservers: usize,
        settings: &ResolversConfig,
        now: Instant,
    ) -> Step {
        let Some(asking) = &mut self.asking else { return Step::Wait };
        asking.last = Some(Status::of(fault));
        asking.replies += 1;
        if asking.replies < nameservers || asking.spent {
            return Step::Wait;
        }
        match self.kind.other() {
            Some(other) if asking.kind == self.kind => {
                (asking.kind, asking.replies) = (other, 0);
                self.due = now + settings.timeout_retry;
                Step::Other
            }
            _ if asking.left == 0 => self.fail(settings, now),
            _ => {
                asking.spent = true;
                Step::Wait
            }
        }
    }

    /// The time of an attempt is over.
    pub(super) fn expire(&mut self, settings: &ResolversConfig, now: Instant) -> Step {
        let Some(asking) = &mut self.asking else { return Step::Wait };
        if asking.left == 0 {
            return self.fail(settings, now);
        }
        asking.left -= 1;
        self.due = now + settings.timeout_retry;
        let partly = asking.replies > 0 && !asking.spent;
        asking.replies = 0;
        match self.kind.other() {
            // Who answered has said no, who did not is not waited for.
            Some(other) if partly && asking.kind == self.kind => {
                asking.kind = other;
                Step::Other
            }
            Some(_) if asking.kind != self.kind => {
                (asking.kind, asking.spent) = (self.kind, false);
                Step::First
            }
            _ => {
                asking.spent = false;
                Step::Again
            }
        }
    }

    fn fail(&mut self, settings: &ResolversConfig, now: Instant) -> Step {
        let last = self.asking.take().and_then(|asking| asking.last);
        self.due = now + settings.timeout_resolve;
        Step::Failed(last.unwrap_or(Status::Timeout))
    }

    /// A good answer: its records are added, and those that have not been seen for too long are forgotten.
    pub(super) fn accept(&mut self, records: Vec<Record>, settings: &ResolversConfig, now: Instant) {
        self.asking = None;
        self.last_valid = Some(now);
        self.due = now + settings.timeout_resolve;
        for record in records {
            match self.records.iter_mut().find(|held| is_same(&held.record, &record)) {
                Some(held) => *held = Held { record, seen: now },
                None => self.records.push(Held { record, seen: now }),
            }
        }
        let obsolete = settings.hold.obsolete;
        self.records.retain(|held| held.seen == now || now.saturating_duration_since(held.seen) < obsolete);
        // As HAProxy: the same addresses come in the same order, whatever the order of the answer.
        self.records.sort_by_key(|held| match &held.record {
            Record::Address(IpAddr::V4(ip)) => XxHash32::oneshot(1, &ip.octets()),
            Record::Address(IpAddr::V6(ip)) => XxHash32::oneshot(1, &ip.octets()),
            Record::Service(_) => 0,
        });
    }
}

/// Whether a record replaces another one: weight and address of a server may change.
fn is_same(one: &Record, other: &Record) -> bool {
    match (one, other) {
        (Record::Address(one), Record::Address(other)) => one == other,
        (Record::Service(one), Record::Service(other)) => (&one.target, one.port) == (&other.target, other.port),
        _ => false,
    }
}

#[cfg(test)]
#[path = "resolution_tests.rs"]
mod tests;
