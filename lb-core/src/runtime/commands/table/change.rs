//! `set table` and `clear table` (management.txt, section 9.3).

use super::super::super::{Command, CommandError, ErrorCode, Instance, Level, Reply, Words};
use super::select::TableSelection;
use super::{KeyArgument, data_type, find, integer, key_expected, read_key};
use crate::table::{DataType, Table};

/// `set table <table> key <key> [data.<type> <value>]*`: makes or changes an entry. Nothing is changed where one of the
/// values is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct SetTable {
    /// The table.
    pub table: String,
    /// The key.
    pub key: KeyArgument,
    /// Values with their index, which is 0 but for arrays. Of counters and tags the lower 32 bits count; a rate is that
    /// value from now on and fades as others do.
    pub values: Vec<(DataType, u16, i64)>,
    pub(crate) refused: Option<Refusal>,
}

/// What was written cannot be done: refused once the table, and the key where that is known, are found right.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    has_key: bool,
    /// Types that were named up to there.
    named: Vec<DataType>,
    error: CommandError,
}

/// `clear table <table> [data.<type> <op> <value>]... | [key <key>]`: removes entries. What is tracked stays.
#[derive(Clone, Debug, PartialEq)]
pub struct ClearTable {
    /// The table.
    pub table: String,
    /// Which entries.
    pub selection: TableSelection,
}

fn usage(text: &'static str) -> CommandError {
    CommandError::new(ErrorCode::Usage, text)
}

impl SetTable {
    const USAGE: &'static str = "Required arguments: <table> key <key> [data.<store_data_type> <value>]*";

    /// An entry of a table with these values, which are zero where the entry is new and they are not named.
    pub fn new(table: impl Into<String>, key: impl Into<KeyArgument>, values: Vec<(DataType, u16, i64)>) -> Self {
        Self { table: table.into(), key: key.into(), values, refused: None }
    }

    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let Some(table) = words.next() else { return Err(usage(Self::USAGE)) };
        let mut command = Self::new(table, "", Vec::new());
        let refused = |error| Some(Refusal { has_key: false, named: Vec::new(), error });
        match words.next().as_deref() {
            Some("key") => match words.next() {
                None => command.refused = refused(key_expected()),
                Some(_) if words.level() < Level::Operator => command.refused = refused(CommandError::denied()),
                Some(key) => {
                    command.key = KeyArgument::Text(key);
                    command.read_values(&mut words);
                }
            },
            Some(word) if word.starts_with("data.") => {
                let text = "content-based lookup is only supported with the \"show\" and \"clear\" actions";
                command.refused = refused(usage(text));
            }
            _ => command.refused = refused(usage(Self::USAGE)),
        }
        Ok(Command::SetTable(command))
    }

    fn read_values(&mut self, words: &mut Words) {
        let mut named = Vec::new();
        while let Some(word) = words.next() {
            let error = match data_type(&word) {
                _ if !word.starts_with("data.") => "\"data.<type>\" followed by a value expected",
                None => "Unknown data type",
                Some(kind) => {
                    named.push(kind);
                    match integer(&words.next_or_empty()) {
                        Some(value) => {
                            self.values.push((kind, 0, value));
                            continue;
                        }
                        None => "Require a valid integer value to store",
                    }
                }
            };
            self.refused = Some(Refusal { has_key: true, named, error: usage(error) });
            return;
        }
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (table, now) = find(instance, &self.table)?;
        if let Some(refused) = self.refused.as_ref().filter(|refused| !refused.has_key) {
            return Err(refused.error.clone());
        }
        let key = read_key(&table, &self.key, "Inserting keys into")?;
        self.check(&table)?;
        let entry = table.get_or_insert(&key, now);
        let entry = entry.ok_or_else(|| CommandError::new(ErrorCode::State, "Unable to allocate a new entry"))?;
        table.touch(&entry, now);
        for (kind, index, value) in &self.values {
            table.set_number(&entry, *kind, usize::from(*index), *value, now);
        }
        Ok(Reply::Done)
    }

    /// Refuses what the table does not store, and what was not understood.
    fn check(&self, table: &Table) -> Result<(), CommandError> {
        let invalid = |text: &'static str| CommandError::new(ErrorCode::Invalid, text);
        let values = self.values.iter().map(|(kind, index, _)| (*kind, *index));
        let named = self.refused.iter().flat_map(|refused| refused.named.iter().map(|kind| (*kind, 0)));
        for (kind, index) in values.chain(named) {
            if table.layout.cell(kind, usize::from(index)).is_none() {
                return Err(invalid("Data type not stored in this table"));
            }
            if kind == DataType::ServerKey && self.refused.is_none() {
                return Err(invalid("Data type 'server_key' cannot be set"));
            }
        }
        self.refused.as_ref().map_or(Ok(()), |refused| Err(refused.error.clone()))
    }
}

impl ClearTable {
    const USAGE: &'static str =
        "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>";

    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let Some(table) = words.next() else { return Err(usage(Self::USAGE)) };
        let selection = match TableSelection::parse(&mut words, Self::USAGE) {
            TableSelection::All | TableSelection::Filters(_) if words.level() < Level::Operator => {
                TableSelection::refuse(CommandError::denied())
            }
            selection => selection,
        };
        Ok(Command::ClearTable(Self { table, selection }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let (table, now) = find(instance, &self.table)?;
        self.selection.check(&table)?;
        match &self.selection {
            TableSelection::Key(key) => {
                let key = read_key(&table, key, "Removing keys from")?;
                let in_use = |_| CommandError::new(ErrorCode::State, "Entry currently in use, cannot remove");
                table.remove(&key, now).map_err(in_use)?;
            }
            TableSelection::Filters(filters) => {
                table.remove_where(&mut |entry| filters.iter().all(|filter| filter.matches(&table, entry, now)));
            }
            TableSelection::All | TableSelection::Refused(_) => {
                table.remove_where(&mut |_| true);
            }
        }
        Ok(Reply::Done)
    }
}
