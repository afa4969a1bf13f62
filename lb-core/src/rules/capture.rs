//! Captures: parts of messages that are kept for the log (configuration.txt, `capture`, `declare capture`).

use crate::config::{CaptureSlot, Captures};
use crate::http::message::Head;

/// Keeps a value in a slot, cut to `length` bytes.
pub fn keep(slots: &mut Vec<Option<Vec<u8>>>, slot: usize, value: &[u8], length: usize) {
    if slots.len() <= slot {
        slots.resize(slot + 1, None);
    }
    if let Some(place) = slots.get_mut(slot) {
        *place = Some(value.get(..length.min(value.len())).unwrap_or_default().to_vec());
    }
}

/// `capture request header` and `capture response header`: the last field of each name.
pub fn headers(slots: &[CaptureSlot], head: &Head, captured: &mut Vec<Option<Vec<u8>>>) {
    captured.resize(slots.len(), None);
    for (index, slot) in slots.iter().enumerate() {
        let Some(name) = &slot.header else { continue };
        if let Some(value) = head.values(name).last() {
            keep(captured, index, value, slot.length);
        }
    }
}

/// `capture cookie`: the first cookie whose name begins as it says, from its name on.
pub fn cookie(captures: &Captures, head: &Head) -> Option<Vec<u8>> {
    let (start, length) = captures.cookie.as_ref()?;
    let field = if head.is_response() { "set-cookie" } else { "cookie" };
    head.values(field).flat_map(|value| value.split(|byte| *byte == b';')).find_map(|part| {
        let part = part.trim_ascii();
        let found = part.starts_with(start.as_bytes());
        found.then(|| part.get(..(*length).min(part.len())).unwrap_or_default().to_vec())
    })
}
