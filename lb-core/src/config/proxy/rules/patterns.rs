//! `add-acl`, `del-acl`, `set-map`, `del-map`.

use super::{Fault, Reader, Style};
use crate::config::model::{Action, PatternChange, PatternList};

pub(super) fn add_acl(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    change(reader, "add-acl", PatternChange::AddAcl)
}

pub(super) fn del_acl(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    change(reader, "del-acl", PatternChange::DelAcl)
}

pub(super) fn set_map(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    change(reader, "set-map", PatternChange::SetMap)
}

pub(super) fn del_map(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    change(reader, "del-map", PatternChange::DelMap)
}

fn change(reader: &mut Reader<'_, '_>, action: &str, change: PatternChange) -> Result<Action, Fault> {
    let file = reader.name.strip_prefix(action).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let Some(file) = file.map(str::to_owned).filter(|file| !file.is_empty()) else {
        return Err(Fault {
            word: reader.next - 1,
            message: format!("expects '{action}(<file name>)'"),
            style: Style::Rule,
        });
    };
    let values = usize::from(change == PatternChange::SetMap);
    if (0..=values).any(|index| reader.word(index).is_empty()) {
        return Err(reader.fault(0, format!("expects exactly {} arguments", values + 1)));
    }
    let key = reader.format()?;
    let value = if values == 1 { Some(reader.format()?) } else { None };
    Ok(Action::Pattern { list: PatternList::new(file), change, key, value })
}
