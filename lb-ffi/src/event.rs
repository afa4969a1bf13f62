//! What happens in an instance: state changes of servers, start and end.

use std::ffi::{CString, c_char};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lb_core::config::{Diagnostic, Severity, render};
use lb_core::log::Notice;
use lb_core::server::ServerEvent;
use lb_core::server::event::{Counts, EventKind};

use crate::pointer::c_string;
use crate::proxy::lb_proxy;

/// The instance serves. The first event but for warnings.
pub const LB_EVENT_STARTED: u32 = 1;
/// A function was called that ends the instance.
pub const LB_EVENT_STOPPING: u32 = 2;
/// Every thread of the instance has ended, its ports are free. The last event.
pub const LB_EVENT_STOPPED: u32 = 3;
/// The configuration is accepted with a warning.
pub const LB_EVENT_WARNING: u32 = 4;
/// Something else that a log gets: a proxy stopped, a log target failed.
pub const LB_EVENT_NOTICE: u32 = 5;
/// A check moved the health of a server (with option log-health-checks).
pub const LB_EVENT_SERVER_CHECK: u32 = 10;
/// A server went down.
pub const LB_EVENT_SERVER_DOWN: u32 = 11;
/// A server came up.
pub const LB_EVENT_SERVER_UP: u32 = 12;
/// A server was put into maintenance.
pub const LB_EVENT_SERVER_MAINTENANCE: u32 = 13;
/// A server left maintenance.
pub const LB_EVENT_SERVER_READY: u32 = 14;
/// A server was put into drain state: it gets no new sessions.
pub const LB_EVENT_SERVER_DRAIN: u32 = 15;
/// A server left drain state.
pub const LB_EVENT_SERVER_UNDRAIN: u32 = 16;
/// The last usable server of a backend is gone.
pub const LB_EVENT_NO_SERVER: u32 = 17;
/// A server is about to stop, as a command said: it gets no new sessions.
pub const LB_EVENT_SERVER_STOPPING: u32 = 18;
/// A server was added.
pub const LB_EVENT_SERVER_ADDED: u32 = 19;
/// A server was taken out of its backend.
pub const LB_EVENT_SERVER_REMOVED: u32 = 20;
/// Something else about a server in drain state changed.
pub const LB_EVENT_SERVER_DRAINING: u32 = 21;
/// The name of a server, or the address of its name, changed.
pub const LB_EVENT_SERVER_ADDRESS: u32 = 22;
/// One reason for the maintenance of a server is gone, but it stays: an operator, or the server it tracks, keeps it there.
pub const LB_EVENT_SERVER_IN_MAINTENANCE: u32 = 23;

/// The weight of a server, or what of it is in use, changed: see weight and effective_weight.
pub const LB_EVENT_SERVER_WEIGHT: u32 = 24;

/// Something that happened. It is valid during the callback; what you keep you copy.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_event {
    /// Size of the structure that the library filled. Where the library is newer than your header it is larger than
    /// yours; a field beyond it is not there.
    pub struct_size: usize,
    /// The instance.
    pub proxy: *const lb_proxy,
    /// LB_EVENT_STARTED or another one. New ones may come: ignore what you do not know.
    pub kind: u32,
    /// As of syslog, from 0 for emergencies to 7 for details.
    pub severity: u32,
    /// When it happened, in microseconds since 1970.
    pub time_us: u64,
    /// The line as HAProxy writes it into its logs. Never null.
    pub text: *const c_char,
    /// The backend; null for events about no server.
    pub backend: *const c_char,
    /// The server; null for events about no server.
    pub server: *const c_char,
    /// Usable active servers of the backend after a change; 0 where the text has no numbers.
    pub active_servers: u32,
    /// Usable backup servers of the backend.
    pub backup_servers: u32,
    /// Sessions on the server.
    pub sessions: u32,
    /// Streams left in the queue.
    pub queued: u32,
    /// Events and log records that were lost before this one, as callbacks took too long.
    pub lost: u64,
    /// The weight that was configured or set; of LB_EVENT_SERVER_WEIGHT only.
    pub weight: u32,
    /// What of it is in use: less while the server comes back slowly (slowstart). Of LB_EVENT_SERVER_WEIGHT only.
    pub effective_weight: u32,
}

/// An event on its way to the callback.
#[derive(Debug)]
pub(crate) struct Event {
    kind: u32,
    severity: u32,
    time: Duration,
    text: CString,
    backend: Option<CString>,
    server: Option<CString>,
    counts: Counts,
    /// The weight, and what of it is in use.
    weights: (u32, u32),
}

impl Event {
    fn new(kind: u32, severity: u32, text: &str) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            kind,
            severity,
            time,
            text: c_string(text),
            backend: None,
            server: None,
            counts: Counts::default(),
            weights: (0, 0),
        }
    }

    pub(crate) fn started() -> Self {
        Self::new(LB_EVENT_STARTED, 5, "started")
    }

    pub(crate) fn stopping() -> Self {
        Self::new(LB_EVENT_STOPPING, 5, "stopping")
    }

    pub(crate) fn stopped() -> Self {
        Self::new(LB_EVENT_STOPPED, 5, "stopped")
    }

    /// A warning; `None` for messages that are less than that.
    pub(crate) fn warning(diagnostic: &Diagnostic) -> Option<Self> {
        (diagnostic.severity == Severity::Warning).then(|| Self::new(LB_EVENT_WARNING, 4, &render::message(diagnostic)))
    }

    pub(crate) fn notice(notice: &Notice) -> Self {
        Self::new(LB_EVENT_NOTICE, u32::from(notice.level().number()), &notice.to_string())
    }

    pub(crate) fn of_server(event: &ServerEvent) -> Self {
        let (kind, counts) = match &event.kind {
            EventKind::Check { .. } => (LB_EVENT_SERVER_CHECK, None),
            EventKind::Down { counts, .. } => (LB_EVENT_SERVER_DOWN, Some(counts)),
            EventKind::Up { counts, .. } => (LB_EVENT_SERVER_UP, Some(counts)),
            EventKind::EntersMaintenance { counts, .. } => (LB_EVENT_SERVER_MAINTENANCE, counts.as_ref()),
            EventKind::LeavesMaintenance { .. } => (LB_EVENT_SERVER_READY, None),
            EventKind::EntersDrain { counts, .. } => (LB_EVENT_SERVER_DRAIN, Some(counts)),
            EventKind::LeavesDrain { .. } => (LB_EVENT_SERVER_UNDRAIN, None),
            EventKind::NoServerLeft => (LB_EVENT_NO_SERVER, None),
            EventKind::Stopping { counts, .. } => (LB_EVENT_SERVER_STOPPING, Some(counts)),
            EventKind::Added => (LB_EVENT_SERVER_ADDED, None),
            EventKind::Removed => (LB_EVENT_SERVER_REMOVED, None),
            EventKind::WeightChanged { .. } => (LB_EVENT_SERVER_WEIGHT, None),
            EventKind::LosesAddress { counts, .. } => (LB_EVENT_SERVER_MAINTENANCE, counts.as_ref()),
            EventKind::Resolves { .. } => (LB_EVENT_SERVER_READY, None),
            EventKind::AddressChanged { .. }
            | EventKind::NameChanged { .. }
            | EventKind::ResolvesInMaintenance { .. }
            | EventKind::ReadyByAnswer => (LB_EVENT_SERVER_ADDRESS, None),
            EventKind::RemainsDraining | EventKind::KeptDraining(_) => (LB_EVENT_SERVER_DRAINING, None),
            EventKind::RemainsInMaintenance | EventKind::KeptInMaintenance(_) => (LB_EVENT_SERVER_IN_MAINTENANCE, None),
        };
        let weights = match event.kind {
            EventKind::WeightChanged { weight, effective } => (weight, effective),
            _ => (0, 0),
        };
        Self {
            weights,
            backend: Some(c_string(&event.backend)),
            server: Some(c_string(&event.server)),
            counts: counts.copied().unwrap_or_default(),
            ..Self::new(kind, u32::from(event.level()), &event.log_line())
        }
    }

    /// What the callback sees.
    pub(crate) fn view(&self, proxy: *const lb_proxy, lost: u64) -> lb_event {
        let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        lb_event {
            struct_size: size_of::<lb_event>(),
            proxy,
            kind: self.kind,
            severity: self.severity,
            time_us: u64::try_from(self.time.as_micros()).unwrap_or(u64::MAX),
            text: self.text.as_ptr(),
            backend: pointer(&self.backend),
            server: pointer(&self.server),
            active_servers: number(self.counts.active),
            backup_servers: number(self.counts.backup),
            sessions: self.counts.sessions,
            queued: self.counts.queued,
            lost,
            weight: self.weights.0,
            effective_weight: self.weights.1,
        }
    }
}
