//! `src_*`: the entry of the client's address (configuration.txt, section 7.3.3).

use super::{ArgKind, ArgSpec, Fetch, Op, SampleType, source};

use SampleType::Sint;

const ROW: &str = "YYYYYYYYYYYYYYYYYYYY..";

const TABLE: ArgSpec = ArgSpec::all(&[ArgKind::Table]);
const INDEXED: ArgSpec = ArgSpec::all(&[ArgKind::Sint, ArgKind::Table]);

#[rustfmt::skip]
pub(in crate::sample::fetch) const SOURCE: &[Fetch] = &[
    Fetch::one(ROW, "src_bytes_in_rate", Sint, source::<{ Op::BytesInRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_bytes_out_rate", Sint, source::<{ Op::BytesOutRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_clr_gpc", Sint, source::<{ Op::ClrGpc as usize }>).args(INDEXED),
    Fetch::one(ROW, "src_clr_gpc0", Sint, source::<{ Op::ClrGpc0 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_clr_gpc1", Sint, source::<{ Op::ClrGpc1 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_conn_cnt", Sint, source::<{ Op::ConnCnt as usize }>).args(TABLE),
    Fetch::one(ROW, "src_conn_cur", Sint, source::<{ Op::ConnCur as usize }>).args(TABLE),
    Fetch::one(ROW, "src_conn_rate", Sint, source::<{ Op::ConnRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_get_gpc", Sint, source::<{ Op::GetGpc as usize }>).args(INDEXED),
    Fetch::one(ROW, "src_get_gpc0", Sint, source::<{ Op::GetGpc0 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_get_gpc1", Sint, source::<{ Op::GetGpc1 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_get_gpt", Sint, source::<{ Op::GetGpt as usize }>).args(INDEXED),
    Fetch::one(ROW, "src_get_gpt0", Sint, source::<{ Op::GetGpt0 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_gpc0_rate", Sint, source::<{ Op::Gpc0Rate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_gpc1_rate", Sint, source::<{ Op::Gpc1Rate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_gpc_rate", Sint, source::<{ Op::GpcRate as usize }>).args(INDEXED),
    Fetch::one(ROW, "src_http_err_cnt", Sint, source::<{ Op::HttpErrCnt as usize }>).args(TABLE),
    Fetch::one(ROW, "src_http_err_rate", Sint, source::<{ Op::HttpErrRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_http_fail_cnt", Sint, source::<{ Op::HttpFailCnt as usize }>).args(TABLE),
    Fetch::one(ROW, "src_http_fail_rate", Sint, source::<{ Op::HttpFailRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_http_req_cnt", Sint, source::<{ Op::HttpReqCnt as usize }>).args(TABLE),
    Fetch::one(ROW, "src_http_req_rate", Sint, source::<{ Op::HttpReqRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_inc_gpc", Sint, source::<{ Op::IncGpc as usize }>).args(INDEXED),
    Fetch::one(ROW, "src_inc_gpc0", Sint, source::<{ Op::IncGpc0 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_inc_gpc1", Sint, source::<{ Op::IncGpc1 as usize }>).args(TABLE),
    Fetch::one(ROW, "src_kbytes_in", Sint, source::<{ Op::KbytesIn as usize }>).args(TABLE),
    Fetch::one(ROW, "src_kbytes_out", Sint, source::<{ Op::KbytesOut as usize }>).args(TABLE),
    Fetch::one(ROW, "src_sess_cnt", Sint, source::<{ Op::SessCnt as usize }>).args(TABLE),
    Fetch::one(ROW, "src_sess_rate", Sint, source::<{ Op::SessRate as usize }>).args(TABLE),
    Fetch::one(ROW, "src_updt_conn_cnt", Sint, source::<{ Op::UpdtConnCnt as usize }>).args(TABLE),
];
