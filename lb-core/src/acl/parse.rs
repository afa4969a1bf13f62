//! From words to ACLs and conditions.

use super::condition::{Condition, Subject, Term};
use super::{Acl, Test, predefined};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::pattern::{AclScope, Matcher, Method};
use crate::sample::expression::name_of;
use crate::sample::fetch::acl_words;
use crate::sample::late::GroupTest;
use crate::sample::{Expression, Place, Places, Scope};

/// Why words were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The word to blame, counted from the first that was given.
    pub(crate) word: usize,
    /// HAProxy's text.
    pub(crate) message: String,
}

impl Fault {
    fn new(word: usize, message: impl Into<String>) -> Self {
        Self { word, message: message.into() }
    }
}

/// A warning.
#[derive(Clone, Debug)]
pub(crate) struct Warning {
    /// The word it is about, counted as those of faults.
    word: usize,
    /// HAProxy's text.
    text: String,
    /// HAProxy says where it is.
    placed: bool,
}

impl Warning {
    /// Adds it to what is told; the words began with word `first` of the line.
    pub(crate) fn tell(self, first: usize, line: &Line, diags: &mut Diagnostics) {
        let heading = if self.placed { Heading::Keyword } else { Heading::Whole };
        diags.push(Diagnostic::about(Severity::Warning, line, first + self.word, self.text).heading(heading));
    }
}

/// Reads ACLs and conditions of one section.
pub(crate) struct AclReader<'a> {
    /// Where the words stand.
    pub(crate) scope: Scope<'a>,
    /// The named ACLs of the section.
    pub(crate) acls: &'a [Acl],
    /// What was noticed.
    pub(crate) warnings: Vec<Warning>,
    /// The ACL that is read, of those that have a name.
    pub(crate) name: &'a str,
    /// The rules that a condition is for, where messages name them (`tcp-request content`).
    pub(crate) rules: Option<&'static str>,
}

impl<'a> AclReader<'a> {
    /// A reader.
    pub(crate) fn new(scope: Scope<'a>, acls: &'a [Acl]) -> Self {
        Self { scope, acls, warnings: Vec::new(), name: "", rules: None }
    }

    /// Reads the words of an ACL behind its name: a fetch with converters, flags, patterns.
    ///
    /// # Errors
    /// HAProxy's text for the first word that is wrong.
    pub(crate) fn test(&mut self, words: &[&str]) -> Result<Test, Fault> {
        let first = words.first().copied().unwrap_or_default();
        let (name, tail) = first.split_at(name_of(first).len());
        if name.is_empty() {
            return Err(Fault::new(0, format!("missing fetch method in ACL expression '{first}'")));
        }
        let scope = Scope { keyword: "ACL keyword", ..self.scope };
        let known = acl_words::find(name);
        let (fetch, method) = known.map_or((name, None), |known| (known.fetch, Some(known.method)));
        let extensions = &scope.names.extensions;
        if crate::sample::fetch::find(fetch).is_none() && extensions.find_fetch(fetch).is_none() {
            let near = extensions.nearest_fetch(fetch);
            let near = near.map_or(String::new(), |near| format!("; did you mean '{near}' maybe ?"));
            return Err(Fault::new(0, format!("unknown fetch method '{name}' in ACL expression '{first}'{near}")));
        }
        let text = format!("{fetch}{tail}");
        // Converters may follow as words of their own behind what is no keyword of ACLs.
        let more = words.get(1..).unwrap_or_default();
        let more = more.iter().copied().filter(|_| known.is_none());
        let (expression, taken) =
            Expression::parse_words(std::iter::once(&*text).chain(more), &scope).map_err(|error| Fault {
                word: 0,
                message: match known {
                    None => format!("{} in ACL expression '{first}'", error.message),
                    Some(_) => {
                        let own = format!("fetch method '{fetch}' : ");
                        match error.message.strip_prefix(&own) {
                            Some(message) => format!("ACL keyword '{name}' : {message}"),
                            None => {
                                let named = format!(" '{fetch}'");
                                let message = error.message.strip_suffix(&named).unwrap_or(&error.message);
                                format!("ACL keyword '{name}' : {message}.")
                            }
                        }
                    }
                },
            })?;
        let rest = words.get(taken..).unwrap_or_default();
        let patterns = AclScope {
            references: &scope.names.references,
            directories: &scope.names.directories,
            keyword: name,
            word: first,
            sample: expression.output(),
            // A converter changes what there is to match: the keyword's own method is for what the fetch yields.
            method: method.filter(|_| !expression.has_converters()).and_then(Method::from_name),
            file: scope.file,
            line: scope.line,
        };
        let (matcher, warning) =
            Matcher::parse(rest, &patterns).map_err(|error| Fault::new(taken, error.to_string()))?;
        self.warnings.extend(warning.map(|text| Warning { word: 0, text, placed: false }));
        let second = words.get(1).copied().unwrap_or_default();
        if second.starts_with('(') && !first.contains('(') {
            let text = format!(
                "parsing acl '{}' :\n  matching '{first}' for pattern '{second}' is likely a mistake and probably\n  not \
                 what you want. Maybe you need to remove the extraneous space before '('.\n  If you are really sure this \
                 is not an error, please insert '--' between the\n  match and the pattern to make this warning message \
                 disappear.",
                self.name
            );
            self.warnings.push(Warning { word: 1, text, placed: false });
        }
        if let Some(userlist) = expression.asks_for_groups() {
            let groups = if expression.has_converters() { Vec::new() } else { named_groups(rest) };
            scope.names.late.note_groups(GroupTest { acl: self.name.to_owned(), userlist, groups });
        }
        Ok(Test { expression, matcher, keyword: name.into() })
    }

    /// Reads a condition, which begins with `if` or `unless`, up to the end of the words.
    ///
    /// # Errors
    /// HAProxy's text for the first word that is wrong.
    pub(crate) fn condition(&mut self, words: &[&str], places: Places) -> Result<Condition, Fault> {
        let mut condition = Condition { unless: words.first() == Some(&"unless"), alternatives: vec![Vec::new()] };
        let (mut at, mut negated, mut warned) = (1, false, false);
        while let Some(word) = words.get(at).copied().filter(|word| !word.is_empty()) {
            if matches!(word, "or" | "||") {
                condition.alternatives.push(Vec::new());
                (at, negated) = (at + 1, false);
                continue;
            }
            let name = word.trim_start_matches('!');
            negated ^= (word.len() - name.len()) % 2 == 1;
            if name.is_empty() {
                at += 1;
                continue;
            }
            let subject = match name {
                "{" => {
                    let inside = words.get(at + 1..).unwrap_or_default();
                    let length = inside.iter().position(|word| *word == "}");
                    let length = length.ok_or_else(|| Fault::new(at, "missing closing '}' in condition"))?;
                    let words = inside.get(..length).unwrap_or_default();
                    let before = self.warnings.len();
                    let test = self.test(words).map_err(|fault| Fault { word: fault.word + at + 1, ..fault })?;
                    for warning in self.warnings.iter_mut().skip(before) {
                        warning.word += at + 1;
                    }
                    self.warn_of_place(at, None, std::slice::from_ref(&test), places, &mut warned);
                    at += length + 2;
                    Subject::Own(Box::new(test))
                }
                name => {
                    at += 1;
                    match self.acls.iter().position(|acl| acl.name == name) {
                        Some(number) => {
                            let tests = self.acls.get(number).map(|acl| acl.tests.clone()).unwrap_or_default();
                            self.warn_of_place(at - 1, Some(name), &tests, places, &mut warned);
                            Subject::Named(number)
                        }
                        None => {
                            let words = predefined::find(name)
                                .ok_or_else(|| Fault::new(at - 1, format!("no such ACL : '{name}'")))?;
                            let test = self.test(words)?;
                            self.warn_of_place(at - 1, Some(name), std::slice::from_ref(&test), places, &mut warned);
                            Subject::Own(Box::new(test))
                        }
                    }
                }
            };
            if let Some(terms) = condition.alternatives.last_mut() {
                terms.push(Term { negated, subject });
            }
            negated = false;
        }
        Ok(condition)
    }

    /// Tells of the first ACL of a condition that looks at what is not there; `name` of one that has a name.
    fn warn_of_place(&mut self, word: usize, name: Option<&str>, tests: &[Test], places: Places, warned: &mut bool) {
        let conflicts = |test: &&Test| !test.expression.places().meets(places);
        let Some(fetch) = tests.iter().find(conflicts).map(|test| &*test.keyword) else { return };
        if std::mem::replace(warned, true) {
            return;
        }
        let place = places.first().map_or("", Place::name);
        let rules = self.rules.map_or(String::new(), |rules| format!(" in '{rules}'"));
        let text = match name {
            None => format!(
                "anonymous acl will never match{rules} because it uses keyword '{fetch}' which is incompatible with '{place}'"
            ),
            Some(name) if tests.iter().all(|test| conflicts(&test)) => format!(
                "acl '{name}' will never match{rules} because it only involves keywords that are incompatible with '{place}'"
            ),
            Some(name) => {
                let keyword = if self.rules.is_some() { "keyword" } else { "keywords" };
                format!("acl '{name}' involves {keyword} '{fetch}' which is incompatible with '{place}'")
            }
        };
        self.warnings.push(Warning { word, text, placed: true });
    }
}

/// The groups among the words behind `http_auth_group`, which are patterns of no method of their own. Those in a file are
/// not looked at.
fn named_groups(words: &[&str]) -> Vec<String> {
    let mut words = words.iter().copied();
    let mut groups = Vec::new();
    while let Some(word) = words.next() {
        match word {
            "-m" => return Vec::new(),
            "-u" | "-f" => drop(words.next()),
            "--" => break,
            flag if flag.starts_with('-') => {}
            group => {
                groups.push(group.to_owned());
                break;
            }
        }
    }
    groups.extend(words.map(str::to_owned));
    groups
}
