//! Rules by family: lines of a configuration that are generated from tables of names, arguments and inputs, many in one
//! frontend, each with a header field of its own, so that a difference from HAProxy names its line.
//!
//! ```text
//! fetches     what is taken from requests, responses, connections and sections
//! converters  what is computed from constants
//! conditions  ACLs: methods, flags, patterns, operators, names, files
//! maps        map files
//! counters    tracked counters, stick rules and what the tables hold at the end
//! ```

pub mod conditions;
pub mod converters;
pub mod counters;
pub mod fetches;
pub mod maps;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::rule_cases::{Outcome, RuleCase, configuration, refused, through_haproxy, through_lb};

/// Lines in one frontend: their fields have to fit into one head.
const LINES: usize = 50;

/// A generated line: where `{n}` stands in it, the number of its field is filled in.
#[derive(Clone, Debug)]
pub struct Line {
    /// The line.
    pub text: String,
    /// Whether it belongs to the backend.
    pub backend: bool,
    /// Why the two differ on purpose.
    pub differs: Option<&'static str>,
}

/// Generated lines and what they run in.
#[derive(Clone, Debug, Default)]
pub struct Family {
    /// What differs by line.
    pub lines: Vec<Line>,
    /// What is there besides: other lines of the frontend and the backend, sections, requests, response, tables.
    pub base: RuleCase,
}

impl Family {
    /// No lines yet.
    pub fn new(name: &str, requests: &[&str]) -> Self {
        let base = RuleCase {
            name: name.to_owned(),
            requests: requests.iter().map(|text| (*text).to_owned()).collect(),
            ..RuleCase::default()
        };
        Self { base, lines: Vec::new() }
    }

    /// Lines of the frontend that come first.
    #[must_use]
    pub fn before(mut self, lines: &[&str]) -> Self {
        self.base.frontend.extend(lines.iter().map(|line| (*line).to_owned()));
        self
    }

    /// A line for each expression that puts its value into a field of the request.
    #[must_use]
    pub fn request<T: AsRef<str>>(self, expressions: impl IntoIterator<Item = T>) -> Self {
        self.each("http-request set-header f-{n} \"<%[{}]>\"", false, expressions)
    }

    /// The same in the backend.
    #[must_use]
    pub fn backend_request<T: AsRef<str>>(self, expressions: impl IntoIterator<Item = T>) -> Self {
        self.each("http-request set-header f-{n} \"<%[{}]>\"", true, expressions)
    }

    /// A line for each expression that puts its value into a field of the response.
    #[must_use]
    pub fn response<T: AsRef<str>>(self, expressions: impl IntoIterator<Item = T>) -> Self {
        self.each("http-response set-header f-{n} \"<%[{}]>\"", false, expressions)
    }

    /// A line for each item, which stands where `{}` is in the pattern.
    #[must_use]
    pub fn each<T: AsRef<str>>(mut self, pattern: &str, backend: bool, items: impl IntoIterator<Item = T>) -> Self {
        self.lines.extend(items.into_iter().map(|item| Line {
            text: pattern.replace("{}", item.as_ref()),
            backend,
            differs: None,
        }));
        self
    }

    /// Marks the lines that contain one of these: they differ, and that is why.
    ///
    /// # Panics
    /// When there is no such line.
    #[must_use]
    pub fn differ(mut self, why: &'static str, parts: &[&str]) -> Self {
        for part in parts {
            let mut found = false;
            for line in self.lines.iter_mut().filter(|line| line.text.contains(part)) {
                line.differs = Some(why);
                found = true;
            }
            assert!(found, "no line contains {part}");
        }
        self
    }

    /// Frontends with at most [`LINES`] of the lines.
    fn cases(&self) -> Vec<(RuleCase, Vec<Line>)> {
        let numbered: Vec<Line> = self
            .lines
            .iter()
            .enumerate()
            .map(|(number, line)| Line { text: line.text.replace("{n}", &number.to_string()), ..line.clone() })
            .collect();
        let build = |lines: &[Line]| {
            let mut case = self.base.clone();
            for line in lines {
                if line.backend { &mut case.backend } else { &mut case.frontend }.push(line.text.clone());
            }
            (case, lines.to_vec())
        };
        if numbered.is_empty() {
            return vec![build(&[])];
        }
        numbered.chunks(LINES).map(build).collect()
    }
}

/// Lines of all families, those around the generated ones included.
pub fn count(families: &[Family]) -> usize {
    let rules = |lines: &[String]| lines.iter().filter(|line| !line.starts_with("log-format")).count();
    families.iter().map(|family| family.lines.len() + rules(&family.base.frontend) + rules(&family.base.backend)).sum()
}

/// Sends the requests of all families through HAProxy and lb and says which lines differ, or are refused.
pub fn compare_families(binary: &Path, families: &[Family]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut all = Vec::new();
    for (case, lines) in families.iter().flat_map(Family::cases) {
        match refused(&case) {
            None => all.push((case, lines)),
            Some(why) => faults.push(format!("{}: refused: {why}", case.name)),
        }
    }
    for batch in all.chunks(25) {
        let cases: Vec<RuleCase> = batch.iter().map(|(case, _)| case.clone()).collect();
        if let Some(told) = check(binary, &cases) {
            faults.push(told);
            continue;
        }
        let theirs = through_haproxy(binary, &cases);
        let ours = through_lb(&cases);
        for (((case, lines), theirs), ours) in batch.iter().zip(&theirs).zip(&ours) {
            faults.append(&mut differences(case, lines, theirs, ours));
        }
    }
    faults
}

/// HAProxy's own check of a configuration: without it a refused line would only be a closed port.
fn check(binary: &Path, cases: &[RuleCase]) -> Option<String> {
    let origins = vec![vec!["127.0.0.1:1".parse().unwrap()]; cases.len()];
    let mut text = configuration(cases, "", &origins);
    for index in (0..cases.len()).rev() {
        text = text.replace(&format!("{{listen{index}}}"), &format!("127.0.0.1:{}", 20000 + index));
    }
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), &text).expect("written");
    let output = Command::new(binary).args(["-c", "-f"]).arg(file.path()).output().expect("HAProxy runs");
    let told = String::from_utf8_lossy(&output.stderr);
    let alerts: Vec<&str> = told.lines().filter(|line| line.contains("ALERT")).collect();
    (!output.status.success()).then(|| format!("HAProxy refuses ({}):\n{}", output.status, alerts.join("\n")))
}

/// What differs between the outcomes of a case, by line as far as lines can be told apart.
fn differences(case: &RuleCase, lines: &[Line], theirs: &Outcome, ours: &Outcome) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (number, (theirs, ours)) in theirs.responses.iter().zip(&ours.responses).enumerate() {
        let (their_fields, their_rest) = fields(theirs);
        let (our_fields, our_rest) = fields(ours);
        if their_rest != our_rest {
            faults.push(format!("{} request {number}:\n  HAProxy: {their_rest}\n  lb: {our_rest}", case.name));
        }
        for line in lines {
            let name = field_of(&line.text);
            let (theirs, ours) = (their_fields.get(name), our_fields.get(name));
            if theirs != ours {
                let text = format!("  request {number}: HAProxy {theirs:?}, lb {ours:?}");
                differing.entry(name).or_default().push(text);
            }
        }
    }
    for line in lines {
        match (line.differs, differing.get(field_of(&line.text))) {
            (None, Some(found)) => faults.push(format!("{}: {}\n{}", case.name, line.text, found.join("\n"))),
            (Some(why), None) => faults.push(format!("{}: {} no longer differs ({why})", case.name, line.text)),
            _ => {}
        }
    }
    for (what, theirs, ours) in [("log", &theirs.log, &ours.log), ("table", &theirs.tables, &ours.tables)] {
        if theirs != ours {
            let pairs = theirs.iter().zip(ours).filter(|(theirs, ours)| theirs != ours);
            let told: Vec<String> = pairs.map(|(theirs, ours)| format!("  HAProxy: {theirs}\n  lb: {ours}")).collect();
            let counts = format!("{} and {} lines", theirs.len(), ours.len());
            faults.push(format!("{}: {what} differs, {counts}\n{}", case.name, told.join("\n")));
        }
    }
    faults
}

/// The field that a line writes.
fn field_of(line: &str) -> &str {
    line.split(' ').find(|word| word.starts_with("f-")).unwrap_or("")
}

/// The generated fields of a response, or of the request that its body shows, and everything else. The length of the
/// body is no difference of its own.
fn fields(response: &str) -> (BTreeMap<&str, Vec<&str>>, String) {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut rest = Vec::new();
    for line in response.split('\n') {
        match line.split_once(": ") {
            Some((name, value)) if name.starts_with("f-") => found.entry(name).or_default().push(value),
            Some(("content-length", _)) => {}
            _ => rest.push(line),
        }
    }
    (found, rest.join("\n"))
}

/// Every one of the first with every one of the second.
pub(crate) fn product(first: &[&str], second: &[&str], join: impl Fn(&str, &str) -> String) -> Vec<String> {
    first.iter().flat_map(|one| second.iter().map(|two| join(one, two)).collect::<Vec<_>>()).collect()
}
