//! Which entries a command is about: `key <key>`, or `data.<type> <operator> <value>` up to four times.

use super::super::super::{CommandError, ErrorCode, Level, Words};
use super::{KeyArgument, data_type, integer, key_expected};
use crate::table::{DataType, Entry, Moment, Table};

/// Most filters of a command.
const FILTERS: usize = 4;

/// Which entries of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum TableSelection {
    /// All.
    All,
    /// The one of a key.
    Key(KeyArgument),
    /// Those that all filters match.
    Filters(Vec<TableFilter>),
    /// What was written cannot be done; it is refused once the table is known.
    Refused(RefusedSelection),
}

/// Why a selection is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct RefusedSelection {
    /// Types that were named up to there: one that the table does not store is the first fault.
    pub(crate) named: Vec<DataType>,
    pub(crate) error: CommandError,
}

/// A condition on a value of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableFilter {
    /// The value; of arrays the first.
    pub kind: DataType,
    /// How it is compared.
    pub operator: TableOperator,
    /// With what.
    pub value: i64,
}

/// How a filter compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableOperator {
    /// `eq`.
    Equal,
    /// `ne`.
    NotEqual,
    /// `le`.
    AtMost,
    /// `ge`.
    AtLeast,
    /// `lt`.
    Less,
    /// `gt`.
    Greater,
}

impl TableOperator {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "le" => Self::AtMost,
            "ge" => Self::AtLeast,
            "lt" => Self::Less,
            "gt" => Self::Greater,
            _ => return None,
        })
    }
}

impl TableFilter {
    pub(crate) fn matches(&self, table: &Table, entry: &Entry, now: Moment) -> bool {
        let Some(value) = table.number(entry, self.kind, 0, now) else { return false };
        match self.operator {
            TableOperator::Equal => value == self.value,
            TableOperator::NotEqual => value != self.value,
            TableOperator::AtMost => value <= self.value,
            TableOperator::AtLeast => value >= self.value,
            TableOperator::Less => value < self.value,
            TableOperator::Greater => value > self.value,
        }
    }
}

impl TableSelection {
    pub(super) fn refuse(error: CommandError) -> Self {
        Self::Refused(RefusedSelection { named: Vec::new(), error })
    }

    /// Reads what follows the table's name. `usage` is the answer to other words.
    pub(super) fn parse(words: &mut Words, usage: &'static str) -> Self {
        match words.peek() {
            None => Self::All,
            Some("key") => {
                words.next();
                match words.next() {
                    None => Self::refuse(key_expected()),
                    Some(_) if words.level() < Level::Operator => Self::refuse(CommandError::denied()),
                    Some(key) => Self::Key(KeyArgument::Text(key)),
                }
            }
            Some(word) if word.starts_with("data.") => Self::filters(words),
            Some(_) => Self::refuse(CommandError::new(ErrorCode::Usage, usage)),
        }
    }

    fn filters(words: &mut Words) -> Self {
        let mut filters = Vec::new();
        let mut named = Vec::new();
        let mut last = String::new();
        while let Some(word) = words.next() {
            let number = filters.len() + 1;
            if number > FILTERS {
                // The words of the command, its table and four filters are fifteen.
                let text = format!("Detected extra data in filter, 16th word of input, after '{last}'");
                return Self::Refused(RefusedSelection { named, error: CommandError::new(ErrorCode::Usage, text) });
            }
            match filter(&word, words, &mut named, &mut last) {
                Ok(filter) => filters.push(filter),
                Err(text) => {
                    let error = CommandError::new(ErrorCode::Usage, format!("Filter entry #{number}: {text}"));
                    return Self::Refused(RefusedSelection { named, error });
                }
            }
        }
        Self::Filters(filters)
    }

    /// Refuses what the table does not store, and what was not understood.
    pub(crate) fn check(&self, table: &Table) -> Result<(), CommandError> {
        let stored = |kind: DataType| table.layout.count(kind) > 0;
        let missing = match self {
            Self::All | Self::Key(_) => None,
            Self::Filters(filters) => filters.iter().position(|filter| !stored(filter.kind)),
            Self::Refused(refused) => refused.named.iter().position(|kind| !stored(*kind)),
        };
        if let Some(index) = missing {
            let text = format!("Filter entry #{}: Data type not stored in this table", index + 1);
            return Err(CommandError::new(ErrorCode::Invalid, text));
        }
        match self {
            Self::Refused(refused) => Err(refused.error.clone()),
            _ => Ok(()),
        }
    }
}

fn filter(
    word: &str,
    words: &mut Words,
    named: &mut Vec<DataType>,
    last: &mut String,
) -> Result<TableFilter, &'static str> {
    let kind = data_type(word).ok_or("Unknown data type")?;
    named.push(kind);
    let operator = TableOperator::read(&words.next_or_empty())
        .ok_or("Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"")?;
    *last = words.next_or_empty();
    let value = integer(last).ok_or("Require a valid integer value to compare against")?;
    Ok(TableFilter { kind, operator, value })
}
