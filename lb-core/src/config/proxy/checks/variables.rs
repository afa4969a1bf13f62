//! `set-var`, `set-var-fmt` and `unset-var` of checks.

use super::{Fault, Reader};
use crate::config::model::CheckStep;
use crate::config::proxy::rules::read_assignment;
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
        "unset-var" => read_assignment(name, action).map(|assignment| CheckStep::UnsetVar(assignment.name)),
        "set-var-fmt" => read_assignment(name, action).and_then(|assignment| {
            let text = reader.take();
            let format = reader.format_called(text, "tcp-check expression").map_err(|error| {
                let error = error.to_string();
                error.strip_suffix('.').map_or(error.clone(), str::to_owned)
            })?;
            Ok(CheckStep::SetVarFmt(assignment, format))
        }),
        _ => read_assignment(name, action)
            .and_then(|assignment| Ok(CheckStep::SetVar(assignment, expression(reader, name)?))),
    };
    if let Ok(CheckStep::SetVar(assignment, _) | CheckStep::SetVarFmt(assignment, _)) = &read {
        reader.cx.names.used.note_variable(&assignment.name);
    }
    read.map_err(|fault| format!("'{action}' : {fault}."))
}

fn expression(reader: &mut Reader<'_, '_>, shown: &str) -> Result<Expression, Fault> {
    let line = reader.cx.line;
    let scope = reader.cx.scope("tcp-check expression");
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
