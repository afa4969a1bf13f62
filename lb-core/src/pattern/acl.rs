//! The words of an ACL behind its expression: flags, files, operators and patterns (configuration.txt, section 7.1).

use std::path::Path;
use std::sync::Arc;

use super::error::PatternError;
use super::file::Columns;
use super::method::{Method, Mode};
use super::operator::Operators;
use super::pattern::Pattern;
use super::references::References;
use super::set::Set;
use crate::config::Directories;
use crate::sample::{SampleType, Value};

/// What is known of an ACL when its patterns are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AclScope<'a> {
    /// Where references are kept.
    pub(crate) references: &'a References,
    /// Where the relative paths of configuration files start.
    pub(crate) directories: &'a Directories,
    /// The fetch or the ACL keyword as it was written, without arguments and converters: `path_beg`.
    pub(crate) keyword: &'a str,
    /// The word that it stands in, with these.
    pub(crate) word: &'a str,
    /// The type of the sample that is compared.
    pub(crate) sample: SampleType,
    /// The method that the keyword implies (`path_beg`), if there are no converters.
    pub(crate) method: Option<Method>,
    /// Where it stands.
    pub(crate) file: &'a str,
    /// See `file`.
    pub(crate) line: u32,
}

/// The patterns of an ACL: whether a sample matches one of them.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    mode: Mode,
    /// Their numbers among the sets of an instance.
    sets: Box<[usize]>,
}

impl Matcher {
    /// Whether a sample matches, in an instance with these sets.
    pub(crate) fn matches(&self, value: &Value<'_>, sets: &[Arc<Set>]) -> bool {
        match self.mode.method {
            // These take no patterns.
            Method::Found => true,
            Method::Bool => super::key::is_true(value),
            _ => self.sets.iter().filter_map(|number| sets.get(*number)).any(|set| set.matches(value)),
        }
    }

    /// Reads everything behind the expression of an ACL, up to the first empty word. The second part of the result is a
    /// warning, in HAProxy's words.
    ///
    /// # Errors
    /// What is wrong with a flag, a file or a pattern.
    pub(crate) fn parse(words: &[&str], scope: &AclScope<'_>) -> Result<(Self, Option<String>), PatternError> {
        let words = words.split(|word| word.is_empty()).next().unwrap_or_default();
        let mut flags = Flags::read(words, scope)?;
        let description = format!("acl '{}' file '{}' line {}", scope.keyword, scope.file, scope.line);
        let reference = scope.references.words(description, flags.id)?;
        let patterns = words.get(flags.taken..).unwrap_or_default();
        let mut loaded: Vec<String> = Vec::new();
        match flags.mode.method {
            Method::Int | Method::Len | Method::Dotted => {
                let mut operators = Operators::new(flags.mode.method);
                for word in patterns {
                    if let Some(pattern) = operators.read(word)? {
                        Pattern::parse(pattern.as_bytes(), flags.mode)?;
                        loaded.push(pattern);
                    }
                }
            }
            _ => loaded.extend(patterns.iter().map(|word| (*word).to_owned())),
        }
        reference.load(loaded.iter().map(|word| (word.as_bytes(), None)));
        flags.sets.push(reference.set(flags.mode, None).map_err(|(_, error)| error)?);
        let warning = (words.is_empty() && flags.mode.method != Method::Bool).then(|| no_patterns(scope.word));
        Ok((Self { mode: flags.mode, sets: flags.sets.iter().map(|set| set.number).collect() }, warning))
    }
}

fn no_patterns(keyword: &str) -> String {
    format!(
        "parsing acl keyword '{keyword}' :\n  \
         no pattern to match against were provided, so this ACL will never match.\n  \
         If this is what you intended, please add '--' to get rid of this warning.\n  \
         If you intended to match only for existence, please use '-m found'.\n  \
         If you wanted to force an int to match as a bool, please use '-m bool'.\n"
    )
}

/// Flags, and the files among them.
struct Flags {
    mode: Mode,
    id: Option<u32>,
    /// How many words they are.
    taken: usize,
    sets: Vec<Arc<Set>>,
}

impl Flags {
    fn read(words: &[&str], scope: &AclScope<'_>) -> Result<Self, PatternError> {
        let mut method = scope.method.or_else(|| Method::default_for(scope.sample));
        let (mut ignore_case, mut resolve, mut two_columns) = (false, true, false);
        let mut flags = Self { mode: Mode::new(Method::Found), id: None, taken: 0, sets: Vec::new() };
        let name = scope.keyword.split('(').next().unwrap_or_default();
        let missing = || PatternError::MethodMissing(name.to_owned());
        let mut rest = words.iter();
        while let Some(word) = rest.as_slice().first().copied().filter(|word| word.starts_with('-')) {
            rest.next();
            match word {
                "-i" => ignore_case = true,
                "-n" => resolve = false,
                "-M" => two_columns = true,
                "-u" => {
                    let id = rest.next().copied().unwrap_or("0");
                    flags.id = Some(id.parse::<i64>().map_err(|_| PatternError::IdNotInteger)? as u32);
                }
                "-m" => {
                    if !flags.sets.is_empty() {
                        return Err(PatternError::LateMethod);
                    }
                    let name = rest.next().copied().unwrap_or_default();
                    let named = Method::from_name(name).ok_or_else(|| PatternError::UnknownMethod(name.to_owned()))?;
                    if !named.accepts(scope.sample) {
                        return Err(PatternError::Method {
                            method: name.to_owned(),
                            keyword: scope.keyword.to_owned(),
                        });
                    }
                    method = Some(named);
                }
                "-f" => {
                    let mode = Mode { method: method.ok_or_else(missing)?, ignore_case, resolve, groups: false };
                    let columns = if two_columns { Columns::KeyAndValue } else { Columns::Key };
                    let place = (scope.file, scope.line);
                    let name = rest.next().copied().unwrap_or_default();
                    let path = scope.directories.locate(scope.file, Path::new(name));
                    let (_, set) = scope.references.file_set((name, &path), columns, mode, None, place)?;
                    flags.sets.push(set);
                }
                "--" => break,
                other => return Err(PatternError::UnknownOption(other.to_owned())),
            }
        }
        flags.taken = words.len() - rest.len();
        flags.mode = Mode { method: method.ok_or_else(missing)?, ignore_case, resolve, groups: false };
        Ok(flags)
    }
}
