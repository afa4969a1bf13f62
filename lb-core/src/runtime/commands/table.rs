//! `show table`, `set table`, `clear table` (management.txt, section 9.3): what is common to them.

mod change;
mod select;
mod show;

pub use change::{ClearTable, SetTable};
pub use select::{TableFilter, TableOperator, TableSelection};
pub use show::{ShowTable, TableContents, TableInfo, TableList};

use crate::instant::Instant;
use std::sync::Arc;

use super::super::{CommandError, ErrorCode, Instance};
use crate::table::{DataType, Key, Moment, Table, TableKey};

/// A key as a command has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyArgument {
    /// As it was written. What it means depends on the type of the table.
    Text(String),
    /// As a program has it; also of binary tables.
    Key(TableKey),
}

impl From<&str> for KeyArgument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<TableKey> for KeyArgument {
    fn from(key: TableKey) -> Self {
        Self::Key(key)
    }
}

/// A table and the moment of a command.
pub(crate) fn find(instance: &Instance, name: &str) -> Result<(Arc<Table>, Moment), CommandError> {
    let tables = &instance.topology().tables;
    let found = tables.iter().flatten().find(|table| *table.name == *name);
    let table = found.ok_or_else(|| CommandError::new(ErrorCode::NotFound, "No such table"))?;
    Ok((Arc::clone(table), table.at(Instant::now())))
}

/// The key of a table; `what` is what is done with it, for the error of those that cannot be written.
fn read_key(table: &Table, key: &KeyArgument, what: &str) -> Result<Key, CommandError> {
    let invalid = || CommandError::new(ErrorCode::Invalid, "Invalid key");
    let typed = match key {
        KeyArgument::Key(key) => return table.config.key.key_of(key).ok_or_else(invalid),
        KeyArgument::Text(text) => table.config.key.parse(text),
    };
    match typed {
        Some(key) => table.config.key.key_of(&key).ok_or_else(invalid),
        None if matches!(table.config.key, crate::table::KeyType::Binary { .. }) => {
            let text = format!("{what} tables of type other than ip, ipv6, string and integer is not supported");
            Err(CommandError::new(ErrorCode::Invalid, text))
        }
        None => Err(invalid()),
    }
}

fn key_expected() -> CommandError {
    CommandError::new(ErrorCode::Usage, "Key value expected")
}

/// A number as these commands read it: nothing but digits, and a minus.
fn integer(word: &str) -> Option<i64> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| word.parse().ok()).flatten()
}

/// `data.<type>`.
fn data_type(word: &str) -> Option<DataType> {
    DataType::from_name(word.strip_prefix("data.")?)
}
