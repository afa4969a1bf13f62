//! Which changes are mailed, and the queues of mails between those who make changes and the control thread.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Zoned;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::message::{Letterhead, Mail, one_line};
use crate::config::{Config, EmailAlert, ProxyConfig};
use crate::server::ServerEvent;
use crate::server::event::EventKind;

/// How many mails of a proxy wait for one mailer, besides the one that is on its way.
const QUEUE: usize = 1024;

/// Levels of the changes that are mailed (configuration.txt, `email-alert level`).
const NOTICE: u8 = 5;
const INFO: u8 = 6;

/// The mails of an instance: who gets which.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    proxies: Vec<Outbox>,
}

/// A proxy with `email-alert`.
#[derive(Debug)]
struct Outbox {
    proxy: Arc<str>,
    level: u8,
    letterhead: Arc<Letterhead>,
    mailers: Vec<Queue>,
}

/// The way to one mailer.
#[derive(Debug)]
struct Queue {
    name: Arc<str>,
    sender: Sender<Arc<Mail>>,
    lost: Arc<AtomicU64>,
}

/// What is to be delivered to one mailer of one proxy, in order.
#[derive(Debug)]
pub(crate) struct Delivery {
    /// The proxy, for messages.
    pub(super) proxy: Arc<str>,
    /// The mailer, as `section/name`.
    pub(super) mailer: Arc<str>,
    pub(super) address: SocketAddr,
    /// For one mail.
    pub(super) timeout: Duration,
    pub(super) letterhead: Arc<Letterhead>,
    pub(super) mails: Receiver<Arc<Mail>>,
    /// Mails for which there was no room.
    pub(super) lost: Arc<AtomicU64>,
}

impl Alerts {
    /// The queues that a configuration asks for, and their other ends.
    pub(crate) fn new(config: &Config) -> (Self, Vec<Delivery>) {
        let (mut alerts, mut deliveries) = (Self::default(), Vec::new());
        for proxy in config.proxies.iter().filter(|proxy| proxy.kind.is_backend() && !proxy.disabled) {
            alerts.add(proxy, config, &mut deliveries);
        }
        (alerts, deliveries)
    }

    fn add(&mut self, section: &ProxyConfig, config: &Config, deliveries: &mut Vec<Delivery>) {
        let EmailAlert { section: number, from, to, myhostname, level, .. } = &section.email_alert;
        let mailers = number.and_then(|number| config.mailers.get(number));
        let (Some(mailers), Some(from), Some(to)) = (mailers, from, to) else { return };
        let hostname = match myhostname {
            Some(name) => one_line(name),
            None => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        };
        let letterhead = Arc::new(Letterhead { hostname, from: one_line(from), to: one_line(to) });
        let proxy: Arc<str> = section.name.as_str().into();
        let mut queues = Vec::new();
        for mailer in &mailers.mailers {
            let name: Arc<str> = format!("{}/{}", mailers.name, mailer.name).into();
            let (sender, mails) = channel(QUEUE);
            let lost = Arc::<AtomicU64>::default();
            queues.push(Queue { name: Arc::clone(&name), sender, lost: Arc::clone(&lost) });
            deliveries.push(Delivery {
                proxy: Arc::clone(&proxy),
                mailer: name,
                address: mailer.address,
                timeout: mailers.timeout,
                letterhead: Arc::clone(&letterhead),
                mails,
                lost,
            });
        }
        let level = level.unwrap_or(EmailAlert::DEFAULT_LEVEL);
        self.proxies.push(Outbox { proxy, level, letterhead, mailers: queues });
    }

    /// Queues a mail about a change for every mailer of its proxy, if it is worth one. `warn` is told of a mailer whose
    /// queue begins to lose mails.
    pub(crate) fn offer(&self, event: &ServerEvent, mut warn: impl FnMut(&str)) {
        let Some(outbox) = self.proxies.iter().find(|outbox| outbox.proxy == event.backend) else { return };
        if level(event).is_none_or(|level| level > outbox.level) || outbox.mailers.is_empty() {
            return;
        }
        let mail = Arc::new(Mail::new(&outbox.letterhead, &event.log_line(), &Zoned::now()));
        for queue in &outbox.mailers {
            if queue.sender.try_send(Arc::clone(&mail)).is_err() && queue.lost.fetch_add(1, Ordering::Relaxed) == 0 {
                let (proxy, name) = (&outbox.proxy, &queue.name);
                warn(&format!("Email alert [{proxy}] lost: {QUEUE} wait for mailer {name} already."));
            }
        }
    }
}

/// How severe a change is, where it is one that is mailed at all: HAProxy mails nothing of maintenance, of the end of
/// drain state and of servers that are about to stop.
fn level(event: &ServerEvent) -> Option<u8> {
    match event.kind {
        EventKind::Down { .. } => Some(event.level()),
        EventKind::Up { .. } | EventKind::EntersDrain { .. } => Some(NOTICE),
        EventKind::Check { .. } => Some(INFO),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::LoadOptions;
    use crate::server::event::{Cause, Counts};

    fn alerts(lines: &str) -> (Alerts, Vec<Delivery>) {
        let text = format!(
            "mailers m\n mailer a 127.0.0.1:25\n mailer b 127.0.0.1:26\nbackend b\n mode tcp\n email-alert mailers m\n \
             email-alert from f@x\n email-alert to t@y\n{lines}"
        );
        Alerts::new(&Config::parse_with(&text, "F", &LoadOptions::default()).unwrap().config)
    }

    fn event(backend: &str, kind: EventKind) -> ServerEvent {
        let (backend, server) = (backend.into(), "s".into());
        ServerEvent { backend, backend_only: true, server, backup: false, at_start: false, kind }
    }

    fn down(served: bool) -> EventKind {
        EventKind::Down { cause: Cause::Command, counts: Counts::default(), served }
    }

    fn mailed(alerts: &Alerts, deliveries: &mut [Delivery], event: &ServerEvent) -> Vec<bool> {
        alerts.offer(event, |_| {});
        deliveries.iter_mut().map(|delivery| delivery.mails.try_recv().is_ok()).collect()
    }

    #[test]
    fn levels() {
        let up = || EventKind::Up { cause: Cause::Command, counts: Counts::default() };
        let drain = EventKind::EntersDrain { counts: Counts::default(), up: true, via: None };
        let stopping = EventKind::Stopping { cause: Cause::Command, counts: Counts::default() };
        let (alerts_1, mut deliveries) = alerts("");
        for (kind, is) in [(down(true), true), (down(false), false), (up(), false), (EventKind::NoServerLeft, false)] {
            assert_eq!(mailed(&alerts_1, &mut deliveries, &event("b", kind)), [is, is]);
        }
        assert_eq!(mailed(&alerts_1, &mut deliveries, &event("c", down(true))), [false, false]);
        let (alerts_5, mut deliveries) = alerts(" email-alert level notice\n");
        for (kind, is) in [(down(false), true), (up(), true), (drain, true), (stopping, false)] {
            assert_eq!(mailed(&alerts_5, &mut deliveries, &event("b", kind)), [is, is]);
        }
        let (alerts_0, mut deliveries) = alerts(" email-alert level emerg\n");
        assert_eq!(mailed(&alerts_0, &mut deliveries, &event("b", down(true))), [false, false]);
    }

    #[test]
    fn a_full_queue_loses_and_counts() {
        let (alerts, deliveries) = alerts("");
        let mut warnings = Vec::new();
        for _ in 0..QUEUE + 3 {
            alerts.offer(&event("b", down(true)), |text| warnings.push(text.to_owned()));
        }
        assert_eq!(warnings.len(), 2);
        assert_eq!(warnings[0], "Email alert [b] lost: 1024 wait for mailer m/a already.");
        assert!(deliveries.iter().all(|delivery| delivery.lost.load(Ordering::Relaxed) == 3));
    }
}
