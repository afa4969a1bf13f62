//! A stick table of a running instance as an object.

use crate::instant::Instant;
use std::fmt;
use std::sync::Arc;

use crate::events::Events;
use crate::runtime::{
    ClearTable, Command, CommandError, Instance, KeyArgument, Reply, SetTable, ShowTable, TableFilter, TableSelection,
    find_table,
};
use crate::table::{DataType, KeyType, Table, TableChange, TableEntry, TableKey};

/// A stick table of a running instance; see [`Proxy::table`](super::Proxy::table). Clones are cheap. It does not keep the
/// instance running.
///
/// Reading an entry does not prolong its life; changing it does.
///
/// ```no_run
/// use lb_core::proxy::Proxy;
/// use lb_core::table::DataType;
/// use std::net::Ipv4Addr;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let proxy: Proxy = Proxy::builder().start()?;
/// let clients = proxy.table("clients")?;
/// let address = Ipv4Addr::new(192, 0, 2, 1);
/// // As `set table clients key 192.0.2.1 data.gpt0 1`.
/// clients.update(address, [(DataType::Gpt0, 1)])?;
/// if let Some(entry) = clients.lookup(address)? {
///     println!("{}: {:?} requests in ten seconds", entry.key, entry.get(DataType::HttpReqRate, 0));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct StickTable {
    instance: Instance,
    table: Arc<Table>,
}

impl fmt::Debug for StickTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StickTable").field(&self.table.name).finish()
    }
}

impl StickTable {
    pub(super) fn new(instance: Instance, name: &str) -> Result<Self, CommandError> {
        let (table, _) = find_table(&instance, name)?;
        Ok(Self { instance, table })
    }

    /// Name of the section that it stands in.
    pub fn name(&self) -> &str {
        &self.table.name
    }

    /// What its keys are.
    pub fn key_type(&self) -> KeyType {
        self.table.config.key
    }

    /// How many entries it may have (`size`).
    pub fn size(&self) -> u32 {
        self.table.config.size
    }

    /// How many it has now (`used`).
    pub fn len(&self) -> usize {
        self.table.len(self.table.at(Instant::now()))
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether its entries have a type of data.
    pub fn stores(&self, kind: DataType) -> bool {
        self.table.layout.count(kind) > 0
    }

    /// The entry of a key as it is now; `None` where there is none.
    ///
    /// # Errors
    /// `Invalid key`: it is of another type than those of the table.
    pub fn lookup(&self, key: impl Into<TableKey>) -> Result<Option<TableEntry>, CommandError> {
        let selection = TableSelection::Key(KeyArgument::Key(key.into()));
        Ok(self.show(selection)?.into_iter().next())
    }

    /// All entries as they are now, in order of their keys.
    pub fn entries(&self) -> Vec<TableEntry> {
        self.show(TableSelection::All).unwrap_or_default()
    }

    /// The entries that all filters match, in order of their keys; as `show table` has it, but for any number of filters.
    ///
    /// # Errors
    /// A filter names data that the table does not store.
    pub fn matching(&self, filters: impl IntoIterator<Item = TableFilter>) -> Result<Vec<TableEntry>, CommandError> {
        self.show(TableSelection::Filters(filters.into_iter().collect()))
    }

    /// Changes values of an entry, which is made if there is none (`set table`). Of arrays it is the first value;
    /// [`StickTable::update_at`] changes others.
    ///
    /// # Errors
    /// As [`StickTable::update_at`].
    pub fn update(
        &self,
        key: impl Into<TableKey>,
        values: impl IntoIterator<Item = (DataType, i64)>,
    ) -> Result<(), CommandError> {
        self.update_at(key, values.into_iter().map(|(kind, value)| (kind, 0, value)))
    }

    /// Changes values of an entry, each with its index in its array.
    ///
    /// # Errors
    /// The key is of another type than those of the table; the table does not store one of the values; it is full and
    /// can forget nothing. Nothing was changed then.
    pub fn update_at(
        &self,
        key: impl Into<TableKey>,
        values: impl IntoIterator<Item = (DataType, u16, i64)>,
    ) -> Result<(), CommandError> {
        let values = values.into_iter().collect();
        Command::SetTable(SetTable::new(self.name(), key.into(), values)).run(&self.instance).map(drop)
    }

    /// Removes an entry, if there is one (`clear table ... key`).
    ///
    /// # Errors
    /// The key is of another type than those of the table; a connection or a stream tracks the entry.
    pub fn remove(&self, key: impl Into<TableKey>) -> Result<(), CommandError> {
        self.clear_selected(TableSelection::Key(KeyArgument::Key(key.into())))
    }

    /// Removes the entries that all filters match, and that nobody tracks (`clear table ... data.`).
    ///
    /// # Errors
    /// A filter names data that the table does not store.
    pub fn remove_matching(&self, filters: impl IntoIterator<Item = TableFilter>) -> Result<(), CommandError> {
        self.clear_selected(TableSelection::Filters(filters.into_iter().collect()))
    }

    /// Removes all entries that nobody tracks (`clear table`).
    ///
    /// # Errors
    /// None at present.
    pub fn clear(&self) -> Result<(), CommandError> {
        self.clear_selected(TableSelection::All)
    }

    /// Subscribes to the entries that come, go, and are changed by rules, commands and programs; not to what traffic
    /// counts by itself. While `capacity` changes were not taken, new ones are lost and counted.
    pub fn watch(&self, capacity: usize) -> Events<TableChange> {
        self.table.watch(capacity)
    }

    fn show(&self, selection: TableSelection) -> Result<Vec<TableEntry>, CommandError> {
        let command = ShowTable { table: Some(self.name().to_owned()), selection, contents: true };
        match Command::ShowTable(command).run(&self.instance)? {
            Reply::TableContents(contents) => Ok(contents.entries),
            _ => Ok(Vec::new()),
        }
    }

    fn clear_selected(&self, selection: TableSelection) -> Result<(), CommandError> {
        let table = self.name().to_owned();
        Command::ClearTable(ClearTable { table, selection }).run(&self.instance).map(drop)
    }
}
