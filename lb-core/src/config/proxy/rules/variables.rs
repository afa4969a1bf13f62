//! `set-var`, `set-var-fmt`, `unset-var`.

use super::{Fault, Reader};
use crate::config::model::{Action, Assignment, AssignmentConditions};
use crate::sample::variable::VariableName;

pub(super) fn set_var(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let assignment = assignment(reader, "set-var")?;
    let shown = reader.name.clone();
    Ok(Action::SetVar(assignment, reader.expression_shown(&shown)?))
}

pub(super) fn set_var_fmt(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let assignment = assignment(reader, "set-var-fmt")?;
    Ok(Action::SetVarFmt(assignment, reader.format()?))
}

pub(super) fn unset_var(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    assignment(reader, "unset-var").map(|assignment| Action::UnsetVar(assignment.name))
}

/// `(<name>[,<condition>...])` behind the action's name.
fn assignment(reader: &Reader<'_, '_>, action: &str) -> Result<Assignment, Fault> {
    let inside = reader.name.strip_prefix(action).and_then(|rest| rest.strip_prefix('(')?.strip_suffix(')'));
    let word = |message: String| Fault::new(reader.next - 1, message);
    let Some(inside) = inside.filter(|inside| !inside.is_empty()) else {
        return Err(word(format!(
            "invalid or incomplete action '{}'. Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or \
             'unset-var(<var-name>)'",
            reader.name
        )));
    };
    let mut parts = inside.split(',');
    let name = VariableName::parse(parts.next().unwrap_or_default()).map_err(word)?;
    let conditions = conditions(parts).map_err(word)?;
    reader.cx.names.used.note_variable(&name);
    Ok(Assignment { name, conditions })
}

/// The conditions behind a variable's name.
pub(in crate::config::proxy) fn conditions<'a>(
    parts: impl Iterator<Item = &'a str>,
) -> Result<AssignmentConditions, String> {
    let mut conditions = AssignmentConditions::default();
    for part in parts {
        let flag = match part {
            "ifexists" => &mut conditions.exists,
            "ifnotexists" => &mut conditions.not_exists,
            "ifempty" => &mut conditions.empty,
            "ifnotempty" => &mut conditions.not_empty,
            "ifset" => &mut conditions.set,
            "ifnotset" => &mut conditions.not_set,
            "ifgt" => &mut conditions.greater,
            "iflt" => &mut conditions.less,
            other => return Err(format!("unknown condition \"{other}\"")),
        };
        *flag = true;
    }
    Ok(conditions)
}
