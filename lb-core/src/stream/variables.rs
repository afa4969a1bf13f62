//! Rules that set and unset variables, wherever these are kept.

use super::transaction::Transaction;
use crate::config::Assignment;
use crate::sample::Value;
use crate::sample::variable::{VariableName, VariableScope};
use crate::session::ClientInfo;
use crate::worker::Worker;

/// `set-var`: a variable of the process, of the connection, or of a stream where there is one.
pub(crate) fn assign(
    assignment: &Assignment,
    value: Option<Value<'static>>,
    worker: &Worker,
    info: &ClientInfo,
    transaction: Option<&Transaction>,
) {
    let Some(value) = value else { return };
    let name = &assignment.name;
    let variables = match name.scope {
        VariableScope::Proc => {
            worker.shared_variables().set_if(&name.name, value, assignment.conditions);
            return;
        }
        VariableScope::Sess => info.variables(),
        scope => match transaction.and_then(|transaction| transaction.of(scope)) {
            Some(variables) => variables,
            None => return,
        },
    };
    let old = variables.get(&name.name);
    if assignment.conditions.hold(old.as_ref(), variables.exists(&name.name), &value) {
        variables.set(&name.name, value);
    }
}

/// `unset-var`.
pub(crate) fn unset(name: &VariableName, worker: &Worker, info: &ClientInfo, transaction: Option<&Transaction>) {
    match name.scope {
        VariableScope::Proc => worker.shared_variables().unset(&name.name),
        VariableScope::Sess => info.variables().unset(&name.name),
        scope => {
            if let Some(variables) = transaction.and_then(|transaction| transaction.of(scope)) {
                variables.unset(&name.name);
            }
        }
    }
}
