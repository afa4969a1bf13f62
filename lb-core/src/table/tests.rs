//! The store against a naive model, and its bounds.
#![allow(clippy::unwrap_used)]

use crate::instant::Instant;
use std::collections::HashMap;
use std::time::Duration;

use super::entry::Entry;
use super::*;
use crate::sample::Value;

fn table(config: TableConfig) -> Table {
    Table::new("t", &config, Instant::now())
}

fn config(size: u32, expire: Option<u64>, stored: &[DataType]) -> TableConfig {
    let mut config = TableConfig::new(KeyType::Integer, size);
    config.expire = expire.map(Duration::from_millis);
    config.stored = stored.iter().copied().map(Stored::plain).collect();
    config
}

fn key(table: &Table, number: u32) -> Key {
    table.key(Value::Sint(i64::from(number))).unwrap()
}

fn keys(table: &Table, now: Moment) -> Vec<u32> {
    let mut keys = Vec::new();
    table.for_each(now, &mut |entry| match table.key_of(entry) {
        TableKey::Integer(number) => keys.push(number),
        other => panic!("{other:?}"),
    });
    keys.sort_unstable();
    keys
}

#[test]
fn an_entry_expires_unless_it_is_used_or_tracked() {
    let table = table(config(10, Some(100), &[DataType::Gpc0]));
    let (one, two, three) = (key(&table, 1), key(&table, 2), key(&table, 3));
    table.get_or_insert(&one, 0).unwrap();
    let used = table.get_or_insert(&two, 0).unwrap();
    let tracked = table.track(&three, 0).unwrap();
    table.touch(&used, 60);
    assert_eq!(keys(&table, 99), [1, 2, 3]);
    assert!(table.get(&one, 100).is_none());
    assert_eq!((keys(&table, 100), table.len(100)), (vec![2, 3], 2));
    assert_eq!(table.expires_in(&used, 100), Duration::from_millis(60));
    assert_eq!(table.idle(&used, 100), Duration::from_millis(40));
    assert_eq!((keys(&table, 1000), table.len(1000)), (vec![3], 1));
    // It was removed, and comes back empty.
    used.add(table.layout.cell(DataType::Gpc0, 0).unwrap(), 7);
    assert_eq!(table.number(&table.get_or_insert(&two, 1000).unwrap(), DataType::Gpc0, 0, 1000), Some(0));
    table.untrack(&tracked);
    assert!(table.get(&three, 1000).is_none());
    assert_eq!(keys(&table, 1099), [2]);
    assert_eq!(table.len(1100), 0);
}

#[test]
fn a_full_table_forgets_what_was_not_used_for_the_longest_time() {
    let table = table(config(5, None, &[]));
    for (now, number) in [5, 1, 3, 2, 4].into_iter().enumerate() {
        table.get_or_insert(&key(&table, number), now as u64).unwrap();
    }
    for (now, number) in [(10, 6), (11, 7)] {
        table.get_or_insert(&key(&table, number), now).unwrap();
    }
    assert_eq!(keys(&table, 11), [2, 3, 4, 6, 7]);
    let three = table.get(&key(&table, 3), 12).unwrap();
    table.touch(&three, 12);
    let two = table.track(&key(&table, 2), 13).unwrap();
    for (now, number) in [(14, 8), (15, 9), (16, 10)] {
        table.get_or_insert(&key(&table, number), now).unwrap();
    }
    assert_eq!(keys(&table, 16), [2, 3, 8, 9, 10]);
    table.untrack(&two);
}

#[test]
fn a_table_full_of_tracked_entries_or_with_nopurge_takes_no_more() {
    let plain = table(config(3, None, &[]));
    let tracked: Vec<Entry> = (0..3).map(|n| plain.track(&key(&plain, n), 0).unwrap()).collect();
    assert!(plain.track(&key(&plain, 9), 1).is_none());
    assert_eq!((plain.used(), keys(&plain, 1)), (3, vec![0, 1, 2]));
    tracked.iter().for_each(|entry| plain.untrack(entry));
    assert!(plain.track(&key(&plain, 9), 2).is_some());
    assert_eq!(plain.used(), 3);

    let keeping = table(TableConfig { nopurge: true, ..config(2, Some(10), &[]) });
    assert!(keeping.get_or_insert(&key(&keeping, 1), 0).is_some());
    assert!(keeping.get_or_insert(&key(&keeping, 2), 5).is_some());
    assert!(keeping.get_or_insert(&key(&keeping, 3), 9).is_none());
    assert!(keeping.get_or_insert(&key(&keeping, 3), 10).is_some());
    assert_eq!(keys(&keeping, 10), [2, 3]);
}

#[test]
fn removal_spares_what_is_tracked() {
    let table = table(config(100, None, &[]));
    let held = table.track(&key(&table, 1), 0).unwrap();
    table.get_or_insert(&key(&table, 2), 0).unwrap();
    assert_eq!(table.remove(&key(&table, 1), 1), Err(store::InUse));
    assert_eq!(table.remove(&key(&table, 2), 1), Ok(true));
    assert_eq!(table.remove(&key(&table, 2), 1), Ok(false));
    (3..50).for_each(|n| drop(table.get_or_insert(&key(&table, n), 1)));
    assert_eq!(table.remove_where(&mut |_| true), 47);
    assert_eq!((table.used(), keys(&table, 1)), (1, vec![1]));
    table.untrack(&held);
}

#[test]
fn who_watches_is_told() {
    let table = table(config(1, Some(10), &[DataType::Gpc0]));
    let mut changes = table.watch(10);
    let entry = table.get_or_insert(&key(&table, 1), 0).unwrap();
    table.set_number(&entry, DataType::Gpc0, 0, 5, 0);
    table.get_or_insert(&key(&table, 2), 1).unwrap();
    table.sweep(100);
    let told: Vec<_> = std::iter::from_fn(|| changes.try_recv()).map(|told| (told.key, told.change)).collect();
    let (one, two) = (TableKey::from(1), TableKey::from(2));
    assert_eq!(
        told,
        [
            (one.clone(), Change::Created),
            (one.clone(), Change::Updated),
            (one, Change::Removed(Removal::Purged)),
            (two.clone(), Change::Created),
            (two, Change::Removed(Removal::Expired)),
        ]
    );
    drop(changes);
    table.get_or_insert(&key(&table, 3), 200).unwrap();
}

#[test]
fn threads_count_everything() {
    let table = table(config(1000, Some(1_000_000), &[DataType::Gpc0]));
    let cell = table.layout.cell(DataType::Gpc0, 0).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..20_000u32 {
                    let entry = table.track(&key(&table, round % 500), 1).unwrap();
                    entry.add(cell, 1);
                    table.untrack(&entry);
                }
            });
        }
    });
    let mut sum = 0;
    table.for_each(1, &mut |entry| {
        assert_eq!(entry.trackers(), 0);
        sum += entry.get(cell);
    });
    assert_eq!((sum, table.used()), (80_000, 500));
}

#[test]
fn threads_that_fill_a_small_table_keep_to_its_size() {
    let table = table(config(50, Some(1_000_000), &[]));
    std::thread::scope(|scope| {
        for thread in 0..4u32 {
            let table = &table;
            scope.spawn(move || {
                for round in 0..5_000u32 {
                    let key = key(table, (round * 7 + thread * 13) % 400);
                    if let Some(entry) = table.track(&key, u64::from(round)) {
                        table.untrack(&entry);
                    }
                    if round % 10 == 0 {
                        let _ = table.remove(&key, u64::from(round));
                    }
                }
            });
        }
    });
    assert!(table.used() <= 50);
    assert_eq!(keys(&table, 0).len(), table.used());
}

/// A million entries: all are found, and none takes more than is said. Sums up what was asked of the allocator; the
/// tables behind index, slots and queue double, so that twice their share is the bound.
#[test]
fn a_million_entries() {
    const MANY: u32 = 1_000_000;
    let table = table(config(MANY, Some(60_000), &[DataType::Gpc0, DataType::ConnCnt]));
    for number in 0..MANY {
        table.get_or_insert(&key(&table, number.wrapping_mul(2_654_435_761)), u64::from(number / 1000)).unwrap();
    }
    assert_eq!(table.used(), MANY as usize);
    assert!((0..MANY).step_by(997).all(|n| table.get(&key(&table, n.wrapping_mul(2_654_435_761)), 1000).is_some()));
    assert_eq!(Entry::bytes(table.layout.words(), 1), 16 + 8 * (2 + 2 + 1));
    // One more takes the place of the oldest.
    assert!(table.get_or_insert(&key(&table, 12_345), 1001).is_some());
    assert_eq!(table.used(), MANY as usize);
    let gone = |n: &u32| table.get(&key(&table, n.wrapping_mul(2_654_435_761)), 1001).is_none();
    assert_eq!((0..1000).filter(gone).count(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Use(u32),
    Look(u32),
    Track(u32),
    Release,
    Remove(u32),
    Sweep,
}

fn steps() -> impl proptest::strategy::Strategy<Value = Vec<(u64, Step)>> {
    use proptest::prelude::*;
    let step = prop_oneof![
        4 => (0u32..12).prop_map(Step::Use),
        3 => (0u32..12).prop_map(Step::Look),
        2 => (0u32..12).prop_map(Step::Track),
        2 => Just(Step::Release),
        1 => (0u32..12).prop_map(Step::Remove),
        1 => Just(Step::Sweep),
    ];
    proptest::collection::vec((0u64..30, step), 1..200)
}

/// What a table is meant to do, in the simplest words: by key the last use, the count and the trackers.
#[derive(Default)]
struct Model {
    entries: HashMap<u32, (u64, u64, u32)>,
    expire: Option<u64>,
    size: usize,
    nopurge: bool,
}

impl Model {
    fn expire(&mut self, now: u64) {
        if let Some(expire) = self.expire {
            self.entries.retain(|_, (used, _, trackers)| *trackers > 0 || *used + expire > now);
        }
    }

    /// Whether there is room; the entries of which the table must have forgotten one.
    fn room(&self) -> Result<(), Vec<u32>> {
        if self.entries.len() < self.size {
            return Ok(());
        }
        let free: Vec<_> = self.entries.iter().filter(|(_, entry)| entry.2 == 0).collect();
        let oldest = free.iter().map(|(_, entry)| entry.0).min();
        Err(free.into_iter().filter(|(_, entry)| Some(entry.0) == oldest).map(|(key, _)| *key).collect())
    }
}

proptest::proptest! {
    #[test]
    fn does_what_a_map_does(
        steps in steps(), size in 1u32..14, expire in proptest::option::of(20u64..200), nopurge in proptest::bool::ANY,
    ) {
        let table = table(TableConfig { nopurge, ..config(size, expire, &[DataType::Gpc0]) });
        let cell = table.layout.cell(DataType::Gpc0, 0).unwrap();
        let mut model = Model { expire, size: size as usize, nopurge, ..Model::default() };
        let mut held: Vec<(u32, Entry)> = Vec::new();
        let mut now = 0;
        for (pass, step) in steps {
            now += pass;
            model.expire(now);
            match step {
                Step::Use(number) | Step::Track(number) => {
                    let track = matches!(step, Step::Track(_));
                    let key = key(&table, number);
                    let entry = if track { table.track(&key, now) } else { table.get_or_insert(&key, now) };
                    let room = if model.entries.contains_key(&number) { Ok(()) } else { model.room() };
                    match (&entry, room) {
                        (None, Err(_)) if model.nopurge => {}
                        (None, Err(free)) => proptest::prop_assert!(free.is_empty()),
                        (Some(_), Err(free)) => {
                            proptest::prop_assert!(!model.nopurge);
                            let gone = free.iter().find(|other| table.get(&self::key(&table, **other), now).is_none());
                            proptest::prop_assert!(gone.is_some(), "none of {free:?} was forgotten");
                            model.entries.remove(gone.unwrap());
                        }
                        (entry, Ok(())) => proptest::prop_assert!(entry.is_some()),
                    }
                    if let Some(entry) = entry {
                        table.touch(&entry, now);
                        let known = model.entries.entry(number).or_default();
                        *known = (now, known.1 + 1, known.2 + u32::from(track));
                        proptest::prop_assert_eq!(entry.add(cell, 1), known.1);
                        if track {
                            held.push((number, entry));
                        }
                    }
                }
                Step::Look(number) => {
                    let found = table.get(&key(&table, number), now).map(|entry| entry.get(cell));
                    proptest::prop_assert_eq!(found, model.entries.get(&number).map(|entry| entry.1));
                }
                Step::Release => if let Some((number, entry)) = held.pop() {
                    table.untrack(&entry);
                    model.entries.get_mut(&number).unwrap().2 -= 1;
                },
                Step::Remove(number) => {
                    let removed = table.remove(&key(&table, number), now);
                    match model.entries.get(&number).map(|entry| entry.2) {
                        None => proptest::prop_assert_eq!(removed, Ok(false)),
                        Some(0) => {
                            proptest::prop_assert_eq!(removed, Ok(true));
                            model.entries.remove(&number);
                        }
                        Some(_) => proptest::prop_assert_eq!(removed, Err(store::InUse)),
                    }
                }
                Step::Sweep => {
                    model.expire(now);
                    proptest::prop_assert_eq!(table.len(now), model.entries.len());
                }
            }
            model.expire(now);
            let mut wanted: Vec<u32> = model.entries.keys().copied().collect();
            wanted.sort_unstable();
            proptest::prop_assert_eq!(keys(&table, now), wanted);
            proptest::prop_assert!(table.used() <= size as usize);
        }
    }
}
