//! Strings that are found from one of their ends: a tree of bytes in which a path without branches is one node.

use std::sync::Arc;

use super::super::entry::Entry;
use super::slots::{Change, Slots, older};

/// A node: its label, which follows that of its parent, the entries that end there, and where it goes on.
#[derive(Clone, Debug, Default)]
struct Node {
    label: Box<[u8]>,
    slots: Slots,
    /// By their first byte.
    children: Vec<(u8, Arc<Node>)>,
}

/// Strings by their first bytes.
#[derive(Clone, Debug, Default)]
pub(super) struct Trie {
    root: Arc<Node>,
}

impl Trie {
    /// Calls `each` with the length of every pattern that the bytes begin with, and its oldest entry.
    pub(super) fn walk<'t>(&'t self, bytes: impl Iterator<Item = u8>, mut each: impl FnMut(usize, &'t Arc<Entry>)) {
        let mut bytes = bytes;
        let (mut node, mut depth) = (&self.root, 0);
        loop {
            if let Some(entry) = node.slots.first() {
                each(depth, entry);
            }
            let Some(byte) = bytes.next() else { return };
            let Ok(at) = node.children.binary_search_by_key(&byte, |(first, _)| *first) else { return };
            let Some((_, child)) = node.children.get(at) else { return };
            let rest = child.label.get(1..).unwrap_or_default();
            if !rest.iter().all(|expected| bytes.next() == Some(*expected)) {
                return;
            }
            depth += child.label.len();
            node = child;
        }
    }

    /// The longest pattern that the bytes begin with.
    pub(super) fn longest(&self, bytes: impl Iterator<Item = u8>) -> Option<&Arc<Entry>> {
        let mut found = None;
        self.walk(bytes, |_, entry| found = Some(entry));
        found
    }

    /// The oldest of the patterns that the bytes begin with.
    pub(super) fn oldest(&self, bytes: impl Iterator<Item = u8>) -> Option<&Arc<Entry>> {
        let mut found = None;
        self.walk(bytes, |_, entry| found = older(found, Some(entry)));
        found
    }

    /// Makes a change of the entries with that pattern.
    pub(super) fn change(&mut self, pattern: &[u8], change: Change<'_>) {
        change_node(&mut self.root, pattern, change);
    }
}

/// Makes a change below a node. Says whether nothing is left there.
fn change_node(node: &mut Arc<Node>, pattern: &[u8], change: Change<'_>) -> bool {
    let node = Arc::make_mut(node);
    let Some(first) = pattern.first() else {
        change.apply(&mut node.slots);
        return node.slots.is_empty() && node.children.is_empty();
    };
    match node.children.binary_search_by_key(first, |(first, _)| *first) {
        Err(at) if change.makes() => {
            let mut leaf = Node { label: pattern.into(), ..Node::default() };
            change.apply(&mut leaf.slots);
            node.children.insert(at, (*first, Arc::new(leaf)));
        }
        Err(_) => {}
        Ok(at) => {
            let Some((_, child)) = node.children.get_mut(at) else { return false };
            let common = child.label.iter().zip(pattern).take_while(|(a, b)| a == b).count();
            if common < child.label.len() {
                if !change.makes() {
                    return false;
                }
                split(child, common);
            }
            let rest = pattern.get(common..).unwrap_or_default();
            if change_node(child, rest, change) {
                node.children.remove(at);
            }
        }
    }
    node.slots.is_empty() && node.children.is_empty()
}

/// Divides a node in two, of which the first has a label of that length.
fn split(node: &mut Arc<Node>, at: usize) {
    let inner = Arc::make_mut(node);
    let (front, back) = inner.label.split_at(at.min(inner.label.len()));
    let first = back.first().copied().unwrap_or_default();
    let (front, back): (Box<[u8]>, Box<[u8]>) = (front.into(), back.into());
    inner.label = back;
    let below = std::mem::replace(node, Arc::new(Node { label: front, ..Node::default() }));
    Arc::make_mut(node).children.push((first, below));
}
