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
    let read = read_assignment(&reader.name, action).map_err(|message| Fault::new(reader.next - 1, message))?;
    reader.cx.names.used.note_variable(&read.name);
    Ok(read)
}

/// `(<name>[,<condition>...])` behind `action` in the word `name`, of rules and of checks.
///
/// # Errors
/// HAProxy's text.
pub(in crate::config::proxy) fn read_assignment(name: &str, action: &str) -> Result<Assignment, String> {
    const FORMS: &str = "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";
    let Some(rest) = name.strip_prefix(action).and_then(|rest| rest.strip_prefix('(')) else {
        return Err(format!("invalid or incomplete action '{name}'. {FORMS}"));
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(format!("incomplete argument after action '{name}'. {FORMS}"));
    };
    let mut parts = inside.split(',');
    let variable = parts.next().unwrap_or_default();
    let conditions = conditions(parts)?;
    let name = VariableName::parse(variable).map_err(|fault| match fault.strip_prefix("invalid syntax at char '") {
        // HAProxy's text goes to the end of the word.
        Some(wrong) => {
            let wrong = wrong.strip_suffix('\'').unwrap_or(wrong);
            let start = variable.len().saturating_sub(wrong.len());
            format!("invalid syntax at char '{}'", rest.get(start..).unwrap_or(wrong))
        }
        None => fault,
    })?;
    Ok(Assignment { name, conditions })
}

/// The conditions behind a variable's name.
fn conditions<'a>(parts: impl Iterator<Item = &'a str>) -> Result<AssignmentConditions, String> {
    let mut conditions = AssignmentConditions::default();
    for part in parts.filter(|part| !part.is_empty()) {
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
