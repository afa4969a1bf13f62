//! `track-sc0` and its likes, and the actions on tracked entries.

use super::{Fault, Reader};
use crate::config::model::{Action, TagValue};
use crate::sample::{Arg, ArgKind};

/// How many entries a stream can track.
const SLOTS: usize = 3;

pub(super) fn track(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let number = reader.name.strip_prefix("track-sc").unwrap_or_default();
    let name = |message: String| Fault { word: reader.next - 1, message, complete: false };
    let slot = number.parse::<usize>().map_err(|_| name("missing or invalid track-sc number".to_owned()))?;
    if slot >= SLOTS {
        return Err(name(format!("{slot} track-sc number exceeding {} (MAX_SESS_STKCTR-1) value", SLOTS - 1)));
    }
    let key = reader.expression()?;
    let own = reader.cx.draft.config.name.clone();
    let mut table = own.as_str();
    if reader.word(0) == "table" {
        table = reader.word(1);
        if table.is_empty() {
            return Err(reader.fault(1, "missing table name"));
        }
        reader.next += 2;
    }
    match reader.scope().names.resolve(ArgKind::Table, table, None) {
        Ok(Arg::Proxy(table)) => Ok(Action::Track { slot, key, table }),
        _ => Err(Fault {
            word: reader.next - 1,
            message: format!("Proxy '{own}': unable to find table '{table}' referenced by track-sc{slot}."),
            complete: true,
        }),
    }
}

pub(super) fn inc_gpc(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (index, slot) = two(reader, "sc-inc-gpc", "GPC")?;
    Ok(Action::IncrementCounter { index, slot, named: false })
}

pub(super) fn inc_gpc0(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let slot = one(reader, "sc-inc-gpc0")?;
    Ok(Action::IncrementCounter { index: 0, slot, named: true })
}

pub(super) fn inc_gpc1(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let slot = one(reader, "sc-inc-gpc1")?;
    Ok(Action::IncrementCounter { index: 1, slot, named: true })
}

pub(super) fn set_gpt(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (index, slot) = two(reader, "sc-set-gpt", "GPT")?;
    let value = tag(reader)?;
    Ok(Action::SetTag { index, slot, named: false, value })
}

pub(super) fn set_gpt0(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let slot = one(reader, "sc-set-gpt0")?;
    let value = tag(reader)?;
    Ok(Action::SetTag { index: 0, slot, named: true, value })
}

/// Takes a number or an expression.
fn tag(reader: &mut Reader<'_, '_>) -> Result<TagValue, Fault> {
    if let Ok(number) = reader.word(0).parse() {
        reader.next += 1;
        return Ok(TagValue::Fixed(number));
    }
    reader.expression().map(TagValue::Expression)
}

fn slot(reader: &Reader<'_, '_>, text: &str, usage: &str) -> Result<usize, Fault> {
    let fault = |message: String| Fault { word: reader.next - 1, message, complete: false };
    match text.parse::<usize>() {
        Ok(slot) if slot < SLOTS => Ok(slot),
        Ok(_) => Err(fault(format!("invalid stick table track ID. The max allowed ID is {}", SLOTS - 1))),
        Err(_) => Err(fault(format!("invalid stick table track ID. Expects {usage}"))),
    }
}

/// `(<track ID>)`; the first where it is left out.
fn one(reader: &Reader<'_, '_>, action: &str) -> Result<usize, Fault> {
    let rest = reader.name.strip_prefix(action).unwrap_or_default();
    let Some(inside) = rest.strip_prefix('(') else { return Ok(0) };
    slot(reader, inside.strip_suffix(')').unwrap_or_default(), &format!("{}(<Track ID>)", reader.name))
}

/// `(<index>,<track ID>)`.
fn two(reader: &Reader<'_, '_>, action: &str, what: &str) -> Result<(usize, usize), Fault> {
    let usage = format!("{action}(<{what} ID>,<Track ID>)");
    let fault = |message: String| Fault { word: reader.next - 1, message, complete: false };
    let inside = reader.name.strip_prefix(action).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let lower = what.to_lowercase();
    let parts = inside.and_then(|inside| inside.split_once(','));
    let (index, track) =
        parts.ok_or_else(|| fault(format!("Missing {lower} ID '{}'. Expects {usage}", reader.name)))?;
    let index = index.parse::<usize>().map_err(|_| fault(format!("Invalid {lower} ID '{index}'. Expects {usage}")))?;
    Ok((index, slot(reader, track, &usage)?))
}
