//! Stick tables: `table_avl`, `table_cnt`, and what `sc_*`, `src_*` and the `table_*` converters say of an entry
//! (configuration.txt, sections 7.3.2 and 7.3.3).
//!
//! A value that the table does not store is none at all. Where there is no entry it is 0, but for a counter that
//! nothing is tracked by: that has no value either.

mod source;
#[cfg(test)]
mod tests;
mod tracked;

use std::sync::Arc;

use super::{Arg, ArgSpec, Context, Fetch, SampleType, Value};
use crate::sample::ArgKind;
use crate::table::counters::{Gpc, Gpt};
use crate::table::{DataType, Entry, Moment, Table};

pub(super) use source::SOURCE;
pub(super) use tracked::TRACKED;

pub(super) const FETCHES: &[Fetch] = &[
    Fetch::one("YYYYYYYYYYYYYYYYYYYY.Y", "table_avl", SampleType::Sint, |context, args| {
        let table = table_of(context, args.first())?;
        Some(Value::Sint(i64::from(table.config.size) - table.len(table.at(context.now?)) as i64))
    })
    .args(ArgSpec::all(&[ArgKind::Table])),
    Fetch::one("YYYYYYYYYYYYYYYYYYYY.Y", "table_cnt", SampleType::Sint, |context, args| {
        let table = table_of(context, args.first())?;
        Some(Value::Sint(table.len(table.at(context.now?)) as i64))
    })
    .args(ArgSpec::all(&[ArgKind::Table])),
];

/// What is asked of an entry, or done to it. The order is that of [`Op::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(in crate::sample) enum Op {
    BytesInRate,
    BytesOutRate,
    ClrGpc,
    ClrGpc0,
    ClrGpc1,
    ConnCnt,
    ConnCur,
    ConnRate,
    Expire,
    GetGpc,
    GetGpc0,
    GetGpc1,
    GetGpt,
    GetGpt0,
    Gpc0Rate,
    Gpc1Rate,
    GpcRate,
    HttpErrCnt,
    HttpErrRate,
    HttpFailCnt,
    HttpFailRate,
    HttpReqCnt,
    HttpReqRate,
    Idle,
    InTable,
    IncGpc,
    IncGpc0,
    IncGpc1,
    KbytesIn,
    KbytesOut,
    ServerId,
    SessCnt,
    SessRate,
    Tracked,
    Trackers,
    UpdtConnCnt,
}

impl Op {
    /// All, by their number: functions of fetches and converters have it as a parameter.
    pub(in crate::sample) const ALL: &[Self] = &[
        Self::BytesInRate,
        Self::BytesOutRate,
        Self::ClrGpc,
        Self::ClrGpc0,
        Self::ClrGpc1,
        Self::ConnCnt,
        Self::ConnCur,
        Self::ConnRate,
        Self::Expire,
        Self::GetGpc,
        Self::GetGpc0,
        Self::GetGpc1,
        Self::GetGpt,
        Self::GetGpt0,
        Self::Gpc0Rate,
        Self::Gpc1Rate,
        Self::GpcRate,
        Self::HttpErrCnt,
        Self::HttpErrRate,
        Self::HttpFailCnt,
        Self::HttpFailRate,
        Self::HttpReqCnt,
        Self::HttpReqRate,
        Self::Idle,
        Self::InTable,
        Self::IncGpc,
        Self::IncGpc0,
        Self::IncGpc1,
        Self::KbytesIn,
        Self::KbytesOut,
        Self::ServerId,
        Self::SessCnt,
        Self::SessRate,
        Self::Tracked,
        Self::Trackers,
        Self::UpdtConnCnt,
    ];

    /// The index in front of the other arguments where the operation is one on an array, and those others.
    pub(in crate::sample) fn split(self, args: &[Arg]) -> (usize, &[Arg]) {
        match (self, args) {
            (Self::ClrGpc | Self::GetGpc | Self::GetGpt | Self::GpcRate | Self::IncGpc, [index, rest @ ..]) => {
                (index.number().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX), rest)
            }
            _ => (0, args),
        }
    }

    /// Whether it makes an entry where there is none.
    fn makes_entry(self) -> bool {
        use Op::{ClrGpc, ClrGpc0, ClrGpc1, IncGpc, IncGpc0, IncGpc1, UpdtConnCnt};
        matches!(self, ClrGpc | ClrGpc0 | ClrGpc1 | IncGpc | IncGpc0 | IncGpc1 | UpdtConnCnt)
    }

    /// Does it. `index` is for arrays.
    pub(in crate::sample) fn of(self, table: &Table, entry: &Entry, index: usize, now: Moment) -> Option<i64> {
        let number = |kind| table.number(entry, kind, 0, now);
        let kilobytes = |kind| number(kind).map(|bytes| (bytes as u64 >> 10) as i64);
        let clear = |gpc| table.clear_gpc(entry, gpc, now).map(i64::from);
        let get = |gpc| table.get_gpc(entry, gpc).map(i64::from);
        let rate = |gpc| table.gpc_rate(entry, gpc, now).map(i64::from);
        let increment = |gpc| Some(i64::from(table.inc_gpc(entry, gpc, now)));
        match self {
            Self::BytesInRate => number(DataType::BytesInRate),
            Self::BytesOutRate => number(DataType::BytesOutRate),
            Self::ClrGpc => clear(Gpc::At(index)),
            Self::ClrGpc0 => clear(Gpc::First),
            Self::ClrGpc1 => clear(Gpc::Second),
            Self::ConnCnt => number(DataType::ConnCnt),
            Self::ConnCur => number(DataType::ConnCur),
            Self::ConnRate => number(DataType::ConnRate),
            Self::Expire => i64::try_from(table.expires_in(entry, now).as_millis()).ok(),
            Self::GetGpc => get(Gpc::At(index)),
            Self::GetGpc0 => get(Gpc::First),
            Self::GetGpc1 => get(Gpc::Second),
            Self::GetGpt => table.get_gpt(entry, Gpt::At(index)).map(i64::from),
            Self::GetGpt0 => table.get_gpt(entry, Gpt::First).map(i64::from),
            Self::Gpc0Rate => rate(Gpc::First),
            Self::Gpc1Rate => rate(Gpc::Second),
            Self::GpcRate => rate(Gpc::At(index)),
            Self::HttpErrCnt => number(DataType::HttpErrCnt),
            Self::HttpErrRate => number(DataType::HttpErrRate),
            Self::HttpFailCnt => number(DataType::HttpFailCnt),
            Self::HttpFailRate => number(DataType::HttpFailRate),
            Self::HttpReqCnt => number(DataType::HttpReqCnt),
            Self::HttpReqRate => number(DataType::HttpReqRate),
            Self::Idle => i64::try_from(table.idle(entry, now).as_millis()).ok(),
            Self::IncGpc => increment(Gpc::At(index)),
            Self::IncGpc0 => increment(Gpc::First),
            Self::IncGpc1 => increment(Gpc::Second),
            Self::KbytesIn => kilobytes(DataType::BytesInCnt),
            Self::KbytesOut => kilobytes(DataType::BytesOutCnt),
            Self::ServerId => number(DataType::ServerId),
            Self::SessCnt => number(DataType::SessCnt),
            Self::SessRate => number(DataType::SessRate),
            Self::Tracked | Self::InTable => Some(1),
            Self::Trackers => Some(i64::from(entry.trackers())),
            Self::UpdtConnCnt => table.count_connection(entry, now).map(i64::from),
        }
    }
}

/// The table that an argument names.
pub(in crate::sample) fn table_of<'a>(context: &Context<'a>, arg: Option<&Arg>) -> Option<&'a Arc<Table>> {
    match arg? {
        Arg::Proxy(number) => context.tables.get(*number)?.as_ref(),
        _ => None,
    }
}

/// In place of a counter's number: it is an argument.
const GIVEN: usize = usize::MAX;

/// `sc_*`: what a counter tracks, or the entry of the same key in another table.
fn tracked<'a, const SLOT: usize, const OP: usize>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let op = *Op::ALL.get(OP)?;
    let (index, mut rest) = op.split(args);
    let slot = match (SLOT, rest) {
        (GIVEN, [slot, behind @ ..]) => {
            rest = behind;
            slot.number().and_then(|slot| usize::try_from(slot).ok())
        }
        (slot, _) => Some(slot),
    };
    let found = slot.and_then(|slot| context.tracking?.get(slot));
    if op == Op::Tracked {
        return Some(Value::Bool(found.is_some()));
    }
    let found = found?;
    let now = found.table.at(context.now?);
    let number = match rest.first() {
        Some(Arg::Proxy(_)) => {
            let other = table_of(context, rest.first())?;
            if Arc::ptr_eq(other, &found.table) {
                op.of(other, &found.entry, index, now)
            } else {
                match found.table.same_key_in(other, &found.entry, now) {
                    Some(entry) => op.of(other, &entry, index, now),
                    None => Some(0),
                }
            }
        }
        _ => op.of(&found.table, &found.entry, index, now),
    };
    number.map(Value::Sint)
}

/// `src_*`: the entry of the client's address. What changes it makes it where there is none.
fn source<'a, const OP: usize>(context: &Context<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let op = *Op::ALL.get(OP)?;
    let (index, rest) = op.split(args);
    let table = table_of(context, rest.first())?;
    let now = table.at(context.now?);
    let key = table.key(Value::ip(context.client().source?.ip()))?;
    let number = match op.makes_entry() {
        true => op.of(table, &table.get_or_insert(&key, now)?, index, now),
        false => match table.get(&key, now) {
            Some(entry) => op.of(table, &entry, index, now),
            None => Some(0),
        },
    };
    number.map(Value::Sint)
}
