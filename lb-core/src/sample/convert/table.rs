//! `in_table` and `table_*`: the entry of a sample (configuration.txt, section 7.3.1). Looking at it is no use of it.

use super::{Arg, ArgSpec, Context, Converter, SampleType, Value};
use crate::sample::ArgKind;
use crate::sample::fetch::table::{Op, table_of};

use SampleType::{Any, Bool, Sint};

const TABLE: ArgSpec = ArgSpec::all(&[ArgKind::Table]);
const INDEXED: ArgSpec = ArgSpec::all(&[ArgKind::Sint, ArgKind::Table]);
const DEFAULT: ArgSpec = ArgSpec::of(1, &[ArgKind::Table, ArgKind::Sint]);

#[rustfmt::skip]
pub(super) const CONVERTERS: &[Converter] = &[
    Converter::new("in_table", Any, Bool, look_up::<{ Op::InTable as usize }>).args(TABLE),
    Converter::new("table_bytes_in_rate", Any, Sint, look_up::<{ Op::BytesInRate as usize }>).args(TABLE),
    Converter::new("table_bytes_out_rate", Any, Sint, look_up::<{ Op::BytesOutRate as usize }>).args(TABLE),
    Converter::new("table_conn_cnt", Any, Sint, look_up::<{ Op::ConnCnt as usize }>).args(TABLE),
    Converter::new("table_conn_cur", Any, Sint, look_up::<{ Op::ConnCur as usize }>).args(TABLE),
    Converter::new("table_conn_rate", Any, Sint, look_up::<{ Op::ConnRate as usize }>).args(TABLE),
    Converter::new("table_expire", Any, Sint, look_up::<{ Op::Expire as usize }>).args(DEFAULT),
    Converter::new("table_gpc", Any, Sint, look_up::<{ Op::GetGpc as usize }>).args(INDEXED),
    Converter::new("table_gpc0", Any, Sint, look_up::<{ Op::GetGpc0 as usize }>).args(TABLE),
    Converter::new("table_gpc0_rate", Any, Sint, look_up::<{ Op::Gpc0Rate as usize }>).args(TABLE),
    Converter::new("table_gpc1", Any, Sint, look_up::<{ Op::GetGpc1 as usize }>).args(TABLE),
    Converter::new("table_gpc1_rate", Any, Sint, look_up::<{ Op::Gpc1Rate as usize }>).args(TABLE),
    Converter::new("table_gpc_rate", Any, Sint, look_up::<{ Op::GpcRate as usize }>).args(INDEXED),
    Converter::new("table_gpt", Any, Sint, look_up::<{ Op::GetGpt as usize }>).args(INDEXED),
    Converter::new("table_gpt0", Any, Sint, look_up::<{ Op::GetGpt0 as usize }>).args(TABLE),
    Converter::new("table_http_err_cnt", Any, Sint, look_up::<{ Op::HttpErrCnt as usize }>).args(TABLE),
    Converter::new("table_http_err_rate", Any, Sint, look_up::<{ Op::HttpErrRate as usize }>).args(TABLE),
    Converter::new("table_http_fail_cnt", Any, Sint, look_up::<{ Op::HttpFailCnt as usize }>).args(TABLE),
    Converter::new("table_http_fail_rate", Any, Sint, look_up::<{ Op::HttpFailRate as usize }>).args(TABLE),
    Converter::new("table_http_req_cnt", Any, Sint, look_up::<{ Op::HttpReqCnt as usize }>).args(TABLE),
    Converter::new("table_http_req_rate", Any, Sint, look_up::<{ Op::HttpReqRate as usize }>).args(TABLE),
    Converter::new("table_idle", Any, Sint, look_up::<{ Op::Idle as usize }>).args(DEFAULT),
    Converter::new("table_kbytes_in", Any, Sint, look_up::<{ Op::KbytesIn as usize }>).args(TABLE),
    Converter::new("table_kbytes_out", Any, Sint, look_up::<{ Op::KbytesOut as usize }>).args(TABLE),
    Converter::new("table_server_id", Any, Sint, look_up::<{ Op::ServerId as usize }>).args(TABLE),
    Converter::new("table_sess_cnt", Any, Sint, look_up::<{ Op::SessCnt as usize }>).args(TABLE),
    Converter::new("table_sess_rate", Any, Sint, look_up::<{ Op::SessRate as usize }>).args(TABLE),
    Converter::new("table_trackers", Any, Sint, look_up::<{ Op::Trackers as usize }>).args(TABLE),
];

/// What an operation says of the entry; 0 where there is none. No value where the sample is no key of the table, or the
/// table does not store that.
fn look_up<'a, const OP: usize>(context: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let op = *Op::ALL.get(OP)?;
    let (index, rest) = op.split(args);
    let table = table_of(context, rest.first())?;
    let now = table.at(context.now?);
    let entry = table.get(&table.key(value)?, now);
    match (op, &entry) {
        (Op::InTable, entry) => Some(Value::Bool(entry.is_some())),
        // Without an entry there is no time but the one that was given for this.
        (Op::Expire | Op::Idle, None) => rest.get(1)?.number().map(Value::Sint),
        (_, None) => Some(Value::Sint(0)),
        (op, Some(entry)) => op.of(table, entry, index, now).map(Value::Sint),
    }
}
