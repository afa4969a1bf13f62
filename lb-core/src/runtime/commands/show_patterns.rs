//! `show acl`, `show map` (management.txt, section 9.3).

use std::fmt::Write;
use std::sync::Arc;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use crate::pattern::{Entry, Reference};

/// Whether a command is about ACLs or about maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatternKind {
    /// `acl`.
    Acl,
    /// `map`.
    Map,
}

/// `show acl [[@<ver>] <acl>]`, `show map [[@<ver>] <map>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowPatterns {
    /// What is listed.
    pub kind: PatternKind,
    /// `#<id>` or a file: the entries of this one; without it all ACLs or maps.
    pub name: Option<String>,
    /// The version; the one that is matched where there is none.
    pub version: Option<u32>,
}

/// An ACL or a map in `show acl` and `show map`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternList {
    /// Its number.
    pub id: u32,
    /// Its file.
    pub file: Option<String>,
    /// Where it stands, and where it is used.
    pub description: String,
    /// The version that is matched.
    pub current_version: u32,
    /// The last version that was prepared.
    pub next_version: u32,
    /// Entries of all versions.
    pub entries: usize,
}

/// All ACLs or all maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatternLists(pub Vec<PatternList>);

/// The entries of an ACL or a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PatternEntries(pub Vec<Arc<Entry>>);

impl PatternKind {
    /// The name in messages.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Acl => "ACL",
            Self::Map => "map",
        }
    }

    /// The word of commands.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::Map => "map",
        }
    }

    /// There is none of that name.
    pub(super) fn unknown(self) -> CommandError {
        let text = format!("Unknown {} identifier. Please use #<id> or <file>.", self.title());
        CommandError::new(ErrorCode::NotFound, text)
    }

    /// The reference of that name, whatever looks into it.
    pub(super) fn any(self, instance: &Instance, name: &str) -> Result<Arc<Reference>, CommandError> {
        instance.topology().references.named(name).ok_or_else(|| self.unknown())
    }

    /// The reference of that name that an ACL or a map looks into.
    pub(crate) fn used(self, instance: &Instance, name: &str) -> Result<Arc<Reference>, CommandError> {
        self.any(instance, name).ok().filter(|reference| self.uses(reference)).ok_or_else(|| self.unknown())
    }

    fn uses(self, reference: &Reference) -> bool {
        match self {
            Self::Acl => reference.is_acl(),
            Self::Map => reference.is_map(),
        }
    }
}

/// Reads `@<ver>`, if it is there. What is no number is 0, as in HAProxy.
pub(super) fn version(words: &mut Words) -> Option<u32> {
    let digits = words.peek()?.strip_prefix('@')?;
    let end = digits.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    let version = digits.get(..end).unwrap_or_default().parse().unwrap_or(0);
    words.next();
    Some(version)
}

impl ShowPatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        let version = version(&mut words);
        match (version, words.next()) {
            (Some(_), None) => Err(kind.unknown()),
            (version, name) => Ok(Command::ShowPatterns(Self { kind, name, version })),
        }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        if let Some(name) = &self.name {
            let reference = self.kind.used(instance, name)?;
            return Ok(Reply::PatternEntries(PatternEntries(reference.entries(self.version))));
        }
        let numbered = instance.topology().references.numbered();
        let wanted = numbered.into_iter().filter(|(_, reference)| self.kind.uses(reference));
        let lists = wanted.map(|(id, reference)| {
            let (current_version, next_version, entries) = reference.versions();
            PatternList {
                id,
                file: reference.file().map(str::to_owned),
                description: reference.description(),
                current_version,
                next_version,
                entries,
            }
        });
        Ok(Reply::PatternLists(PatternLists(lists.collect())))
    }
}

impl PatternLists {
    pub(crate) fn render(&self, out: &mut String) {
        out.push_str("# id (file) description\n");
        for list in &self.0 {
            let file = list.file.as_deref().unwrap_or_default();
            let (current, next, entries) = (list.current_version, list.next_version, list.entries);
            let _ = writeln!(
                out,
                "{} ({file}) {}. curr_ver={current} next_ver={next} entry_cnt={entries}",
                list.id, list.description
            );
        }
    }
}

impl PatternEntries {
    pub(crate) fn render(&self, out: &mut String) {
        for entry in &self.0 {
            let _ = write!(out, "{:#x} {}", entry.number(), String::from_utf8_lossy(entry.key()));
            if let Some(value) = entry.value() {
                let _ = write!(out, " {}", String::from_utf8_lossy(value));
            }
            out.push('\n');
        }
    }
}
