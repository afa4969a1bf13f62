//! `show table` (management.txt, section 9.3).

use super::super::super::{Command, CommandError, Instance, Level, Reply, Words};
use super::select::TableSelection;
use super::{find, read_key};
use crate::table::{KeyType, Moment, Table, TableEntry};

/// `show table [<name> [data.<type> <op> <value>]... | key <key>]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ShowTable {
    /// Which; all where none is named.
    pub table: Option<String>,
    /// Which of its entries.
    pub selection: TableSelection,
    /// Whether entries are shown: the level `user` sees only how many there are.
    pub contents: bool,
}

/// A table and how full it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Name of its section.
    pub name: String,
    /// What its keys are.
    pub key_type: KeyType,
    /// How many entries it may have.
    pub size: u32,
    /// How many it has.
    pub used: usize,
}

/// All tables, the last of the configuration first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableList(pub Vec<TableInfo>);

/// A table's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableContents {
    /// The table; `None` where a key was asked for that has no entry.
    pub table: Option<TableInfo>,
    /// The caller may not see entries.
    pub denied: bool,
    /// Entries in order of their keys.
    pub entries: Vec<TableEntry>,
}

impl TableInfo {
    pub(crate) fn new(table: &Table, now: Moment) -> Self {
        let (name, config) = (table.name.to_string(), &table.config);
        Self { name, key_type: config.key, size: config.size, used: table.len(now) }
    }

    fn render(&self, out: &mut String) {
        let Self { name, key_type, size, used } = self;
        out.push_str(&format!("# table: {name}, type: {}, size:{size}, used:{used}\n", key_type.name()));
    }
}

impl ShowTable {
    const USAGE: &'static str =
        "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>";

    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let table = words.next();
        let selection = TableSelection::parse(&mut words, Self::USAGE);
        Ok(Command::ShowTable(Self { table, selection, contents: words.level() >= Level::Operator }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let Some(name) = &self.table else {
            let now = crate::instant::Instant::now();
            let tables = instance.topology().tables.iter().rev().flatten();
            return Ok(Reply::Tables(TableList(tables.map(|table| TableInfo::new(table, table.at(now))).collect())));
        };
        let (table, now) = find(instance, name)?;
        self.selection.check(&table)?;
        let info = TableInfo::new(&table, now);
        let columns = table.columns();
        if let TableSelection::Key(key) = &self.selection {
            let entry = table.get(&read_key(&table, key, "Showing keys from")?, now);
            let entries: Vec<_> = entry.map(|entry| table.snapshot(&entry, &columns, now)).into_iter().collect();
            let table = (!entries.is_empty()).then_some(info);
            return Ok(Reply::TableContents(TableContents { table, denied: false, entries }));
        }
        let filters = match &self.selection {
            TableSelection::Filters(filters) => filters.as_slice(),
            _ => &[],
        };
        let mut entries = Vec::new();
        if self.contents {
            table.for_each(now, &mut |entry| {
                if filters.iter().all(|filter| filter.matches(&table, entry, now)) {
                    entries.push(table.snapshot(entry, &columns, now));
                }
            });
        }
        entries.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(Reply::TableContents(TableContents { table: Some(info), denied: !self.contents, entries }))
    }
}

impl TableList {
    pub(crate) fn render(&self, out: &mut String) {
        self.0.iter().for_each(|table| table.render(out));
    }
}

impl TableContents {
    pub(crate) fn render(&self, out: &mut String) {
        if let Some(table) = &self.table {
            table.render(out);
        }
        if self.denied {
            out.push_str("# contents not dumped due to insufficient privileges\n");
        }
        self.entries.iter().for_each(|entry| entry.render(out));
    }
}
