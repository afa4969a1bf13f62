//! Faults of a section that HAProxy finds when all was read: what names other sections, and arguments of expressions.

use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::{Line, Place};
use crate::config::model::Userlist;
use crate::config::render::message;
use crate::sample::late::{GroupTest, LateFault, LateFaults};

/// The faults of a section so far. They are told where every line was understood and the section is used.
#[derive(Clone, Debug, Default)]
pub(super) struct Late {
    references: Vec<Diagnostic>,
    arguments: Vec<Diagnostic>,
    groups: Vec<(Line, GroupTest)>,
}

impl Late {
    /// A word of a line names what is not there; the text names the section.
    pub(super) fn reference(&mut self, line: &Line, word: usize, text: String) {
        self.references.push(Diagnostic::about(Severity::Alert, line, word, text).heading(Heading::Whole));
    }

    /// What was collected while a line was read.
    pub(super) fn collect(&mut self, line: &Line, faults: &LateFaults) {
        self.arguments(line, faults.take());
        self.groups.extend(faults.take_groups().into_iter().map(|test| (line.clone(), test)));
    }

    /// Groups of users that ACLs of the section ask for and that their lists do not have.
    pub(super) fn check_groups(&mut self, section: &str, userlists: &[Userlist]) {
        for (line, GroupTest { acl, userlist, groups }) in std::mem::take(&mut self.groups) {
            let told = |what: &str| format!("proxy {section}: acl {acl} http_auth_group(): {what}.");
            let known = |group: &String| userlists.get(userlist).is_some_and(|list| list.groups.contains_key(group));
            for group in groups.iter().filter(|group| !known(group)) {
                let word = line.words.iter().position(|word| word.text == *group).unwrap_or(0);
                self.reference(&line, word, told(&format!("invalid group '{group}'")));
            }
            if groups.is_empty() {
                self.reference(&line, 0, told("no groups specified"));
            }
        }
    }

    /// Arguments of the expressions of a line.
    pub(super) fn arguments(&mut self, line: &Line, faults: Vec<LateFault>) {
        self.arguments.extend(faults.into_iter().map(|fault| {
            let word = line.words.iter().position(|word| word.text.contains(&fault.word)).unwrap_or(0);
            Diagnostic::about(Severity::Alert, line, word, fault.message).heading(Heading::Line)
        }));
    }

    /// Whether something is not there that the line at that place names.
    pub(super) fn is_about(&self, place: &Place) -> bool {
        self.references.iter().any(|told| {
            told.place
                .as_ref()
                .is_some_and(|told| told.file == place.file && told.line == place.line && !told.is_call())
        })
    }

    /// Tells them.
    pub(super) fn tell(self, diags: &mut Diagnostics) {
        self.references.into_iter().for_each(|reference| diags.push(reference));
        let texts: Vec<String> = self.arguments.iter().map(message).collect();
        let Some(first) = self.arguments.into_iter().next() else { return };
        let text = match texts.as_slice() {
            [text] => text.clone(),
            texts => format!("multiple argument resolution errors:\n        {}", texts.join("\n        ")),
        };
        diags.push(Diagnostic { message: text, ..first }.heading(Heading::Whole));
    }
}
