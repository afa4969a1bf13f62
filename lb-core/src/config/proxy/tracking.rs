//! `track`: which server each tracking one follows, once all servers are known.

use std::collections::{HashMap, HashSet};

use super::finish::server_alert;
use crate::config::diagnostic::Diagnostics;
use crate::config::document::Line;
use crate::config::model::{ProxyConfig, ServerConfig, Track};

/// Indices of a proxy and of one of its servers.
type Place = (usize, usize);

/// A server that tracks another one.
pub(super) struct Tracking {
    place: Place,
    line: Line,
}

impl Tracking {
    /// The tracking ones among the servers of a proxy of that number.
    pub(super) fn of<'a>(proxy: usize, servers: impl Iterator<Item = (&'a ServerConfig, &'a Line)>) -> Vec<Self> {
        let tracks = servers.enumerate().filter(|(_, (server, _))| server.track.is_some());
        tracks.map(|(index, (_, line))| Self { place: (proxy, index), line: line.clone() }).collect()
    }
}

/// Looks up whom they track; in the configuration every one names its proxy from then on.
pub(super) fn resolve(proxies: &mut [ProxyConfig], tracking: &[Tracking], diags: &mut Diagnostics) {
    let mut followed: HashMap<Place, Place> = HashMap::new();
    let waiting: HashSet<Place> = tracking.iter().map(|tracking| tracking.place).collect();
    for Tracking { place, line } in tracking {
        let Some((proxy, server)) = look(proxies, *place) else { continue };
        let (own, name) = (proxy.name.clone(), server.name.clone());
        let Some(track) = server.track.clone() else { continue };
        match find(proxies, *place, &track, &followed, &waiting) {
            Ok(target) => {
                followed.insert(*place, target);
                let named = proxies.get(target.0).map(|proxy| proxy.name.clone());
                let server = proxies.get_mut(place.0).and_then(|proxy| proxy.servers.get_mut(place.1));
                if let Some(server) = server {
                    server.track = Some(Track { proxy: named, server: track.server });
                }
            }
            Err(text) => server_alert(diags, line, 0, format!("'server {own}/{name}' : {text}")),
        }
    }
}

fn look(proxies: &[ProxyConfig], (proxy, server): Place) -> Option<(&ProxyConfig, &ServerConfig)> {
    let proxy = proxies.get(proxy)?;
    Some((proxy, proxy.servers.get(server)?))
}

/// The server that `track` means, if the server at `place` may track it. The texts are HAProxy's.
fn find(
    proxies: &[ProxyConfig],
    place: Place,
    track: &Track,
    followed: &HashMap<Place, Place>,
    waiting: &HashSet<Place>,
) -> Result<Place, String> {
    let (own, server) = look(proxies, place).ok_or_else(String::new)?;
    if server.check {
        return Err("unable to enable checks and tracking at the same time!".to_owned());
    }
    let wanted = track.proxy.as_ref().unwrap_or(&own.name);
    let proxy = match wanted == &own.name {
        true => Some(place.0),
        false => proxies.iter().position(|proxy| proxy.kind.is_backend() && &proxy.name == wanted),
    };
    let Some((index, proxy)) = proxy.and_then(|index| Some((index, proxies.get(index)?))) else {
        return Err(format!("unable to find required proxy '{wanted}' for tracking."));
    };
    let Some(position) = proxy.servers.iter().position(|other| other.name == track.server) else {
        return Err(format!("unable to find required server '{}' for tracking.", track.server));
    };
    let (target, other) = ((index, position), format!("{}/{}", proxy.name, track.server));
    let found = proxy.servers.get(position).is_some_and(|found| found.check || found.agent_check);
    if !found && !waiting.contains(&target) {
        return Err(format!("unable to use {other} for tracking as it does not have any check nor agent enabled."));
    }
    if proxy.checks.disable_on_404 != own.checks.disable_on_404 {
        return Err(format!("unable to use {other} fortracking: disable-on-404 option inconsistency."));
    }
    let mut next = Some(target);
    while let Some(at) = next {
        if at == place {
            let own = format!("{}/{}", own.name, server.name);
            return Err(format!("unable to track {other} as it belongs to a tracking chain looping back to {own}."));
        }
        next = followed.get(&at).copied();
    }
    Ok(target)
}
