//! All names of a section, and who waits for them: bytes and the time in, questions and news out.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Instant;

use tokio::sync::oneshot;

use super::choice::{Choice, choose};
use super::message::{self, Fault, Kind};
use super::name::HostName;
use super::resolution::{Resolution, Status, Step};
use super::section::NameserverCounters;
use crate::config::model::{AddressFamily, ResolversConfig};

/// So many names that only streams ask for are remembered for `hold valid`: clients choose them.
const MOST_REMEMBERED: usize = 4096;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Ask every nameserver this.
    Ask(Vec<u8>),
    /// A name of servers has a good answer, of the nameserver of this number.
    Answered { resolution: usize, nameserver: usize },
    /// Every attempt for a name of servers was in vain, and the last good answer does not count any more.
    Lost { resolution: usize, status: Status },
}

/// The names of a section.
pub(super) struct Engine {
    settings: ResolversConfig,
    nameservers: usize,
    names: HashMap<(HostName, Kind), usize>,
    resolutions: Vec<Option<Resolution>>,
    free: Vec<usize>,
    by_id: HashMap<u16, usize>,
    timers: BTreeSet<(Instant, usize)>,
    /// Names that no server has.
    remembered: usize,
    random: fn() -> u16,
}

impl Engine {
    pub(super) fn new(settings: &ResolversConfig, random: fn() -> u16) -> Self {
        Self {
            nameservers: settings.nameservers.len(),
            settings: settings.clone(),
            names: HashMap::new(),
            resolutions: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            timers: BTreeSet::new(),
            remembered: 0,
            random,
        }
    }

    /// When [`Engine::advance`] has something to do.
    pub(super) fn next(&self) -> Option<Instant> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// What is known of a name.
    pub(super) fn resolution(&self, index: usize) -> Option<&Resolution> {
        self.resolutions.get(index)?.as_ref()
    }

    /// Forgets what is known of a name.
    pub(super) fn clear(&mut self, index: usize) {
        if let Some(Some(resolution)) = self.resolutions.get_mut(index) {
            resolution.clear();
        }
    }

    /// A server has this name from now on.
    pub(super) fn hold(&mut self, name: HostName, kind: Kind, now: Instant) -> usize {
        let index = self.entry(name, kind, now);
        if let Some(Some(resolution)) = self.resolutions.get_mut(index) {
            if resolution.servers == 0 {
                self.remembered = self.remembered.saturating_sub(1);
            }
            resolution.servers += 1;
            if resolution.question().is_none() {
                // What streams learned is not what the server does with it.
                self.set_due(index, now);
            }
        }
        index
    }

    /// A name of servers is asked for now, rather than when its time comes.
    pub(super) fn hurry(&mut self, name: HostName, family: AddressFamily, now: Instant) {
        let Some(index) = self.names.get(&(name, Kind::Address(family))).copied() else { return };
        if self.resolution(index).is_some_and(|resolution| resolution.servers > 0 && resolution.question().is_none()) {
            self.set_due(index, now);
        }
    }

    /// A server does not have this name any more.
    pub(super) fn release(&mut self, index: usize) {
        let Some(Some(resolution)) = self.resolutions.get_mut(index) else { return };
        resolution.servers = resolution.servers.saturating_sub(1);
        if resolution.servers > 0 {
            return;
        }
        self.remembered += 1;
        if resolution.waiting.is_empty() {
            self.forget(index);
        }
    }

    /// A stream wants an address. It is told at once where the last answer still counts, and with the answer otherwise.
    pub(super) fn ask(
        &mut self,
        name: HostName,
        family: AddressFamily,
        answer: oneshot::Sender<Option<IpAddr>>,
        now: Instant,
    ) {
        let kind = Kind::Address(family);
        if self.nameservers == 0 || (self.remembered >= MOST_REMEMBERED && !self.make_room()) {
            let _ = answer.send(None);
            return;
        }
        let index = self.entry(name, kind, now);
        let valid = self.settings.hold.valid;
        let Some(Some(resolution)) = self.resolutions.get_mut(index) else { return };
        if resolution.question().is_none() && resolution.is_fresh(valid, now) {
            let _ = answer.send(address_of(resolution, family));
            return;
        }
        resolution.waiting.push(answer);
        if resolution.question().is_none() {
            self.set_due(index, now);
        }
    }

    fn entry(&mut self, name: HostName, kind: Kind, now: Instant) -> usize {
        if let Some(index) = self.names.get(&(name.clone(), kind)) {
            return *index;
        }
        let resolution = Resolution::new(name.clone(), kind, now);
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.resolutions.push(None);
                self.resolutions.len() - 1
            }
        };
        if let Some(place) = self.resolutions.get_mut(index) {
            *place = Some(resolution);
        }
        self.names.insert((name, kind), index);
        self.timers.insert((now, index));
        self.remembered += 1;
        index
    }

    /// Forgets one name that nobody waits for.
    fn make_room(&mut self) -> bool {
        let idle = |resolution: &Resolution| resolution.servers == 0 && resolution.waiting.is_empty();
        let found = self.timers.iter().map(|(_, index)| *index);
        let found = found.into_iter().find(|index| self.resolution(*index).is_some_and(idle));
        if let Some(index) = found {
            self.forget(index);
        }
        found.is_some()
    }

    fn forget(&mut self, index: usize) {
        let Some(resolution) = self.resolutions.get_mut(index).and_then(Option::take) else { return };
        self.timers.remove(&(resolution.due, index));
        if let Some((id, _)) = resolution.question() {
            self.by_id.remove(&id);
        }
        self.names.remove(&(resolution.name, resolution.kind));
        self.free.push(index);
        self.remembered = self.remembered.saturating_sub(1);
    }

    fn set_due(&mut self, index: usize, due: Instant) {
        if let Some(Some(resolution)) = self.resolutions.get_mut(index) {
            self.timers.remove(&(resolution.due, index));
            resolution.due = due;
            self.timers.insert((due, index));
        }
    }

    /// A number that no open question has.
    fn fresh_id(&self) -> Option<u16> {
        // Where most are taken, nothing more is asked.
        if self.by_id.len() > usize::from(u16::MAX / 2) {
            return None;
        }
        std::iter::repeat_with(self.random).find(|id| !self.by_id.contains_key(id))
    }

    /// Does what is due.
    pub(super) fn advance(&mut self, now: Instant, out: &mut Vec<Output>) {
        while let Some((due, index)) = self.timers.first().copied().filter(|(due, _)| *due <= now) {
            let valid = self.settings.hold.valid;
            let Some(Some(resolution)) = self.resolutions.get_mut(index) else {
                self.timers.remove(&(due, index));
                continue;
            };
            let wanted = resolution.servers > 0 || !resolution.waiting.is_empty();
            if !wanted {
                // Its answer is too old, or nobody wants it any more.
                self.forget(index);
                continue;
            }
            if resolution.question().is_some() {
                let step = self.change(index, |resolution, settings| resolution.expire(settings, now));
                self.act(index, step, now, out);
                continue;
            }
            if resolution.servers == 0 && resolution.is_fresh(valid, now) {
                let family = family_of(resolution.kind);
                let address = address_of(resolution, family);
                resolution.tell(address);
                self.set_due(index, now + valid);
                continue;
            }
            match self.fresh_id() {
                Some(id) => {
                    self.by_id.insert(id, index);
                    self.change(index, |resolution, settings| resolution.begin(id, settings, now));
                    self.send(index, out);
                }
                None => self.set_due(index, now + self.settings.timeout_retry),
            }
        }
    }

    /// Changes a name, and its timer with it.
    fn change<T: Default>(&mut self, index: usize, change: impl FnOnce(&mut Resolution, &ResolversConfig) -> T) -> T {
        let Some(Some(resolution)) = self.resolutions.get_mut(index) else { return T::default() };
        self.timers.remove(&(resolution.due, index));
        let result = change(resolution, &self.settings);
        self.timers.insert((resolution.due, index));
        result
    }

    fn send(&mut self, index: usize, out: &mut Vec<Output>) {
        let Some(resolution) = self.resolution(index) else { return };
        let Some((id, kind)) = resolution.question() else { return };
        let payload = self.settings.accepted_payload_size;
        out.extend(message::question(id, &resolution.name, kind, payload).map(Output::Ask));
    }

    fn act(&mut self, index: usize, step: Step, now: Instant, out: &mut Vec<Output>) {
        match step {
            Step::Wait => {}
            Step::Again => self.send(index, out),
            Step::Other | Step::First => {
                // What is still on its way is the answer to another question.
                self.close(index);
                if let Some(id) = self.fresh_id() {
                    self.by_id.insert(id, index);
                    self.change(index, |resolution, _| resolution.renumber(id));
                    self.send(index, out);
                }
            }
            Step::Failed(status) => self.fail(index, status, now, out),
        }
    }

    /// The open question has its number no more.
    fn close(&mut self, index: usize) {
        if let Some((id, _)) = self.resolution(index).and_then(Resolution::question) {
            self.by_id.remove(&id);
        }
    }

    fn fail(&mut self, index: usize, status: Status, now: Instant, out: &mut Vec<Output>) {
        self.by_id.retain(|_, other| *other != index);
        let hold = status.hold(&self.settings.hold);
        let Some(Some(resolution)) = self.resolutions.get_mut(index) else { return };
        resolution.tell(None);
        if resolution.servers == 0 {
            self.forget(index);
        } else if !resolution.is_fresh(hold, now) {
            out.push(Output::Lost { resolution: index, status });
        }
    }

    /// A nameserver sent this.
    pub(super) fn receive(
        &mut self,
        nameserver: usize,
        bytes: &[u8],
        counters: &NameserverCounters,
        now: Instant,
        out: &mut Vec<Output>,
    ) {
        let Some(id) = message::id_of(bytes) else { return counters.invalid.count() };
        let Some(index) = self.by_id.get(&id).copied() else { return counters.outdated.count() };
        let Some((name, kind)) = self.resolution(index).and_then(|resolution| {
            let (_, kind) = resolution.question()?;
            Some((resolution.name.clone(), kind))
        }) else {
            return counters.outdated.count();
        };
        let records = match message::read(bytes, &name, kind) {
            Ok(records) => records,
            Err(fault) => {
                count_fault(counters, fault);
                let nameservers = self.nameservers;
                let step =
                    self.change(index, |resolution, settings| resolution.refuse(fault, nameservers, settings, now));
                return self.act(index, step, now, out);
            }
        };
        counters.valid.count();
        self.by_id.remove(&id);
        self.change(index, |resolution, settings| resolution.accept(records, settings, now));
        let valid = self.settings.hold.valid;
        let Some(Some(resolution)) = self.resolutions.get_mut(index) else { return };
        if let Kind::Address(family) = resolution.kind {
            let address = address_of(resolution, family);
            resolution.tell(address);
        }
        if resolution.servers > 0 {
            out.push(Output::Answered { resolution: index, nameserver });
        } else {
            self.set_due(index, now + valid);
        }
    }
}

fn family_of(kind: Kind) -> AddressFamily {
    match kind {
        Kind::Address(family) => family,
        Kind::Service => AddressFamily::default(),
    }
}

/// The address that a stream gets.
fn address_of(resolution: &Resolution, family: AddressFamily) -> Option<IpAddr> {
    choose(&resolution.addresses(), &Choice { prefer: family, nets: &[], current: None, allow_dup: true }, |_| false)
}

fn count_fault(counters: &NameserverCounters, fault: Fault) {
    let counter = match fault {
        Fault::NoSuchName => &counters.nx,
        Fault::Refused => &counters.refused,
        Fault::Failed => &counters.other,
        Fault::Empty => &counters.any_err,
        Fault::Truncated => &counters.truncated,
        Fault::Alias => &counters.cname_error,
        Fault::Invalid => &counters.invalid,
    };
    counter.count();
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
