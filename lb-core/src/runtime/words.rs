//! The words of one command: separated by spaces and tabs, a backslash takes the next character as it is.

use std::collections::VecDeque;

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
