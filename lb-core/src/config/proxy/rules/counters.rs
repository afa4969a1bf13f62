//! `track-sc0` and its likes, and the actions on tracked entries.

use super::{Fault, Reader, Style};
use crate::config::model::{Action, TagValue};
use crate::sample::{Arg, ArgKind};
use crate::table::ScAction;

/// How many entries a stream can track.
const SLOTS: usize = 3;

pub(super) fn track(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let number = reader.name.strip_prefix("track-sc").unwrap_or_default();
    let name = |message: String| Fault::new(reader.next - 1, message);
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
    if !matches!(reader.word(0), "" | "if" | "unless") {
        // What follows is no condition, which is told first; the table does not matter then.
        return Ok(Action::Track { slot, key, table: 0 });
    }
    match reader.scope().names.resolve(ArgKind::Table, table, None) {
        Ok(Arg::Proxy(table)) => Ok(Action::Track { slot, key, table }),
        _ => Err(Fault {
            word: reader.next - 1,
            message: format!("Proxy '{own}': unable to find table '{table}' referenced by track-sc{slot}."),
            style: Style::Whole,
        }),
    }
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
