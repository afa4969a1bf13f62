//! Actions of the embedding program (`crate::extension`): their words, and in which rules they can be used.

use std::sync::Arc;

use super::super::draft::RuleSet;
use super::{Cx, Fault, Reader};
use crate::config::model::Action;
use crate::extension::{self, Call};

/// The action of that name in a set of rules.
pub(super) fn find(cx: &Cx<'_>, set: RuleSet, name: &str) -> Option<Arc<extension::Action>> {
    cx.names.extensions.find_action(name).filter(|action| action.is_for(set.list())).cloned()
}

/// Their names in a set of rules.
pub(super) fn names<'n>(cx: &'n Cx<'_>, set: RuleSet) -> impl Iterator<Item = &'n str> {
    cx.names.extensions.actions().filter(move |action| action.is_for(set.list())).map(extension::Action::name)
}

/// Reads the words of an action, which a condition ends.
pub(super) fn read(reader: &mut Reader<'_, '_>, action: &Arc<extension::Action>) -> Result<Action, Fault> {
    let (required, most) = action.words();
    let mut args = Vec::new();
    while args.len() < most {
        let (index, word) = (args.len(), reader.word(0));
        if matches!(word, "" | "if" | "unless") {
            if index >= required {
                break;
            }
            let wanted = action.shown(index);
            let text = format!("missing arguments (got {index}/{required}), type '{wanted}' expected");
            return Err(reader.fault(0, text));
        }
        let read = action.read(index, word, &reader.scope(), &reader.format_use());
        args.push(read.map_err(|text| reader.fault(0, text.strip_suffix('.').unwrap_or(&text)))?);
        reader.next += 1;
    }
    args.resize_with(most, || crate::sample::Arg::Absent);
    let (first, names) = (reader.next, reader.cx.names);
    Call::new(action, args, names).map(Action::Extension).map_err(|text| Fault::new(first, text))
}
