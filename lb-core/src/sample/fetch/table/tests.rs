//! What HAProxy 2.6.12 answered to the same expressions, on tables with the same contents.
#![allow(clippy::unwrap_used)]

use crate::instant::Instant;
use std::sync::Arc;
use std::time::Duration;

use crate::sample::context::{ClientFacts, Known};
use crate::sample::names::{Names, ProxyHeader};
use crate::sample::value::{SampleType, Value};
use crate::sample::{Context, Expression, Scope};
use crate::table::{DataType, KeyType, Stored, Table, TableConfig, TrackScope, Tracking};

/// Tables `t` (all kinds of counters), `o` (`gpc0`, `gpc1`), `arr` (arrays), `empty` (nothing), `s` (strings) and `rate`
/// (rates alone).
struct Setting {
    tables: Vec<Option<Arc<Table>>>,
    names: Names,
    now: Instant,
    facts: Known<'static>,
}

fn table(name: &str, key: KeyType, stored: Vec<Stored>, origin: Instant) -> Option<Arc<Table>> {
    let mut config = TableConfig::new(key, 10);
    config.expire = Some(Duration::from_secs(3600));
    config.stored = stored;
    Some(Arc::new(Table::new(name, &config, origin)))
}

impl Setting {
    fn new() -> Self {
        let now = Instant::now();
        let period = Duration::from_secs(10);
        let array = |kind, count, period| Stored { kind, count, period };
        let all = [
            DataType::ConnCnt,
            DataType::ConnCur,
            DataType::SessCnt,
            DataType::HttpReqCnt,
            DataType::BytesInCnt,
            DataType::Gpc0,
            DataType::Gpt0,
        ];
        let mut counters: Vec<Stored> = all.into_iter().map(Stored::plain).collect();
        counters.extend([DataType::Gpc0Rate, DataType::BytesInRate].map(|kind| Stored::rate(kind, period)));
        let arrays = vec![
            array(DataType::Gpc, 3, Duration::ZERO),
            array(DataType::GpcRate, 3, period),
            array(DataType::Gpt, 2, Duration::ZERO),
        ];
        let rates = vec![Stored::rate(DataType::Gpc0Rate, period), Stored::rate(DataType::ConnRate, period)];
        let list = [
            ("t", KeyType::Ip, counters),
            ("o", KeyType::Ip, [DataType::Gpc0, DataType::Gpc1].map(Stored::plain).to_vec()),
            ("arr", KeyType::Ip, arrays),
            ("empty", KeyType::Ip, Vec::new()),
            ("s", KeyType::String { len: 8 }, vec![Stored::plain(DataType::Gpc0)]),
            ("rate", KeyType::Ip, rates),
            ("none", KeyType::Ip, Vec::new()),
        ];
        let header = |name: &str| ProxyHeader {
            name: name.to_owned(),
            frontend: false,
            backend: true,
            table: name != "none",
            servers: Vec::new(),
        };
        let names = Names { proxies: list.iter().map(|(name, ..)| header(name)).collect(), ..Names::default() };
        let table = |(name, key, stored)| if name == "none" { None } else { table(name, key, stored, now) };
        let client = ClientFacts { source: Some(([127, 0, 0, 1], 5000).into()), ..ClientFacts::default() };
        let facts = Known { client, ..Known::default() };
        Self { tables: list.into_iter().map(table).collect(), names, now: now + Duration::from_secs(5), facts }
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            names: &self.names,
            proxy: Some(0),
            section: "t",
            file: "F",
            line: 1,
            keyword: "http-request expression",
            ignore_case: false,
        }
    }

    fn table(&self, index: usize) -> &Arc<Table> {
        self.tables[index].as_ref().unwrap()
    }

    fn context<'a>(&'a self, tracking: Option<&'a Tracking>) -> Context<'a> {
        Context { tables: &self.tables, tracking, now: Some(self.now), facts: Some(&self.facts), ..Context::default() }
    }

    /// Evaluates one after the other and compares; nothing is an empty text, as in a log line.
    #[track_caller]
    fn expect(&self, context: &Context<'_>, cases: &[(&str, &str)]) {
        for (text, wanted) in cases {
            let (expression, _) = Expression::parse_prefix(text, &self.scope()).unwrap();
            let value = expression.evaluate(context).map(Value::into_bytes).unwrap_or_default();
            assert_eq!(String::from_utf8_lossy(&value), *wanted, "{text}");
        }
    }

    fn track(&self, tracking: &Tracking, slot: usize, table: usize) {
        let table = self.table(table);
        let key = table.key(Value::ip("127.0.0.1".parse().unwrap())).unwrap();
        tracking.track(TrackScope::Request, slot, table, &key, table.at(self.now));
    }
}

#[test]
fn the_clients_address() {
    let setting = Setting::new();
    setting.expect(
        &setting.context(None),
        &[
            ("src_conn_cnt(empty)", "0"),
            ("src_get_gpc0(o)", "0"),
            ("src_get_gpt0(o)", "0"),
            ("table_cnt(o)", "0"),
            ("src_clr_gpc0(o)", "0"),
            ("table_cnt(o)", "1"),
            ("src_get_gpt0(o)", ""),
            ("src_inc_gpc0(o)", "1"),
            ("src_inc_gpc1(o)", "1"),
            ("src_get_gpc0(o)", "1"),
            ("table_cnt(o)", "1"),
            ("table_avl(o)", "9"),
            ("src_updt_conn_cnt(t)", "1"),
            ("src_updt_conn_cnt()", "2"),
            ("src_conn_cnt", "2"),
            ("src_updt_conn_cnt(o)", ""),
            ("src_inc_gpc0(arr)", "1"),
            ("src_inc_gpc1(arr)", "1"),
            ("src_get_gpc0(arr)", "1"),
            ("src_get_gpc(1,arr)", "1"),
            ("src_get_gpc(3,arr)", ""),
            ("src_gpc_rate(1,arr)", "1"),
            ("src_gpc_rate(3,arr)", ""),
            ("src_gpc0_rate(arr)", "1"),
            ("src_get_gpt(1,arr)", "0"),
            ("src_get_gpt(5,arr)", ""),
            ("src_get_gpt0(arr)", "0"),
            ("src_clr_gpc0(arr)", "1"),
            ("src_get_gpc0(arr)", "0"),
            ("src_gpc0_rate(arr)", "1"),
            ("src_get_gpc(0,o)", ""),
            ("src_inc_gpc0(empty)", "0"),
            ("src_clr_gpc0(empty)", ""),
            ("src_inc_gpc0(s)", "1"),
            ("src_inc_gpc0(s)", "2"),
            ("src_inc_gpc0(rate)", "1"),
            ("src_inc_gpc0(rate)", "2"),
            ("src_conn_rate(rate)", "0"),
            // HAProxy 2.6.12 crashes on these.
            ("src_inc_gpc(0,arr)", "1"),
            ("src_inc_gpc(3,arr)", "0"),
            ("src_clr_gpc(0,arr)", "1"),
        ],
    );
    let mut unknown = setting.context(None);
    unknown.facts = None;
    setting.expect(&unknown, &[("src_inc_gpc0(o)", ""), ("src_get_gpc0(o)", "")]);
}

#[test]
fn what_is_tracked() {
    let setting = Setting::new();
    let tracking = Tracking::default();
    setting.track(&tracking, 0, 1);
    setting.track(&tracking, 1, 2);
    setting.expect(
        &setting.context(Some(&tracking)),
        &[
            ("sc0_tracked", "1"),
            ("sc1_tracked", "1"),
            ("sc2_tracked", "0"),
            ("sc_tracked(1)", "1"),
            ("sc_tracked(3)", "0"),
            ("sc_tracked(-1)", "0"),
            ("sc0_conn_cnt", ""),
            ("sc0_get_gpc0", "0"),
            ("sc0_inc_gpc0", "1"),
            ("sc_inc_gpc0(0)", "2"),
            ("sc0_gpc0_rate", ""),
            ("sc2_get_gpc0", ""),
            ("sc2_inc_gpc0", ""),
            ("sc0_get_gpc0(t)", "0"),
            ("sc0_inc_gpc0(t)", "0"),
            ("sc0_clr_gpc0(t)", "0"),
            ("table_cnt(t)", "0"),
            ("sc0_tracked(t)", "1"),
            ("sc0_get_gpc0(s)", "0"),
            ("sc0_get_gpc0(o)", "2"),
            ("sc0_get_gpt0(o)", ""),
            ("sc0_trackers", "1"),
            ("sc0_trackers(t)", "0"),
            ("sc0_trackers(arr)", "1"),
            ("sc_get_gpc(0,1)", "0"),
            ("sc_inc_gpc(0,1)", "1"),
            ("sc_inc_gpc(0,1)", "2"),
            ("sc_gpc_rate(0,1)", "2"),
            ("sc_get_gpc(3,1)", ""),
            ("sc_inc_gpc(3,1)", "0"),
            ("sc_clr_gpc(3,1)", ""),
            ("sc_clr_gpc(0,1)", "2"),
            ("sc_get_gpc(0,0)", ""),
            ("sc1_get_gpc0", "0"),
            ("sc1_inc_gpc0", "1"),
            ("sc1_get_gpt0", "0"),
            ("sc_get_gpt(1,1)", "0"),
            ("sc_get_gpt(9,1)", ""),
            ("sc_get_gpc(0,1,o)", ""),
            ("sc1_clr_gpc(0)", "1"),
            ("sc1_clr_gpc1", "0"),
            ("sc_conn_cnt(7)", ""),
            ("sc0_kbytes_in(t)", "0"),
            ("sc0_kbytes_in", ""),
        ],
    );
    let second = Tracking::default();
    setting.track(&second, 2, 0);
    second.bytes_in(5000, setting.table(0).at(setting.now));
    setting.expect(
        &setting.context(Some(&second)),
        &[
            ("sc2_conn_cnt", "1"),
            ("sc2_conn_cur", "1"),
            ("sc_sess_cnt(2)", "0"),
            ("sc2_http_req_cnt", "1"),
            ("sc2_kbytes_in", "4"),
            ("sc2_bytes_in_rate", "5000"),
        ],
    );
    setting.expect(&setting.context(None), &[("sc0_tracked", "0"), ("sc0_get_gpc0", "")]);
}

#[test]
fn converters() {
    let setting = Setting::new();
    let tracking = Tracking::default();
    setting.track(&tracking, 0, 1);
    setting.track(&tracking, 1, 2);
    setting.track(&tracking, 2, 0);
    let context = setting.context(Some(&tracking));
    setting.expect(
        &context,
        &[
            ("src,in_table(o)", "1"),
            ("str(9.9.9.9),in_table(o)", "0"),
            ("str(9.9.9.9),table_gpc0(o)", "0"),
            ("src,table_gpc0(o)", "0"),
            ("src,table_gpt0(o)", ""),
            ("str(9.9.9.9),table_gpt0(o)", "0"),
            ("src,table_gpc(0,arr)", "0"),
            ("src,table_gpc(7,arr)", ""),
            ("str(9.9.9.9),table_gpc(7,arr)", "0"),
            ("src,table_gpc0(arr)", "0"),
            ("src,table_gpt(0,arr)", "0"),
            ("src,table_expire(o)", "3600000"),
            ("src,table_idle(o)", "0"),
            ("str(9.9.9.9),table_idle(o)", ""),
            ("str(9.9.9.9),table_idle(o,7)", "7"),
            ("src,table_expire(o,5)", "3600000"),
            ("str(x),table_gpc0(o)", ""),
            ("src,table_server_id(o)", ""),
            ("str(9.9.9.9),table_server_id(o)", "0"),
            // HAProxy counts its own look.
            ("src,table_trackers(o)", "1"),
            ("str(9.9.9.9),table_trackers(o)", "0"),
            ("src,table_kbytes_in(t)", "0"),
            ("src,table_bytes_in_rate(t)", "0"),
            ("str(9.9.9.9),table_expire(empty)", ""),
            ("str(9.9.9.9),table_expire(empty,9)", "9"),
            ("int(2130706433),in_table(o)", "1"),
            ("str(127.0.0.1),in_table(o)", "1"),
            ("src,table_conn_cnt", "1"),
        ],
    );
    let later = Context { now: Some(setting.now + Duration::from_millis(1500)), ..setting.context(None) };
    setting.expect(&later, &[("src,table_expire(o)", "3598500"), ("src,table_idle(o)", "1500")]);
}

#[test]
fn names_of_tables_are_checked() {
    let setting = Setting::new();
    let refused = |text: &str, proxy| {
        let section = if proxy == 0 { "t" } else { "none" };
        let scope = Scope { proxy: Some(proxy), section, ..setting.scope() };
        Expression::parse_prefix(text, &scope).unwrap_err().message
    };
    for (text, proxy, wanted) in [
        (
            "src_get_gpc0(nope)",
            0,
            "unable to find table 'nope' referenced in arg 1 of sample fetch keyword 'src_get_gpc0' in http-request \
             expression in proxy 't'.",
        ),
        (
            "src_get_gpc0",
            6,
            "unable to find table 'none' referenced in arg 1 of sample fetch keyword 'src_get_gpc0' in http-request \
             expression in proxy 'none'.",
        ),
        (
            "sc_get_gpc0(0,nope)",
            0,
            "unable to find table 'nope' referenced in arg 2 of sample fetch keyword 'sc_get_gpc0' in http-request \
             expression in proxy 't'.",
        ),
        (
            "src,table_gpc0",
            6,
            "unable to find table 'none' referenced in arg 1 of conversion keyword 'table_gpc0' for sample fetch \
             keyword 'src' in http-request expression in proxy 'none'.",
        ),
        ("sc_get_gpc(0)", 0, "fetch method 'sc_get_gpc' : missing arguments (got 1/2), type 'integer' expected"),
    ] {
        assert_eq!(refused(text, proxy), wanted);
    }
    assert_eq!(setting.table(0).config.key.sample_type(), SampleType::Ipv4);
}

/// The operation of a function's parameter is the one that its name says.
#[test]
fn operations_have_their_numbers() {
    for (number, op) in super::Op::ALL.iter().enumerate() {
        assert_eq!(*op as usize, number);
    }
}
