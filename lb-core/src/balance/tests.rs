//! The orders of haproxy 2.6.12, as they were seen from outside.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::sync::Arc;

use super::Candidate;
use super::hash::avalanche;
use super::ring::Ring;
use super::rotation::Rotation;
use super::schedule::Schedule;
use crate::backend::Backend;
use crate::config::model::{ProxyConfig, ProxyKind, ServerConfig};

/// Servers that take part: their ids and weights.
fn candidates(servers: &[(u32, u32)]) -> Vec<Candidate> {
    let mut config = ProxyConfig::new("b".into(), ProxyKind::Backend);
    config.servers = servers.iter().map(|(id, weight)| line(*id, *weight)).collect();
    let backend = Backend::new(&config, 1);
    let servers = backend.servers();
    servers.iter().map(|server| Candidate { weight: server.share(), server: Arc::clone(server) }).collect()
}

fn line(id: u32, weight: u32) -> ServerConfig {
    let mut line = ServerConfig::new(format!("s{id}"));
    (line.id, line.weight) = (id, weight);
    line
}

fn weighted(weights: &[u32]) -> Vec<Candidate> {
    candidates(&(1..).zip(weights.iter().copied()).collect::<Vec<_>>())
}

/// Weights, one period of `static-rr`, two of `roundrobin`.
const ORDERS: &[(&[u32], &str, &str)] = &[
    (&[4, 5], "010101011", "110101010110101010"),
    (&[15, 4], "0000100001000010001", "00001000010001000010000100001000100001"),
    (&[3, 5, 5], "0121021201212", "12120121021201212012102120"),
    (&[2, 4, 28], "02222122222122222", "2222212222202212222222122222022122"),
    (&[1, 22, 3], "01111111211111111211111112", "1111112111110112111111112111111121111101121111111121"),
    (
        &[4, 37, 5],
        "0111111112101111112111011112111111012111111112",
        "11111211110111211111101121111111210111111211101111121111011121111110112111111121011111121110",
    ),
    (&[7, 6, 7, 2], "0120120120312012020123", "02102102310201201203210210210231020120120321"),
    (
        &[5, 6, 7, 22],
        "0313231303323130323313230313233031233233",
        "33231303231332303132330312333021333321303323130323133230313233031233302133332130",
    ),
    (&[2, 3, 6, 2, 3], "0122341202412234", "21240213242102432124021324210243"),
    (
        &[2, 5, 2, 14, 7],
        "013234313431343023431343134334",
        "343134303143342313433140334132343134303143342313433140334132",
    ),
    (
        &[10, 8, 1, 24, 6],
        "0132303134303130343031334031303134303130343130334",
        "30313034313032314033301343031330431303341033301343031303431303231403330134303133043130334103330134",
    ),
    (
        &[5, 2, 15, 1, 1, 5, 2],
        "0122235022245026212520225022256",
        "20252120252620252320215220265242025212025262025232021522026524",
    ),
];

#[test]
fn turns_are_those_of_haproxy() {
    let digits = |turns: Vec<u32>| turns.into_iter().map(|turn| turn.to_string()).collect::<String>();
    for (weights, fixed, rotating) in ORDERS {
        assert_eq!(digits(Schedule::fixed(&weighted(weights)).turns.to_vec()), **fixed, "{weights:?}");
        let mut rotation = Rotation::default();
        rotation.change(&weighted(weights));
        let turns = (0..rotating.len()).map_while(|_| rotation.advance()).collect();
        assert_eq!(digits(turns), **rotating, "{weights:?}");
    }
}

/// A table holds as many entries of each server as its weight says, whatever the weights.
#[test]
fn shares_are_exact() {
    for weights in [&[256, 255, 1][..], &[7, 11, 13, 256, 99], &[1; 300]] {
        let total: u32 = weights.iter().sum();
        let mut rotation = Rotation::default();
        rotation.change(&weighted(weights));
        let mut turns: HashMap<u32, u32> = HashMap::new();
        for _ in 0..total * 3 {
            *turns.entry(rotation.advance().unwrap()).or_default() += 1;
        }
        let table = Schedule::fixed(&weighted(weights));
        for (rank, weight) in (0u32..).zip(weights) {
            assert_eq!(table.turns.iter().filter(|turn| **turn == rank).count() as u32, *weight);
            assert_eq!(turns[&rank], *weight * 3);
        }
    }
}

/// Who stays keeps his turn, who comes waits for it, and who leaves gets none.
#[test]
fn a_rotation_goes_on_after_a_change() {
    let all = weighted(&[1, 1, 1, 1]);
    let some = |ranks: &[usize]| ranks.iter().map(|rank| all[*rank].clone()).collect::<Vec<_>>();
    let mut rotation = Rotation::default();
    rotation.change(&some(&[0, 1, 2]));
    let take = |rotation: &mut Rotation, turns: usize| {
        let servers = rotation.servers();
        (0..turns).map(|_| servers[rotation.advance().unwrap() as usize].id.to_string()).collect::<String>()
    };
    assert_eq!(take(&mut rotation, 4), "1231");
    rotation.change(&some(&[0, 2]));
    assert_eq!(take(&mut rotation, 4), "3131");
    rotation.change(&some(&[0, 1, 2, 3]));
    let turns = take(&mut rotation, 12);
    assert!((1..=4).all(|id| turns.matches(&id.to_string()).count() == 3), "{turns}");
    rotation.change(&[]);
    assert_eq!(rotation.advance(), None);
    rotation.change(&some(&[3]));
    assert_eq!(take(&mut rotation, 2), "44");
}

#[test]
fn points_of_a_ring_are_those_of_haproxy() {
    let ring = Ring::default().renewed(&candidates(&[(1, 1), (2, 1)]));
    let id = |hash: u32| ring.server(ring.nearest(hash)).unwrap().id;
    // Where the server changes, for ids 1 and 2, found by bisection.
    for (hash, before) in [
        (454777334, 2),
        (808493020, 1),
        (867543953, 2),
        (1074034911, 1),
        (2168517326, 2),
        (3077809307, 1),
        (3974725656, 2),
        (4020750709, 1),
    ] {
        assert_eq!((id(hash - 1), id(hash)), (before, 3 - before), "{hash}");
    }
    assert_eq!((id(0), id(u32::MAX)), (2, 2));
    assert_eq!(ring.points.len(), 32);
    assert!(ring.points.contains(&avalanche(4096)));
    // The number of a point wraps.
    let ring = Ring::default().renewed(&candidates(&[(u32::MAX, 256)]));
    assert_eq!(ring.points.len(), 4096);
}

/// A ring that was changed step by step is the one that is made at once.
#[test]
fn rings_do_not_depend_on_their_past() {
    let all = candidates(&[(7, 3), (3, 1), (10, 2), (1, 5), (22, 4)]);
    let mut ring = Ring::default();
    for (taken, weight) in [(31, 48), (5, 48), (30, 16), (0, 1), (23, 32), (31, 64)] {
        let mut some: Vec<Candidate> =
            all.iter().enumerate().filter(|(at, _)| taken >> at & 1 == 1).map(|(_, one)| one.clone()).collect();
        if let Some(first) = some.first_mut() {
            first.weight = weight;
        }
        ring = ring.renewed(&some);
        let anew = Ring::default().renewed(&some);
        assert_eq!(ring.points, anew.points);
        let ids = |ring: &Ring| (0..ring.points.len()).map(|at| ring.server(at).unwrap().id).collect::<Vec<_>>();
        assert_eq!(ids(&ring), ids(&anew));
    }
}
