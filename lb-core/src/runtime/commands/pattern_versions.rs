//! `prepare acl`, `prepare map`, `commit acl`, `commit map`: all entries replaced at once (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Severity, Words};
use super::change_patterns::failed;
use super::show_patterns::{PatternKind, version};

/// `prepare acl <acl>`, `prepare map <map>`: makes a version that entries can be added to without being matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparePatterns {
    /// Where.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
}

/// `commit acl @<ver> <acl>`, `commit map @<ver> <map>`: a version that was prepared is matched from now on, older ones
/// are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitPatterns {
    /// Where.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
    /// The version.
    pub version: u32,
}

impl PreparePatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        Ok(Command::PreparePatterns(Self { kind, name: words.next().ok_or_else(|| kind.unknown())? }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let version = self.kind.used(instance, &self.name)?.prepare();
        Ok(Reply::Message(Severity::Info, format!("New version created: {version}")))
    }
}

impl CommitPatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        let missing = || CommandError::new(ErrorCode::Usage, "Missing version number.");
        let version = version(&mut words).ok_or_else(missing)?;
        let missing = || CommandError::new(ErrorCode::Usage, format!("Missing {} identifier.", kind.title()));
        Ok(Command::CommitPatterns(Self { kind, name: words.next().ok_or_else(missing)?, version }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let reference = self.kind.used(instance, &self.name)?;
        reference.commit(self.version).map_err(|error| failed(self.kind, &error))?;
        Ok(Reply::Done)
    }
}
