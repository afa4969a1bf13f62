//! `do-resolve` (configuration.txt, `http-request do-resolve`).

use super::{Fault, Reader};
use crate::config::model::{Action, AddressFamily};
use crate::sample::variable::VariableName;

pub(super) fn do_resolve(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let refused = |word: usize, text: &str| {
        let text = format!(
            "Can't parse '{text}'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are \
             'ipv4' and 'ipv6'"
        );
        Fault::new(word, text)
    };
    let (name, at) = (reader.name.clone(), reader.next - 1);
    let inside = name.strip_prefix("do-resolve(").and_then(|rest| rest.strip_suffix(')'));
    let Some(inside) = inside else { return Err(refused(at, &name)) };
    let mut words = inside.split(',');
    let (Some(variable), Some(section)) = (words.next(), words.next()) else { return Err(refused(at, &name)) };
    let mut family = AddressFamily::default();
    for word in words {
        family = match word {
            "ipv4" => AddressFamily::V4,
            "ipv6" => AddressFamily::V6,
            _ => return Err(refused(at, &name)),
        };
    }
    // HAProxy takes any name and sets nothing where it is none; a rule that can do nothing is refused here.
    let variable = VariableName::parse(variable).map_err(|message| Fault::new(at, message))?;
    reader.cx.names.used.note_variable(&variable);
    let next = reader.next;
    let shown = reader.cx.line.arg(next).to_owned();
    let expression = reader.expression().map_err(|fault| match fault.message.contains("extracts information") {
        true => fault,
        false => refused(next, &shown),
    })?;
    let found = reader.cx.names.resolvers.iter().position(|known| known == section);
    if found.is_none() {
        let text = format!(
            "Proxy '{}': Can't find resolvers section '{section}' for do-resolve action.",
            reader.cx.draft.config.name
        );
        reader.late_reference(at, text);
    }
    Ok(Action::DoResolve { name: variable, resolvers: found.unwrap_or(0), family, expression })
}
