//! `get acl`, `get map` (management.txt, section 9.3).

use std::fmt::Write;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use super::show_patterns::PatternKind;
use crate::pattern::{Lookup, LookupValue};

/// `get acl <acl> <value>`, `get map <map> <value>`: what a text would match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetPatterns {
    /// Where it is looked up.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
    /// The text.
    pub value: String,
}

/// What a text matches, for each method that looks into the ACL or the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternLookups {
    /// Which command it was.
    pub kind: PatternKind,
    /// One for each method.
    pub lookups: Vec<Lookup>,
}

impl GetPatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        match (words.next(), words.next()) {
            (Some(name), Some(value)) => Ok(Command::GetPatterns(Self { kind, name, value })),
            _ => {
                let text = format!("Missing {} identifier and/or key.", kind.title());
                Err(CommandError::new(ErrorCode::Usage, text))
            }
        }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let reference = self.kind.any(instance, &self.name)?;
        let lookups = reference.sets().iter().map(|set| set.lookup(self.value.as_bytes())).collect();
        Ok(Reply::PatternLookups(PatternLookups { kind: self.kind, lookups }))
    }
}

impl PatternLookups {
    pub(crate) fn render(&self, out: &mut String) {
        let (found, key) = match self.kind {
            PatternKind::Acl => ("match", "pattern"),
            PatternKind::Map => ("found", "key"),
        };
        for lookup in &self.lookups {
            let case = if lookup.ignore_case { "insensitive" } else { "sensitive" };
            let _ = write!(out, "type={}, case={case}, ", lookup.method);
            let Some(matched) = &lookup.matched else {
                let _ = writeln!(out, "{found}=no");
                continue;
            };
            let index = if matched.tree { "tree" } else { "list" };
            let _ = write!(out, "{found}=yes, idx={index}, {key}=");
            let _ = match &matched.key {
                Some(text) => write!(out, "\"{}\"", String::from_utf8_lossy(text)),
                None => write!(out, "unknown"),
            };
            if self.kind == PatternKind::Map {
                let _ = match &matched.value {
                    LookupValue::None => write!(out, ", value=none"),
                    LookupValue::Of(text, kind) => {
                        write!(out, ", value=\"{}\", type=\"{}\"", String::from_utf8_lossy(text), kind.word())
                    }
                };
            }
            out.push('\n');
        }
    }
}
