//! `help`, and what an unknown command is answered (management.txt, section 9.3).

use super::super::registry::{ENTRIES, Entry};
use super::super::{Command, CommandError, ErrorCode, Reply, Severity, Words};
use crate::config::suggest::distance;

/// `help [<command>]`: all commands, or those that are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Help {
    /// The words of the command asked for; none for all.
    pub words: Vec<String>,
}

impl Help {
    pub(crate) fn parse(words: Words) -> Result<Command, CommandError> {
        Ok(Command::Help(Self { words: words.iter().map(str::to_owned).collect() }))
    }

    pub(crate) fn run(&self) -> Result<Reply, CommandError> {
        let found = match self.words.is_empty() {
            true => listed().collect(),
            false => meant(&self.words.iter().map(String::as_str).collect::<Vec<_>>()),
        };
        let text = list("The following commands are valid at this level:", &found);
        Ok(Reply::Message(Severity::Info, text))
    }
}

/// The answer to words that begin no command.
pub(crate) fn unknown(words: &Words) -> CommandError {
    let typed: Vec<&str> = words.iter().collect();
    let text = match typed.is_empty() {
        true => {
            list("Unknown command. Please enter one of the following commands only:", &listed().collect::<Vec<_>>())
        }
        false => list("Unknown command, but maybe one of the following ones is a better match:", &meant(&typed)),
    };
    CommandError::new(ErrorCode::UnknownCommand, text).with_severity(Severity::Info)
}

/// How many commands are named where none begins as what was typed.
const NEAREST: usize = 5;
/// Commands that stand at the end of every list.
const ALWAYS: [&str; 3] = ["help", "prompt", "quit"];

/// Commands without those that stand at the end anyway, and without those that HAProxy's help does not show.
fn listed() -> impl Iterator<Item = &'static Entry> {
    ENTRIES.iter().filter(|entry| !entry.usage.is_empty() && !always(entry))
}

fn always(entry: &Entry) -> bool {
    matches!(entry.words, [word] if ALWAYS.contains(word))
}

fn list(title: &str, entries: &[&Entry]) -> String {
    let mut text = title.to_owned();
    let last = ENTRIES.iter().filter(|entry| always(entry));
    for entry in entries.iter().copied().chain(last) {
        text.push_str(&format!("\n  {:<40}: {}", entry.usage, entry.about));
    }
    text
}

/// The commands somebody may have meant: those that begin with all of the words; else the one that the words begin
/// with; else the nearest ones, in the order of `help`.
fn meant(words: &[&str]) -> Vec<&'static Entry> {
    let starts = |long: &[&str], short: &[&str]| long.get(..short.len()) == Some(short);
    let longer: Vec<_> = listed().filter(|entry| starts(entry.words, words)).collect();
    if !longer.is_empty() {
        return longer;
    }
    if ENTRIES.iter().any(|entry| (entry.usage.is_empty() || always(entry)) && starts(words, entry.words)) {
        return Vec::new();
    }
    let shorter: Vec<_> = listed().filter(|entry| starts(words, entry.words)).collect();
    if !shorter.is_empty() {
        return shorter;
    }
    let typed: Vec<char> = words.join(" ").chars().take(MAX_TYPED).collect();
    let mut ranked: Vec<(usize, usize)> = listed()
        .enumerate()
        .map(|(place, entry)| (distance(&typed, &entry.words.join(" ").chars().collect::<Vec<_>>()), place))
        .collect();
    ranked.sort_unstable();
    let best = ranked.first().map_or(0, |(distance, _)| *distance);
    ranked.truncate(NEAREST);
    // A command that is nearly what was typed stands alone.
    ranked.retain(|(distance, _)| *distance <= best.max(1) * 2);
    ranked.sort_unstable_by_key(|(_, place)| *place);
    ranked.iter().filter_map(|(_, place)| listed().nth(*place)).collect()
}

/// Commands are shorter; comparing takes time with the square of the length.
const MAX_TYPED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(typed: &[&str]) -> Vec<String> {
        meant(typed).iter().map(|entry| entry.words.join(" ")).collect()
    }

    #[test]
    fn what_was_meant() {
        assert_eq!(names(&["show", "cli"]), ["show cli level", "show cli sockets"]);
        assert_eq!(names(&["show", "versions"]), ["show version"]);
        assert_eq!(names(&["show", "version", "foo"]), ["show version"]);
        assert_eq!(names(&["quit"]), Vec::<String>::new());
        assert!(names(&["x"; 5000]).len() <= NEAREST);
        assert!(names(&["show"]).len() > 3);
    }

    #[test]
    fn columns() {
        let text = list("T", &listed().collect::<Vec<_>>());
        assert!(text.contains("\n  show version                            : show version of the current process\n"));
        assert!(text.contains("\n  set severity-output [none|number|string]: set presence of severity level"));
        assert!(text.ends_with("\n  quit                                    : disconnect"));
    }
}
