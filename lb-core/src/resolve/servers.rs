//! What answers make of servers: addresses, ports, weights, and maintenance where there is none.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use super::choice::{Choice, choose};
use super::engine::Engine;
use super::message::{Kind, Record, Service};
use super::name::HostName;
use super::resolution::Status;
use super::section::Resolvers;
use crate::config::model::ServerConfig;
use crate::server::{Server, ServerEvent};
use crate::topology::{BackendEntry, Topology};

/// What is told where a service has no record for a server any more.
const REMOVED: &str = "entry removed from SRV record";
/// The same where a name has no address that no other server has. HAProxy ends it so.
const NO_ADDRESS: &str = "No IP for server ";
/// Who brings an address that came with the answer to another server.
const CACHE: &str = "DNS cache";

/// The servers whose names a section resolves.
pub(super) struct Members {
    list: Vec<Member>,
    /// Members by the name they have, in order of the configuration.
    named: HashMap<usize, Vec<usize>>,
    /// Services that members take their names from.
    services: HashMap<usize, Pool>,
}

struct Member {
    entry: Arc<BackendEntry>,
    server: Arc<Server>,
    /// Its name, in the engine.
    name: Option<usize>,
    /// The record of a service that it stands for.
    record: Option<(HostName, u16)>,
}

/// The servers of a service.
#[derive(Default)]
struct Pool {
    members: Vec<usize>,
    /// Those that stand for no record: who is free for longest comes first.
    free: VecDeque<usize>,
}

impl Members {
    /// Of a whole configuration: the servers that name the section of this number.
    pub(super) fn new(topology: &Topology, section: usize, engine: &mut Engine, now: Instant) -> Self {
        let mut members = Self { list: Vec::new(), named: HashMap::new(), services: HashMap::new() };
        for entry in &topology.backends {
            for server in entry.backend.servers().iter() {
                if server.config.resolve.section == Some(section) {
                    members.add(entry, server, engine, now);
                }
            }
        }
        members
    }

    fn add(&mut self, entry: &Arc<BackendEntry>, server: &Arc<Server>, engine: &mut Engine, now: Instant) {
        let index = self.list.len();
        let member = Member { entry: Arc::clone(entry), server: Arc::clone(server), name: None, record: None };
        self.list.push(member);
        if let Some(service) = &server.config.resolve.service {
            let Some(service) = HostName::new(service) else { return };
            let pool = self.services.entry(engine.hold(service, Kind::Service, now)).or_default();
            pool.members.push(index);
            pool.free.push_back(index);
        } else if let Some(name) = server.hostname() {
            self.name(index, HostName::new(&name), engine, now);
        }
    }

    /// Gives a member another name, or none.
    fn name(&mut self, index: usize, name: Option<HostName>, engine: &mut Engine, now: Instant) {
        let Some(member) = self.list.get_mut(index) else { return };
        let kind = Kind::Address(member.server.config.resolve.prefer);
        let new = name.map(|name| engine.hold(name, kind, now));
        let old = std::mem::replace(&mut member.name, new);
        if let Some(old) = old {
            if let Some(named) = self.named.get_mut(&old) {
                named.retain(|other| *other != index);
            }
            engine.release(old);
        }
        if let Some(new) = new {
            let named = self.named.entry(new).or_default();
            named.push(index);
            named.sort_unstable();
        }
    }

    /// A runtime command gave a server another name.
    pub(super) fn renamed(
        &mut self,
        entry: &Arc<BackendEntry>,
        server: &Arc<Server>,
        engine: &mut Engine,
        now: Instant,
    ) {
        let found = self.list.iter().position(|member| Arc::ptr_eq(&member.server, server));
        match (found, server.hostname()) {
            (Some(index), Some(name)) => self.name(index, HostName::new(&name), engine, now),
            (None, Some(_)) => self.add(entry, server, engine, now),
            (_, None) => {}
        }
    }

    /// A name has a good answer: the servers that have it may change.
    pub(super) fn answered(
        &mut self,
        resolution: usize,
        nameserver: usize,
        resolvers: &Resolvers,
        engine: &mut Engine,
        now: Instant,
    ) -> Vec<ServerEvent> {
        if self.services.contains_key(&resolution) {
            return self.serve(resolution, engine, now);
        }
        let addresses = engine.resolution(resolution).map(|resolution| resolution.addresses()).unwrap_or_default();
        let source = resolvers.nameservers.get(nameserver);
        let mut by = source.map(|source| format!("{}/{}", resolvers.name, source.name));
        let members = self.named.get(&resolution).map(Vec::as_slice).unwrap_or_default();
        let members: Vec<&Member> = members.iter().filter_map(|index| self.list.get(*index)).collect();
        // How many servers of each backend have an address.
        let mut holders: HashMap<(usize, IpAddr), usize> = HashMap::new();
        for member in &members {
            if let Some(ip) = member.server.endpoint().ip() {
                *holders.entry((member.entry.index, ip)).or_default() += 1;
            }
        }
        let mut events = Vec::new();
        for member in members.into_iter().filter(|member| !member.server.is_removed()) {
            let backend = member.entry.index;
            let current = member.server.endpoint().ip();
            let taken = |ip: IpAddr| {
                let others = holders.get(&(backend, ip)).copied().unwrap_or_default();
                others > usize::from(current == Some(ip))
            };
            let chosen = choose(&addresses, &wishes(&member.server.config, current), taken);
            if chosen != current {
                if let Some(count) = current.and_then(|ip| holders.get_mut(&(backend, ip))) {
                    *count = count.saturating_sub(1);
                }
                if let Some(ip) = chosen {
                    *holders.entry((backend, ip)).or_default() += 1;
                }
            }
            // Who is first is told where the address came from.
            let by = by.take();
            match chosen {
                Some(ip) if current != Some(ip) => {
                    if let Some(source) = source.filter(|_| by.is_some()) {
                        source.counters.update.count();
                    }
                    events.extend(member.entry.backend.move_server(&member.server, ip, by.as_deref().unwrap_or(CACHE)));
                    events.extend(member.entry.backend.find_server(&member.server, true));
                }
                Some(_) => events.extend(member.entry.backend.find_server(&member.server, true)),
                None => events.extend(member.entry.backend.lose_server(&member.server, NO_ADDRESS)),
            }
        }
        events
    }

    /// Every attempt for a name was in vain for too long: the servers that have it have no address.
    pub(super) fn lost(
        &mut self,
        resolution: usize,
        status: Status,
        engine: &mut Engine,
        now: Instant,
    ) -> Vec<ServerEvent> {
        engine.clear(resolution);
        if let Some(pool) = self.services.get(&resolution) {
            let members = pool.members.clone();
            return members.into_iter().flat_map(|index| self.free(resolution, index, engine, now)).collect();
        }
        let members = self.named.get(&resolution).cloned().unwrap_or_default();
        let members = members.into_iter().filter_map(|index| self.list.get(index));
        let lose = |member: &Member| member.entry.backend.lose_server(&member.server, status.text());
        members.filter(|member| !member.server.is_removed()).flat_map(lose).collect()
    }

    /// A service has a good answer: each record is a server, as far as there are some.
    fn serve(&mut self, resolution: usize, engine: &mut Engine, now: Instant) -> Vec<ServerEvent> {
        let records = engine.resolution(resolution).into_iter().flat_map(|resolution| resolution.records());
        let services: Vec<Service> = records
            .filter_map(|record| match record {
                Record::Service(service) => Some(service.clone()),
                Record::Address(_) => None,
            })
            .collect();
        let Some(members) = self.services.get(&resolution).map(|pool| pool.members.clone()) else { return Vec::new() };
        let mut events = Vec::new();
        let told: HashSet<(&HostName, u16)> = services.iter().map(|service| (&service.target, service.port)).collect();
        // Who stands for what is gone makes room first.
        for index in members.iter().copied() {
            let record = self.list.get(index).and_then(|member| member.record.as_ref());
            let gone = record.is_some_and(|(target, port)| !told.contains(&(target, *port)));
            if gone {
                events.extend(self.free(resolution, index, engine, now));
            }
        }
        let record = |index: &usize| Some((self.list.get(*index)?.record.clone()?, *index));
        let standing: HashMap<(HostName, u16), usize> = members.iter().filter_map(record).collect();
        for service in &services {
            if let Some(index) = standing.get(&(service.target.clone(), service.port)).copied() {
                events.extend(self.update(index, service, engine, now));
            } else if let Some(index) = self.services.get_mut(&resolution).and_then(|pool| pool.free.pop_front()) {
                events.extend(self.take(index, service, engine, now));
            }
        }
        events
    }

    /// A free member stands for a record from now on.
    fn take(&mut self, index: usize, service: &Service, engine: &mut Engine, now: Instant) -> Vec<ServerEvent> {
        let Some(member) = self.list.get_mut(index) else { return Vec::new() };
        member.record = Some((service.target.clone(), service.port));
        let (backend, server) = (&member.entry.backend, &member.server);
        server.set_port(service.port);
        let mut events = weigh(member, service);
        if let Some(ip) = service.address {
            events.extend(backend.move_server(server, ip, "DNS additional record"));
            events.extend(backend.rename_server(server, service.target.as_str()));
            events.extend(backend.find_server(server, false));
        } else {
            events.extend(backend.rename_server(server, service.target.as_str()));
            self.name(index, Some(service.target.clone()), engine, now);
        }
        events
    }

    /// The record that a member stands for came again, perhaps with another weight or address.
    fn update(&mut self, index: usize, service: &Service, engine: &mut Engine, now: Instant) -> Vec<ServerEvent> {
        let Some(member) = self.list.get(index) else { return Vec::new() };
        let mut events = weigh(member, service);
        let (named, backend, server) = (member.name.is_some(), &member.entry.backend, &member.server);
        match service.address {
            Some(ip) => {
                if server.endpoint().ip() != Some(ip) {
                    events.extend(backend.move_server(server, ip, "DNS additional record"));
                }
                events.extend(backend.find_server(server, false));
                // Nobody has to be asked for it.
                if named {
                    self.name(index, None, engine, now);
                }
            }
            None if !named => self.name(index, Some(service.target.clone()), engine, now),
            None => {}
        }
        events
    }

    /// A member stands for nothing any more.
    fn free(&mut self, resolution: usize, index: usize, engine: &mut Engine, now: Instant) -> Vec<ServerEvent> {
        let Some(member) = self.list.get_mut(index).filter(|member| member.record.is_some()) else {
            return Vec::new();
        };
        member.record = None;
        let events = member.entry.backend.lose_server(&member.server, REMOVED);
        member.server.set_port(0);
        member.server.set_hostname(None);
        if let Some(pool) = self.services.get_mut(&resolution) {
            pool.free.push_back(index);
        }
        self.name(index, None, engine, now);
        events
    }
}

/// What a server's line says of the addresses it wants.
fn wishes(config: &ServerConfig, current: Option<IpAddr>) -> Choice<'_> {
    let resolve = &config.resolve;
    Choice { prefer: resolve.prefer, nets: &resolve.nets, current, allow_dup: resolve.allow_dup_ip }
}

/// The weight of a record is of 65535, a server's of 256.
fn weigh(member: &Member, service: &Service) -> Vec<ServerEvent> {
    let weight = u32::from(service.weight).div_ceil(256);
    if member.server.config.resolve.ignore_weight || member.server.weight() == weight {
        return Vec::new();
    }
    member.entry.backend.set_weight(&member.server, weight)
}
