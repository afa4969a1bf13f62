//! The ring of `hash-type consistent`: many points for each server, of which the one nearest to a hash is taken.

use std::iter::Peekable;
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
    weights: Box<[u32]>,
    /// Where the points are.
    pub(super) points: Box<[u32]>,
    /// Whose they are.
    owners: Box<[u32]>,
    pub(super) shares: Shares,
}

impl Ring {
    /// The ring of other servers or weights, as HAProxy makes it: the points of a server follow from its id alone, so that
    /// all but those of the servers that come, go or change stay where they are, and are not computed again.
    pub(super) fn renewed(&self, candidates: &[Candidate]) -> Self {
        let mut known: Vec<_> = self.members.iter().map(Arc::as_ptr).zip(&self.weights).zip(0usize..).collect();
        known.sort_unstable();
        let mut ranks = vec![None; self.members.len()];
        let mut added = Vec::new();
        for (rank, candidate) in (0u32..).zip(candidates) {
            let same = (Arc::as_ptr(&candidate.server), &candidate.weight);
            let old = known.binary_search_by_key(&same, |(known, _)| *known).ok().and_then(|at| known.get(at));
            match old.and_then(|(_, old)| ranks.get_mut(*old)) {
                Some(kept) => *kept = Some(rank),
                None => added.extend(points(candidate, rank)),
            }
        }
        added.sort_unstable();
        let kept = self.points.iter().zip(&self.owners);
        let kept = kept.filter_map(|(point, owner)| Some((*point, (*ranks.get(*owner as usize)?)?)));
        let (points, owners): (Vec<u32>, Vec<u32>) =
            Merge { kept: kept.peekable(), added: added.into_iter().peekable() }.unzip();
        Self {
            members: candidates.iter().map(|candidate| Arc::clone(&candidate.server)).collect(),
            weights: candidates.iter().map(|candidate| candidate.weight).collect(),
            points: points.into(),
            owners: owners.into(),
            shares: Shares::new(candidates),
        }
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

/// Points from two sorted sources, in order.
struct Merge<A: Iterator, B: Iterator> {
    kept: Peekable<A>,
    added: Peekable<B>,
}

impl<A, B> Iterator for Merge<A, B>
where
    A: Iterator<Item = (u32, u32)>,
    B: Iterator<Item = (u32, u32)>,
{
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        match (self.kept.peek(), self.added.peek()) {
            (Some(kept), Some(added)) if added < kept => self.added.next(),
            (Some(_), _) => self.kept.next(),
            (None, _) => self.added.next(),
        }
    }
}
