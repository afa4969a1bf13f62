//! The ring of `hash-type consistent`: many points for each server, of which the one nearest to a hash is taken.

use std::sync::Arc;

use super::Candidate;
use super::bounded::Shares;
use super::hash::avalanche;
use crate::server::{STEPS, Server};

/// The points of a server are numbered from its id times this on: as many as the greatest weight has, which are sixteen
/// for each unit of weight.
const NUMBERS: u32 = 256 * STEPS;

/// All points in order.
#[derive(Debug, Default)]
pub(super) struct Ring {
    /// Servers taking part, in order of the configuration.
    pub(super) members: Box<[Arc<Server>]>,
    /// Where the points are.
    pub(super) points: Box<[u32]>,
    /// Whose they are.
    owners: Box<[u32]>,
    pub(super) shares: Shares,
}

impl Ring {
    /// The ring as HAProxy makes it: a server's points follow from its id alone, so that all but those of the servers
    /// that come or go stay where they are.
    pub(super) fn new(candidates: &[Candidate]) -> Self {
        let mut points: Vec<(u32, u32)> = (0u32..).zip(candidates).flat_map(|(rank, c)| points(c, rank)).collect();
        points.sort_unstable();
        let members = candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect();
        let (points, owners): (Vec<u32>, Vec<u32>) = points.into_iter().unzip();
        Self { members, points: points.into(), owners: owners.into(), shares: Shares::new(candidates) }
    }

    /// The point nearest to a hash, the one before it if both are as near; of several at the same place the one that is
    /// met first from the hash.
    pub(super) fn nearest(&self, hash: u32) -> usize {
        let count = self.points.len().max(1);
        let after = self.points.partition_point(|point| *point < hash) % count;
        let before = (after + count - 1) % count;
        let at = |index: usize| self.points.get(index).copied().unwrap_or_default();
        if hash.wrapping_sub(at(before)) <= at(after).wrapping_sub(hash) { before } else { after }
    }

    /// The first point behind another, where turns go on after a change.
    pub(super) fn behind(&self, point: u32) -> usize {
        self.points.partition_point(|other| *other <= point)
    }

    /// Whose a point is.
    pub(super) fn server(&self, index: usize) -> Option<&Arc<Server>> {
        self.members.get(self.owner(index)?)
    }

    /// The same as its place in the configuration.
    pub(super) fn owner(&self, index: usize) -> Option<usize> {
        Some(*self.owners.get(index)? as usize)
    }
}

fn points(candidate: &Candidate, rank: u32) -> impl Iterator<Item = (u32, u32)> {
    let first = candidate.server.id.wrapping_mul(NUMBERS);
    (0..candidate.weight).map(move |number| (avalanche(first.wrapping_add(number)), rank))
}
