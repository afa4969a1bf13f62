//! `add acl`, `add map`, `set map`, `del acl`, `del map`, `clear acl`, `clear map` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use super::show_patterns::{PatternKind, version};
use crate::pattern::{ChangeError, Target};

/// `add acl [@<ver>] <acl> <pattern>`, `add map [@<ver>] <map> <key> <value>`, or several of the latter as a payload.
/// Whether an entry exists already is not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddPatterns {
    /// Where to.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
    /// A version that was prepared; the one that is matched where there is none.
    pub version: Option<u32>,
    /// Keys, and in maps their values. In a payload the first line without a value ends it with an error.
    pub entries: Vec<(String, Option<String>)>,
}

/// `set map <map> [<key>|#<ref>] <value>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetMap {
    /// `#<id>` or a file.
    pub name: String,
    /// Which entries.
    pub target: Target,
    /// Their new value.
    pub value: String,
}

/// `del acl <acl> [<key>|#<ref>]`, `del map <map> [<key>|#<ref>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DelPatterns {
    /// Where.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
    /// Which entries.
    pub target: Target,
}

/// `clear acl [@<ver>] <acl>`, `clear map [@<ver>] <map>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClearPatterns {
    /// Where.
    pub kind: PatternKind,
    /// `#<id>` or a file.
    pub name: String,
    /// The version; the one that is matched where there is none.
    pub version: Option<u32>,
}

fn usage(text: &'static str) -> CommandError {
    CommandError::new(ErrorCode::Usage, text)
}

/// The error of a change in HAProxy's words.
pub(super) fn failed(kind: PatternKind, error: &ChangeError) -> CommandError {
    match error {
        ChangeError::FutureVersion => {
            let text = format!("Version number in the future, please use 'prepare {}' before.", kind.word());
            CommandError::new(ErrorCode::Invalid, text)
        }
        ChangeError::NoSuchKey | ChangeError::NoSuchEntry => CommandError::new(ErrorCode::NotFound, error.to_string()),
        _ => CommandError::new(ErrorCode::Invalid, error.to_string()),
    }
}

/// `#0x...` is an entry's number, `#` and something else a key. `None` for a number that is none.
fn target(word: &str) -> Option<Target> {
    match word.strip_prefix("#0x") {
        Some(number) => u64::from_str_radix(number, 16).ok().map(Target::Entry),
        None => Some(Target::Key(word.as_bytes().to_vec())),
    }
}

fn malformed() -> CommandError {
    usage("Malformed identifier. Please use #<id> or <file>.")
}

impl AddPatterns {
    pub(crate) fn parse_acl(mut words: Words) -> Result<Command, CommandError> {
        let version = version(&mut words);
        match (words.next(), words.next(), words.payload()) {
            (Some(name), Some(key), None) => {
                Ok(Command::AddPatterns(Self { kind: PatternKind::Acl, name, version, entries: vec![(key, None)] }))
            }
            _ => Err(usage("'add acl' expects two parameters: ACL identifier and pattern.")),
        }
    }

    pub(crate) fn parse_map(mut words: Words) -> Result<Command, CommandError> {
        let version = version(&mut words);
        let refused = || {
            let text = "'add map' expects three parameters (map identifier, key and value) or one parameter (map \
                identifier) and a payload";
            usage(text)
        };
        let name = words.next().ok_or_else(refused)?;
        let (key, value) = (words.next(), words.next());
        let entries = match (words.payload(), key, value) {
            (Some(payload), ..) => payload.lines().filter_map(entry).collect(),
            (None, Some(key), Some(value)) => vec![(key, Some(value))],
            _ => return Err(refused()),
        };
        Ok(Command::AddPatterns(Self { kind: PatternKind::Map, name, version, entries }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let reference = self.kind.any(instance, &self.name)?;
        if self.kind == PatternKind::Acl && reference.is_map() {
            return Err(failed(self.kind, &ChangeError::SharedWithMap));
        }
        let entries = self.entries.iter().map(|(key, value)| match (self.kind, value) {
            (PatternKind::Map, None) => Err(ChangeError::NoValue(key.clone())),
            (_, value) => Ok((key.as_bytes(), value.as_deref().map(str::as_bytes))),
        });
        reference.add_all(entries, self.version).map_err(|error| failed(self.kind, &error))?;
        Ok(Reply::Done)
    }
}

/// A line of a payload: the first word is the key, the rest the value, which is empty where blanks alone follow.
fn entry(line: &str) -> Option<(String, Option<String>)> {
    let line = line.trim_start_matches([' ', '\t']);
    let (key, value) = line.split_once([' ', '\t']).map_or((line, None), |(key, rest)| (key, Some(rest)));
    let value = value.map(|value| value.trim_start_matches([' ', '\t']).to_owned());
    (!key.is_empty()).then(|| (key.to_owned(), value))
}

impl SetMap {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let (Some(name), Some(key), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(usage("'set map' expects three parameters: map identifier, key and value."));
        };
        Ok(Command::SetMap(Self { name, target: target(&key).ok_or_else(malformed)?, value }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let reference = PatternKind::Map.any(instance, &self.name)?;
        let changed = reference.set_value(&self.target, self.value.as_bytes());
        changed.map_err(|error| match error {
            ChangeError::NoSuchEntry => CommandError::new(ErrorCode::NotFound, "key or pattern not found."),
            error => failed(PatternKind::Map, &error),
        })?;
        Ok(Reply::Done)
    }
}

impl DelPatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        let (Some(name), Some(key)) = (words.next(), words.next()) else {
            return Err(CommandError::new(
                ErrorCode::Usage,
                format!("This command expects two parameters: {} identifier and key.", kind.title()),
            ));
        };
        Ok(Command::DelPatterns(Self { kind, name, target: target(&key).ok_or_else(malformed)? }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        // HAProxy says "map" here in `del acl` as well.
        let reference = self.kind.used(instance, &self.name).map_err(|_| PatternKind::Map.unknown())?;
        let deleted = reference.delete(&self.target);
        deleted.map_err(|_| CommandError::new(ErrorCode::NotFound, "Key not found."))?;
        Ok(Reply::Done)
    }
}

impl ClearPatterns {
    pub(crate) fn parse(mut words: Words, kind: PatternKind) -> Result<Command, CommandError> {
        let version = version(&mut words);
        let missing = || CommandError::new(ErrorCode::Usage, format!("Missing {} identifier.", kind.title()));
        Ok(Command::ClearPatterns(Self { kind, name: words.next().ok_or_else(missing)?, version }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        self.kind.used(instance, &self.name)?.clear(self.version);
        Ok(Reply::Done)
    }
}
