//! `http-request`, `http-response`, `http-after-response`, `tcp-request`, `tcp-response` and `redirect`
//! (configuration.txt, section 4.2): which action a line is, its arguments, its condition. One file per family of
//! actions; [`table`] has all of them.

mod counters;
mod custom;
mod headers;
mod patterns;
mod replies;
mod resolve;
mod table;
mod target;
mod tcp;
mod values;
mod variables;

pub(super) use table::ACTIONS;
pub(super) use tcp::{request as tcp_request, response as tcp_response};
pub(super) use variables::read_assignment;

use super::draft::RuleSet;
use super::order::{Class, warn_of_order};
use super::{Cx, redirect};
use crate::acl::{AclReader, Condition, Fault as AclFault};
use crate::config::diagnostic::{Diagnostic, Heading, Severity};
use crate::config::model::{Action, Rule, RuleList};
use crate::config::suggest;
use crate::log::{FormatUse, LogFormat};
use crate::sample::{Expression, Places, Scope};

/// Why a rule was refused.
#[derive(Debug)]
pub(super) struct Fault {
    /// The word to blame.
    pub(super) word: usize,
    /// HAProxy's text, without the period.
    pub(super) message: String,
    /// What goes before the text.
    pub(super) style: Style,
}

/// What HAProxy writes before the text of a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Style {
    /// The place and the rule.
    #[default]
    Rule,
    /// The place, as most keywords write it.
    Keyword,
}

impl Fault {
    /// Blames a word.
    pub(super) fn new(word: usize, message: impl Into<String>) -> Self {
        Self { word, message: message.into(), style: Style::Rule }
    }

    /// The same about another word.
    pub(super) fn at(self, word: usize) -> Self {
        Self { word, ..self }
    }
}

/// Reads an action's arguments.
type Parse = fn(&mut Reader<'_, '_>) -> Result<Action, Fault>;

/// A rule while it is read.
struct Reader<'c, 'l> {
    cx: &'c mut Cx<'l>,
    set: RuleSet,
    /// The action as it was written.
    name: String,
    /// The next word of the line.
    next: usize,
    /// How messages about arguments call its expressions.
    called: &'static str,
}

impl<'c, 'l> Reader<'c, 'l> {
    fn new(cx: &'c mut Cx<'l>, set: RuleSet, name: String, next: usize) -> Self {
        Self { cx, set, name, next, called: set.expression() }
    }

    /// A word from the next one on.
    fn word(&self, index: usize) -> &'l str {
        self.cx.line.arg(self.next + index)
    }

    /// Takes the next word.
    fn take(&mut self) -> &'l str {
        let word = self.cx.line.arg(self.next);
        self.next += 1;
        word
    }

    /// How many words there are until a condition begins.
    fn words_before_condition(&self) -> usize {
        (0..).take_while(|index| !matches!(self.word(*index), "" | "if" | "unless")).count()
    }

    /// Blames a word from the next one on.
    fn fault(&self, index: usize, message: impl Into<String>) -> Fault {
        Fault::new(self.next + index, message)
    }

    /// A word names what is not there, which is told when all was read.
    fn late_reference(&mut self, word: usize, text: String) {
        self.cx.draft.late.reference(self.cx.line, word, text);
    }

    /// Where the rule's expressions are evaluated.
    fn places(&self) -> Places {
        self.set.places(self.cx.draft.section)
    }

    fn scope(&self) -> Scope<'l> {
        self.cx.scope(self.called)
    }

    /// Takes a format.
    fn format(&mut self) -> Result<LogFormat, Fault> {
        let word = self.next;
        self.next += 1;
        self.format_at(word)
    }

    fn format_at(&self, word: usize) -> Result<LogFormat, Fault> {
        let usage = self.format_use();
        format(self.cx.line.arg(word), &usage).map_err(|fault| Fault { word, ..fault })
    }

    fn format_use(&self) -> FormatUse<'l> {
        let (http, messages) = (self.cx.draft.is_http(), self.set.is_http());
        FormatUse { http, messages, rule: true, places: self.places(), scope: self.scope() }
    }

    /// Takes an expression, which ends where a condition begins, and checks that it has a value here.
    fn expression(&mut self) -> Result<Expression, Fault> {
        let shown = self.cx.line.arg(self.next);
        self.expression_shown(shown)
    }

    /// The same, which HAProxy's message calls `shown`.
    fn expression_shown(&mut self, shown: &str) -> Result<Expression, Fault> {
        let line = self.cx.line;
        let words = (self.next..line.words.len()).map(|word| line.arg(word));
        let mut first = true;
        // What stands first is taken for a fetch, whatever it is.
        let words = words.take_while(|word| std::mem::take(&mut first) || !matches!(*word, "if" | "unless"));
        let (expression, taken) =
            Expression::parse_words(words, &self.scope()).map_err(|error| self.fault(0, error.message))?;
        if !expression.places().meets(self.places()) {
            let needs = expression.needs();
            let text =
                format!("fetch method '{shown}' extracts information from '{needs}', none of which is available here");
            return Err(self.fault(0, text));
        }
        self.next += taken;
        Ok(expression)
    }
}

/// Compiles a rule's format.
pub(super) fn format(text: &str, usage: &FormatUse<'_>) -> Result<LogFormat, Fault> {
    LogFormat::parse_in(text, usage).map_err(|error| {
        let message = error.to_string();
        Fault::new(0, message.strip_suffix('.').unwrap_or(&message))
    })
}

pub(super) fn http_request(cx: &mut Cx<'_>) {
    http(cx, RuleSet::HttpRequest);
}

pub(super) fn http_response(cx: &mut Cx<'_>) {
    http(cx, RuleSet::HttpResponse);
}

pub(super) fn http_after_response(cx: &mut Cx<'_>) {
    http(cx, RuleSet::HttpAfterResponse);
}

/// `redirect`, the old form of `http-request redirect`: its value is plain text.
pub(super) fn redirect_line(cx: &mut Cx<'_>) {
    let set = RuleSet::HttpRequest;
    match redirect::parse(cx.line, cx.first + 1, &mut |text| Ok(LogFormat::constant(text))) {
        Ok((action, next)) => end_rule(cx, set, "redirect", Action::Redirect(action), next),
        Err(fault) => {
            let text = format!("error detected in {} while parsing redirect rule : {}.", owner(cx), fault.message);
            cx.diags.alert(cx.line, fault.word, text);
        }
    }
}

fn http(cx: &mut Cx<'_>, set: RuleSet) {
    let name = cx.arg(1).to_owned();
    let own = custom::find(cx, set, &name);
    let row = find(set, &name);
    let next = cx.first + 2;
    let mut reader = Reader::new(cx, set, name.clone(), next);
    let read = match (row, own) {
        (None, None) => return unknown_action(reader.cx, set, &name),
        (None, Some(own)) => custom::read(&mut reader, &own),
        (Some(table::Row { parse: Some(parse), .. }), _) => parse(&mut reader),
        (Some(_), _) => return cx.alert(1, format!("'{} {name}' is not supported yet.", set.keyword())),
    };
    let next = reader.next;
    match read {
        Ok(action) => end_rule(cx, set, &name, action, next),
        Err(fault) => {
            let text = format!(
                "error detected in {} while parsing '{} {name}' rule : {}.",
                owner(cx),
                set.keyword(),
                fault.message
            );
            report(cx, &fault, text);
        }
    }
}

/// Says what is wrong: `text`, or what the fault says where that is complete.
fn report(cx: &mut Cx<'_>, fault: &Fault, text: String) {
    let (text, heading) = match fault.style {
        Style::Rule => (text, Heading::Keyword),
        Style::Keyword => (fault.message.clone(), Heading::Keyword),
    };
    cx.diags.push(Diagnostic::about(Severity::Alert, cx.line, fault.word, text).heading(heading));
}

/// The actions of a set, without its name.
fn of_set(set: RuleSet) -> impl Iterator<Item = (&'static table::Row, &'static str)> {
    let keyword = set.keyword();
    ACTIONS.iter().filter_map(move |row| {
        let name = row.shown.strip_prefix(keyword)?.strip_prefix(' ')?;
        Some((row, name))
    })
}

/// Whether there is an action of that name in some set.
pub(crate) fn is_action(name: &str) -> bool {
    RuleSet::ALL.iter().any(|set| find(*set, name).is_some()) || tcp::is_own(name)
}

fn find(set: RuleSet, name: &str) -> Option<&'static table::Row> {
    if name.is_empty() {
        return None;
    }
    let exact = of_set(set).find(|(_, known)| *known == name);
    // `set-var-fmt(` begins as `set-var` does: the longest name is meant.
    let longest = || {
        let starts = of_set(set).filter_map(|(row, known)| Some((row, known.strip_suffix('*')?)));
        starts.filter(|(_, start)| name.starts_with(start)).max_by_key(|(_, start)| start.len())
    };
    exact.or_else(longest).map(|(row, _)| row)
}

/// The actions of a set as messages name them.
fn named(set: RuleSet) -> Vec<String> {
    let names = table::NAMED.iter().find(|(keyword, _)| *keyword == set.keyword()).map(|(_, names)| *names);
    names.unwrap_or_default().iter().map(|name| format!("'{name}'")).collect()
}

fn unknown_action(cx: &mut Cx<'_>, set: RuleSet, name: &str) {
    let keyword = set.keyword();
    let list = named(set);
    let known = of_set(set).map(|(_, name)| name.trim_end_matches('*')).chain(custom::names(cx, set));
    let near = suggest::nearest(name, known).map(str::to_owned);
    let near = near.as_deref();
    let mut text = format!("'{keyword}' expects {}, but got '{name}'", list.join(", "));
    text.push_str(if name.is_empty() { " (missing argument)." } else { "." });
    if let Some(near) = near {
        text.push_str(&format!(" Did you mean '{near}' maybe ?"));
    }
    let fault = Diagnostic::about(Severity::Alert, cx.line, cx.first + 1, text);
    cx.diags.push(fault.suggest(near).heading(Heading::Line));
}

/// Reads the condition of an HTTP rule and keeps the rule.
fn end_rule(cx: &mut Cx<'_>, set: RuleSet, name: &str, action: Action, next: usize) {
    let keyword = if cx.arg(0) == "redirect" { "redirect".to_owned() } else { format!("{} {name}", set.keyword()) };
    let condition = match cx.line.arg(next) {
        "" => None,
        "if" | "unless" => {
            let what = |message: &str| format!("error detected while parsing an '{keyword}' condition : {message}.");
            match condition(cx, next, set.places(cx.draft.section), None, &what) {
                Some(condition) => Some(condition),
                None => return forget_reference(cx, set),
            }
        }
        found => {
            let text =
                format!("'{keyword}' expects either 'if' or 'unless' followed by a condition but found '{found}'.");
            forget_reference(cx, set);
            return cx.diags.alert_line(cx.line, next, text);
        }
    };
    if cx.arg(0) == "redirect" {
        return keep(cx, RuleList::Redirect, action, condition);
    }
    let finished = &mut cx.draft.finished;
    if finished.contains(&set) {
        let text = format!(
            "previous '{}' action is final and has no condition attached, further entries are NOOP.",
            set.keyword()
        );
        cx.diags.warning_line(cx.line, cx.first, text);
    } else if condition.is_none() && action.is_final() {
        finished.push(set);
    }
    keep(cx, set.list(), action, condition);
}

fn keep(cx: &mut Cx<'_>, list: RuleList, action: Action, condition: Option<Condition>) {
    if let Some(class) = Class::of(list) {
        warn_of_order(cx, class);
    }
    look_at_formats(cx, action.formats().into_iter());
    let place = cx.line.place.clone();
    cx.draft.config.rules.of_mut(list).push(Rule { action, condition, place });
}

/// Warns of what has no value in the formats of a line, and remembers it where they need HTTP.
pub(super) fn look_at_formats<'f>(cx: &mut Cx<'_>, formats: impl Iterator<Item = &'f LogFormat> + Clone) {
    warn_of_ignored(cx, formats.clone());
    if formats.clone().any(LogFormat::needs_http) {
        cx.draft.http_format_line = Some(cx.line.clone());
    }
}

/// Warns of expressions that never have a value in these formats.
pub(super) fn warn_of_ignored<'f>(cx: &mut Cx<'_>, formats: impl Iterator<Item = &'f LogFormat>) {
    for text in formats.flat_map(LogFormat::ignored) {
        let text = format!("L6 sample fetch <{text}> ignored in HTTP log-format string.");
        cx.diags.warning(cx.line, cx.first, text);
    }
}

/// Reads a condition, which begins at a word with `if` or `unless`; `None` where it is refused, which is said.
/// `what` makes HAProxy's message of what is wrong.
pub(super) fn condition(
    cx: &mut Cx<'_>,
    at: usize,
    places: Places,
    rules: Option<&'static str>,
    what: &dyn Fn(&str) -> String,
) -> Option<Condition> {
    let line = cx.line;
    let words: Vec<&str> = (at..line.words.len()).map(|word| line.arg(word)).collect();
    let scope = cx.scope("ACL keyword");
    let mut reader = AclReader::new(scope, &cx.draft.config.acls);
    reader.rules = rules;
    let read = reader.condition(&words, places);
    for warning in reader.warnings {
        warning.tell(at, line, cx.diags);
    }
    match read {
        Ok(condition) => Some(condition),
        Err(AclFault { word, message }) => {
            cx.diags.alert(line, at + word, what(&message));
            None
        }
    }
}

/// The rule is not kept, so nothing may refer to it.
fn forget_reference(cx: &mut Cx<'_>, set: RuleSet) {
    let count = cx.draft.config.rules.of(set.list()).len();
    cx.draft.references.retain(|reference| reference.set != set || reference.rule < count);
}

fn owner(cx: &Cx<'_>) -> String {
    format!("{} '{}'", cx.draft.section.label(), cx.draft.config.name)
}
