//! Who may run a command (configuration.txt, `level` of `bind`).

/// Privileges of whoever sends commands; each includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Reads what is not sensitive.
    User,
    /// Reads everything and changes what does no harm. The default of a `stats socket`.
    #[default]
    Operator,
    /// Everything.
    Admin,
}

impl Level {
    /// The word of the configuration and of `show cli level`.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The level a word of the configuration names.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::User, Self::Operator, Self::Admin].into_iter().find(|level| level.word() == word)
    }
}
