//! The words of one command: separated by spaces and tabs, a backslash takes the next character as it is.

use std::collections::VecDeque;

use super::error::{CommandError, ErrorCode};
use super::level::Level;

/// What follows the name of a command: its words, and the lines of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    words: VecDeque<String>,
    payload: Option<String>,
    level: Level,
}

impl Words {
    /// Splits the text of one command.
    ///
    /// ```
    /// use lb_core::runtime::Words;
    ///
    /// let mut words = Words::split(r"set  var\ one\;two", None);
    /// assert_eq!(words.next().as_deref(), Some("set"));
    /// assert_eq!(words.next().as_deref(), Some("var one;two"));
    /// assert_eq!(words.next(), None);
    /// ```
    pub fn split(text: &str, payload: Option<String>) -> Self {
        let mut words = VecDeque::new();
        let mut word: Option<String> = None;
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                ' ' | '\t' => words.extend(word.take()),
                '\\' => word.get_or_insert_default().extend(rest.next()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        Self { words, payload, level: Level::Admin }
    }

    /// Splits one command with its payload, written as on the stats socket: a line that ends in `<<`, then the lines of
    /// the payload up to an empty one or to the end.
    ///
    /// # Errors
    /// [`ErrorCode::Usage`] where something follows the payload: that is another command.
    ///
    /// ```
    /// use lb_core::runtime::Words;
    ///
    /// let words = Words::read("add map /m.map <<\nk1 v1\nk2 v2\n\n")?;
    /// assert_eq!((words.len(), words.payload()), (3, Some("k1 v1\nk2 v2\n")));
    /// # Ok::<(), lb_core::runtime::CommandError>(())
    /// ```
    pub fn read(text: &str) -> Result<Self, CommandError> {
        let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
        let Some(command) = before_payload(line.strip_suffix('\r').unwrap_or(line)) else {
            return Ok(Self::split(text.trim_end_matches(['\r', '\n']), None));
        };
        let mut lines = rest.lines();
        let payload = lines.by_ref().take_while(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect();
        match lines.all(str::is_empty) {
            true => Ok(Self::split(command, Some(payload))),
            false => Err(CommandError::new(ErrorCode::Usage, "Only one command is expected, and its payload.")),
        }
    }

    /// The next word.
    #[expect(clippy::should_implement_trait, reason = "words are also peeked at and come with a payload")]
    pub fn next(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The next word, left where it is.
    pub fn peek(&self) -> Option<&str> {
        self.words.front().map(String::as_str)
    }

    /// The next word or, where there is none, an empty one: HAProxy compares missing words as empty ones.
    pub fn next_or_empty(&mut self) -> String {
        self.next().unwrap_or_default()
    }

    /// Words that are left.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }

    /// How many words are left.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether no word is left.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The level of who sends the command: some answers say less to lower ones.
    pub fn level(&self) -> Level {
        self.level
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.level = level;
    }

    /// The lines after `<<`, where the command came with some.
    pub fn payload(&self) -> Option<&str> {
        self.payload.as_deref()
    }
}

/// The command of a line that a payload follows: one that ends in `<<`. Glued to the last word it belongs to that word,
/// but is followed by a payload all the same.
pub(super) fn before_payload(line: &str) -> Option<&str> {
    let command = line.strip_suffix("<<")?;
    let glued = !command.is_empty() && !command.ends_with([' ', '\t']);
    Some(if glued { line } else { command })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_with_its_payload() {
        let read = |text| {
            let words = Words::read(text).unwrap();
            (words.iter().collect::<Vec<_>>().join("|"), words.payload().map(str::to_owned))
        };
        for (text, words, payload) in [
            ("a b", "a|b", None),
            ("a b\r\n", "a|b", None),
            ("a <<", "a", Some("")),
            ("a <<\nk v\n;\n", "a", Some("k v\n;\n")),
            ("a <<\r\nk v\r\n\r\n", "a", Some("k v\n")),
            ("a <<\nk v", "a", Some("k v\n")),
            ("a <<\n\n\n", "a", Some("")),
            ("a<<\nk v\n", "a<<", Some("k v\n")),
            ("a << ", "a|<<", None),
        ] {
            assert_eq!(read(text), (words.to_owned(), payload.map(str::to_owned)), "{text:?}");
        }
        assert_eq!(Words::read("a <<\nk v\n\nb\n").unwrap_err().code(), ErrorCode::Usage);
    }
}
