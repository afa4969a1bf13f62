//! `track-sc0` and its likes, and the actions on tracked entries.

use super::{Fault, Reader};
use crate::config::model::{Action, TagValue};
use crate::sample::{Arg, ArgKind};
use crate::table::ScAction;

/// How many entries a stream can track.
const SLOTS: usize = 3;

pub(super) fn track(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let number = reader.name.strip_prefix("track-sc").unwrap_or_default();
    let name = |message: String| Fault::new(reader.next - 1, message);
    let slot = number.parse::<usize>().map_err(|_| name(format!("Wrong track-sc number '{number}'")))?;
    if slot >= SLOTS {
        return Err(name(format!("{slot} track-sc number exceeding {} (MAX_SESS_STKCTR-1) value", SLOTS - 1)));
    }
    if !reader.set.is_http() {
        reader.called = "tracking rule";
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
    let found = reader.scope().names.resolve(ArgKind::Table, table, None, "");
    let Ok(Arg::Proxy(table)) = found else {
        let text = format!("Proxy '{own}': unable to find table '{table}' referenced by track-sc{slot}.");
        reader.late_reference(reader.next - 1, text);
        return Ok(Action::Track { slot, key, table: 0 });
    };
    Ok(Action::Track { slot, key, table })
}

/// `sc-inc-gpc`, `sc-set-gpt` and their kin.
pub(super) fn counter(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let fault = |message: &str| Fault::new(reader.next - 1, message.strip_suffix('.').unwrap_or(message));
    let action = ScAction::parse(&reader.name)
        .ok_or_else(|| fault("unknown action"))?
        .map_err(|message: String| fault(&message))?;
    let value = if action.takes_value() { Some(tag(reader)?) } else { None };
    Ok(Action::Counter { action, value })
}

/// Takes a number or an expression.
fn tag(reader: &mut Reader<'_, '_>) -> Result<TagValue, Fault> {
    if let Ok(number) = reader.word(0).parse() {
        reader.next += 1;
        return Ok(TagValue::Fixed(number));
    }
    reader.expression().map(TagValue::Expression)
}
