//! Log targets: which lines go where, and the header each format puts before them (configuration.txt, `log`).

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::model::{LogSample, LogTarget, LogTargetFormat};

use super::destination::{Destination, LogDestinations};
use super::level::Level;

/// What the headers of a proxy's lines say.
#[derive(Clone, Debug, Default)]
pub struct LogSettings {
    /// `log-tag`; `haproxy` by default.
    pub tag: String,
    /// `log-send-hostname`: its argument, or the system's name where it had none.
    pub hostname: Option<String>,
}

/// The targets of one proxy, ready for use by any worker.
#[derive(Clone, Debug, Default)]
pub struct LogTargets {
    pub(super) targets: Vec<Target>,
}

/// One target.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) place: Arc<Destination>,
    pub(super) format: LogTargetFormat,
    pub(super) length: usize,
    pub(super) facility: u8,
    level: u8,
    minlevel: u8,
    pub(super) tag: Arc<str>,
    pub(super) hostname: Option<Arc<str>>,
    sample: Option<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    rule: LogSample,
    count: Arc<AtomicU64>,
}

impl LogTargets {
    /// Prepares the targets of a proxy. Their places are looked up in, and added to, those of the instance;
    /// `descriptor` finds what `fd@n` names.
    pub fn new(
        targets: &[LogTarget],
        settings: &LogSettings,
        places: &mut LogDestinations,
        descriptor: &dyn Fn(i32) -> Option<OwnedFd>,
    ) -> Self {
        let tag: Arc<str> = settings.tag.as_str().into();
        let hostname: Option<Arc<str>> = settings.hostname.as_deref().map(Into::into);
        let new = |target: &LogTarget| {
            let place = places.get(&target.destination, descriptor);
            Target::new(target, place, tag.clone(), hostname.clone())
        };
        Self { targets: targets.iter().map(new).collect() }
    }

    /// Whether nothing is logged.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether a target's header holds structured data.
    pub(super) fn has_structured_data(&self) -> bool {
        self.targets.iter().any(|target| target.format == LogTargetFormat::Rfc5424)
    }
}

impl Target {
    fn new(target: &LogTarget, place: Arc<Destination>, tag: Arc<str>, hostname: Option<Arc<str>>) -> Self {
        let default = if hostname.is_some() { LogTargetFormat::Rfc3164 } else { LogTargetFormat::Local };
        Self {
            place,
            format: target.format.unwrap_or(default),
            length: target.length as usize,
            facility: target.facility,
            level: target.level,
            minlevel: target.minlevel,
            tag,
            hostname,
            sample: target.sample.clone().map(|rule| Sample { rule, count: Arc::default() }),
        }
    }

    /// The level to announce for a line of this level, or `None` where the target does not want it.
    pub(super) fn admit(&self, level: Level) -> Option<u8> {
        if level.number() > self.level {
            return None;
        }
        if let Some(sample) = &self.sample {
            let place = sample.count.fetch_add(1, Ordering::Relaxed) % u64::from(sample.rule.size.max(1)) + 1;
            let inside = |&(low, high): &(u32, u32)| u64::from(low) <= place && place <= u64::from(high);
            if !sample.rule.ranges.iter().any(inside) {
                return None;
            }
        }
        Some(level.number().max(self.minlevel))
    }
}
