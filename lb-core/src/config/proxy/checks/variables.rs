//! `set-var`, `set-var-fmt` and `unset-var` of checks.

use super::{Fault, Reader};
use crate::config::model::{Assignment, CheckStep};
use crate::config::proxy::rules::assignment_conditions;
use crate::sample::variable::VariableName;
use crate::sample::{Expression, Place, Places};

pub(super) fn read(reader: &mut Reader<'_, '_>, name: &str) -> Result<CheckStep, Fault> {
    let action = if name.starts_with("set-var-fmt") {
        "set-var-fmt"
    } else if name.starts_with("set-var") {
        "set-var"
    } else {
        "unset-var"
    };
    let read = match action {
        "unset-var" => assignment(name, action).map(|assignment| CheckStep::UnsetVar(assignment.name)),
        "set-var-fmt" => assignment(name, action).and_then(|assignment| {
            let text = reader.take();
            let format = reader.format(text).map_err(|error| {
                let error = error.to_string();
                error.strip_suffix('.').map_or(error.clone(), str::to_owned)
            })?;
            Ok(CheckStep::SetVarFmt(assignment, format))
        }),
        _ => {
            assignment(name, action).and_then(|assignment| Ok(CheckStep::SetVar(assignment, expression(reader, name)?)))
        }
    };
    if let Ok(CheckStep::SetVar(assignment, _) | CheckStep::SetVarFmt(assignment, _)) = &read {
        reader.cx.names.used.note_variable(&assignment.name);
    }
    read.map_err(|fault| format!("'{action}' : {fault}."))
}

fn expression(reader: &mut Reader<'_, '_>, shown: &str) -> Result<Expression, Fault> {
    let line = reader.cx.line;
    let scope = reader.cx.scope(if reader.http { "http-check rule" } else { "tcp-check rule" });
    let words = (reader.next..line.words.len()).map(|word| line.arg(word));
    let (expression, taken) = Expression::parse_words(words, &scope).map_err(|error| error.message)?;
    if !expression.places().meets(Places::one(Place::Check)) {
        let needs = expression.needs();
        return Err(format!(
            "fetch method '{shown}' extracts information from '{needs}', none of which is available here"
        ));
    }
    reader.next += taken;
    Ok(expression)
}

/// `(<name>[,<condition>...])` behind the action's name.
fn assignment(name: &str, action: &str) -> Result<Assignment, Fault> {
    const FORMS: &str = "Expects 'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";
    let Some(rest) = name.strip_prefix(action).and_then(|rest| rest.strip_prefix('(')) else {
        return Err(format!("invalid or incomplete action '{name}'. {FORMS}"));
    };
    let Some(inside) = rest.strip_suffix(')') else {
        return Err(format!("incomplete argument after action '{name}'. {FORMS}"));
    };
    let mut parts = inside.split(',');
    let variable = parts.next().unwrap_or_default();
    let parsed =
        VariableName::parse(variable).map_err(|fault| match fault.strip_prefix("invalid syntax at char '") {
            // HAProxy's text goes to the end of the word.
            Some(wrong) => {
                let wrong = wrong.strip_suffix('\'').unwrap_or(wrong);
                let start = variable.len().saturating_sub(wrong.len());
                format!("invalid syntax at char '{}'", rest.get(start..).unwrap_or(wrong))
            }
            None => fault,
        })?;
    Ok(Assignment { name: parsed, conditions: assignment_conditions(parts)? })
}
