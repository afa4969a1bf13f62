//! `show table`, `set table` and `clear table`: the same script with HAProxy 2.6 and with lb; each reply must be the same
//! but for addresses and the last digits of times. Skipped where HAProxy is not installed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use lb_core::runtime::{CliSession, ErrorCode, Level, Step, TableFilter, TableOperator};
use lb_core::table::{Change, DataType, TableKey};
use lb_tests::process::{Process, haproxy};
use lb_tests::{CliAddress, Instance, cli, eventually};

const TABLES: &str = "\
backend tip
  stick-table type ip size 10 expire 1h store gpt0,gpc0,gpc0_rate(10s),conn_cnt,conn_rate(100s),conn_cur,sess_cnt,sess_rate(100s),http_req_cnt,http_req_rate(100s),http_err_cnt,http_err_rate(100s),bytes_in_cnt,bytes_in_rate(1m),bytes_out_cnt,bytes_out_rate(1m),gpc1,gpc1_rate(1500us),server_key,http_fail_cnt,http_fail_rate(1s),server_id
backend tip6
  stick-table type ipv6 size 1k store gpc0
backend tint
  stick-table type integer size 1k expire 500s store gpc(3),gpt(2),gpc_rate(2,100s)
backend tstr
  stick-table type string len 8 size 1k expire 100s store gpc0,server_key,conn_rate(100s)
backend tbin
  stick-table type binary len 4 size 1k store gpc0
backend tnone
  stick-table type ip size 1k
backend tfull
  stick-table type integer size 5 store gpc0
backend tfulln
  stick-table type integer size 5 nopurge store gpc0
backend notable
  server s 127.0.0.1:1
";

/// Lines with `@` are for the level `user`.
const SCRIPT: &str = r#"
show table
show table nope
show table notable
show table tip
show table tip foo
show table tip foo bar
show table tip key
show table tip key 1.2.3.4
show table tip key 1.2.3.4 foo
show table tip data.gpc0
show table tip data.gpc0 eq
show table tip data.gpc0 eq x
show table tip data.gpc0 eq 1x
show table tip data.gpc0 eq 0x10
show table tip data.gpc0 eq +1
show table tip data.gpc0 eq 99999999999999999999
show table tip data.gpc0 EQ 1
show table tip data.gpc0 xx 1
show table tip data.nope eq 1
show table tip data.gpc0 eq 1 key 1
show table tip data.
show table tnone data.gpc0 eq 1
show table tnone data.gpc0
show table tint data.gpc0 eq 1
show table tint data.gpc eq 1 data.foo eq 1
show table tip data.gpc0 eq 0 data.gpc1 eq 0 data.gpt0 eq 0 data.conn_cnt eq 0
show table tip data.gpc0 eq 0 data.gpc1 eq 0 data.gpt0 eq 0 data.conn_cnt eq 0 data.sess_cnt eq 0
show table tip data.gpc0 eq 0 data.gpc1
show table tip data.gpc0 eq -1
show table #1
clear table
clear table nope
clear table tip
clear table tip key
clear table tip key 1.2.3.4
clear table tip foo
clear table tip data.gpc0
clear table tip data.gpc0 eq
clear table tip data.gpc0 zz 1
clear table tip data.foo eq 1
set table
set table nope
set table tip foo
set table tip key
set table tip data.gpc0 eq 1
set table tip data.foo eq 1
set table tip key 1.2.3.4
show table tip
set table tip key 1.2.3.4 data.gpc0 5 data.gpt0 7
show table tip
set table tip key 1.2.3.4 data.gpc0
set table tip key 1.2.3.4 data.gpc0 x
set table tip key 1.2.3.4 data.gpc0 5x
set table tip key 1.2.3.4 data.gpc0 +7
set table tip key 1.2.3.4 data.gpc0 0x10
set table tip key 1.2.3.4 data.gpc1 18446744073709551617
set table tip key 1.2.3.4 data.foo 5
set table tip key 1.2.3.4 foo 5
set table tip key 1.2.3.4 data.server_key abc
set table tip key 1.2.3.4 data.server_name abc
show table tip
set table tip key 1.2.3.4 data.gpc0 -1
show table tip data.gpc0 eq -1
show table tip data.gpc0 eq 4294967295
show table tip data.gpc0 gt 100
set table tip key 1.2.3.4 data.gpc0 4294967297
set table tip key 1.2.3.4 data.bytes_in_cnt -1
show table tip data.bytes_in_cnt eq -1
show table tip data.bytes_in_cnt gt 0
show table tip data.bytes_in_cnt lt 0
set table tip key 1.2.3.4 data.server_id 3
set table tip key 1.2.3.4 data.conn_rate 100
set table tip key 1.2.3.4 data.http_req_rate 100 data.bytes_in_cnt 99999999999 data.bytes_in_rate 5000 data.conn_cur 5
show table tip
show table tip key 1.2.3.4
show table tip data.server_key eq 0
show table tip data.server_key ne 0
show table tip data.conn_rate ge 90 data.conn_cur le 5 data.server_id ne 2
set table tnone key 1.1.1.1 data.gpc0 1
set table tnone key 1.1.1.1
show table tnone
set table tip6 key 1.2.3.4
set table tip6 key ::1 data.gpc0 5
set table tip6 key 2001:db8::1 data.gpc0 5
set table tip6 key ::ffff:1.2.3.4 data.gpc0 6
set table tip6 key localhost
set table tip6 key x data.foo 1
set table tip6 key x foo
show table tip6
show table tip6 key ::1
show table tip6 key 1.2.3.4
clear table tip6 key x foo
clear table tip6 key ::1 foo
show table tip6
set table tint key 5 data.gpc 1
set table tint key 5 data.gpc0 1
set table tint key 5 data.gpt0 1
set table tint key 5 data.gpc 7 data.gpt 8 data.gpc_rate 9
set table tint key -5
set table tint key 4294967296
set table tint key 4294967295
set table tint key x
set table tint key
show table tint
show table tint data.gpc eq 7
show table tint data.gpt eq 8
show table tint data.gpc_rate eq 9
show table tint data.gpc eq 0
clear table tint key x
set table tstr key abc data.gpc0 1
set table tstr key abcdefghijkl data.gpc0 2
set table tstr key abcdefghxxxx data.gpc0 3
set table tstr key a\ b data.gpc0 3
set table tstr key a\"b\xff data.gpc0 3
set table tstr key a\\b data.gpc0 3
set table tstr key =é data.gpc0 3
set table tstr key !#$%&()* data.gpc0 3
set table tstr key +,-./:<>
set table tstr key ?@[]^_`{
set table tstr key |}~
show table tstr
show table tstr key abcdefghzzz
set table tbin key
set table tbin key abcd data.gpc0 1
show table tbin
show table tbin key
show table tbin key ab
clear table tbin key ab
clear table tbin
set table tfull key 5 data.gpc0 1
set table tfull key 1 data.gpc0 1
set table tfull key 3 data.gpc0 1
set table tfull key 2 data.gpc0 1
set table tfull key 4 data.gpc0 1
show table tfull
show table
show table tfull data.gpc0 eq 1
show table tfull data.gpc0 gt 1
clear table tfull data.gpc0 eq 1
show table tfull
set table tfulln key 5 data.gpc0 1
set table tfulln key 1 data.gpc0 1
set table tfulln key 3 data.gpc0 1
set table tfulln key 2 data.gpc0 1
set table tfulln key 4 data.gpc0 1
set table tfulln key 6 data.gpc0 1
show table tfulln
clear table tfulln data.gpc0 eq 1 data.gpc0 eq 2
show table tfulln
@show table
@show table tip
@show table tip key
@show table tip key 1.2.3.4
@show table tip data.gpc0 ge 1
@show table tip data.foo ge 1
@set table tip key
@set table tip foo
@set table tip data.gpc0 eq 1
@set table tip key 1.1.1.1
@set table
@set table nope
@clear table
@clear table nope
@clear table tip foo
@clear table tip key
@clear table tip key 1.2.3.4
show table tip data.gpc0 ge 0
clear table tip
show table tip
help show table
help set table
help clear table
"#;

struct Pair {
    _haproxy: Process,
    sockets: [PathBuf; 2],
    lb: Instance,
    _directory: tempfile::TempDir,
}

impl Pair {
    fn start() -> Option<Self> {
        let binary = haproxy()?;
        let directory = tempfile::tempdir().unwrap();
        let sockets = ["admin", "user"].map(|level| directory.path().join(level));
        let text = |stats: &str, listen: &str| {
            format!(
                "global\n  nbthread 1\n{stats}defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  \
                 timeout server 5s\nfrontend f\n  bind {listen}\n{TABLES}"
            )
        };
        let stats = format!(
            "  stats socket {} level admin\n  stats socket {} level user\n",
            sockets[0].display(),
            sockets[1].display()
        );
        let haproxy = Process::start(&binary, &text(&stats, "{listen0}"), 1);
        let lb = Instance::start(&text("", "127.0.0.1:0"));
        eventually("the stats sockets", || sockets.iter().all(|socket| UnixStream::connect(socket).is_ok()));
        Some(Self { _haproxy: haproxy, sockets, lb, _directory: directory })
    }

    fn both(&self, command: &str) -> [String; 2] {
        let (command, user) = command.strip_prefix('@').map_or((command, false), |command| (command, true));
        let theirs = cli::ask(&CliAddress::Unix(self.sockets[usize::from(user)].clone()), command);
        let mut session: CliSession = self.lb.proxy().cli_session(if user { Level::User } else { Level::Admin });
        let ours = answer(&mut session, command);
        [theirs, ours].map(|text| without_addresses_and_times(&text))
    }
}

fn answer(session: &mut CliSession, command: &str) -> String {
    let mut out = String::new();
    session.push(format!("{command}\n").as_bytes());
    while let Step::Done = session.step(&mut out) {}
    out
}

/// Addresses become `0x`; of times in milliseconds only the seconds count, rounded.
fn without_addresses_and_times(text: &str) -> String {
    let line = |line: &str| {
        let line = match line.split_once(": key=") {
            Some((address, rest)) if address.starts_with("0x") => format!("0x: key={rest}"),
            _ => line.to_owned(),
        };
        let words = line.split(' ').map(|word| match word.strip_prefix("exp=").and_then(|ms| ms.parse::<u64>().ok()) {
            Some(milliseconds) => format!("exp~{}s", milliseconds.div_ceil(10_000) * 10),
            None => word.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn commands_answer_as_haproxys() {
    let Some(pair) = Pair::start() else { return };
    let mut different = Vec::new();
    for command in SCRIPT.lines().filter(|line| !line.is_empty()) {
        let [theirs, ours] = pair.both(command);
        if theirs != ours {
            different.push(format!("> {command}\nhaproxy: {theirs:?}\nlb:      {ours:?}"));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// What commands do, programs do by calls.
#[test]
fn tables_are_objects() {
    let lb = Instance::start(&format!("defaults\n  mode http\nfrontend f\n  bind 127.0.0.1:0\n{TABLES}"));
    assert_eq!(lb.proxy().table("nope").unwrap_err().text(), "No such table");
    let table = lb.proxy().table("tint").unwrap();
    assert_eq!((table.name(), table.size(), table.len(), table.is_empty()), ("tint", 1024, 0, true));
    assert!(table.stores(DataType::Gpc) && !table.stores(DataType::Gpc0));
    let mut changes = table.watch(2);
    assert_eq!(table.lookup(5u32).unwrap(), None);
    table.update_at(5u32, [(DataType::Gpc, 2, 7), (DataType::Gpt, 0, 1)]).unwrap();
    table.update(3u32, [(DataType::Gpc, 4)]).unwrap();
    let entry = table.lookup(5u32).unwrap().unwrap();
    assert_eq!((entry.key.clone(), entry.trackers), (TableKey::Integer(5), 0));
    assert_eq!([0, 1, 2, 3].map(|index| entry.get(DataType::Gpc, index)), [Some(0), Some(0), Some(7), None]);
    assert_eq!(table.entries().iter().map(|entry| entry.key.to_string()).collect::<Vec<_>>(), ["3", "5"]);
    let tagged = TableFilter { kind: DataType::Gpt, operator: TableOperator::Equal, value: 1 };
    let mut found = table.matching([tagged]).unwrap();
    // Time goes on between two looks.
    found.iter_mut().for_each(|found| found.expires_in = entry.expires_in);
    assert_eq!(found, [entry]);

    let error = table.lookup("text").unwrap_err();
    assert_eq!((error.code(), error.text()), (ErrorCode::Invalid, "Invalid key"));
    let error = table.update_at(9u32, [(DataType::Gpc, 3, 7)]).unwrap_err();
    assert_eq!(error.text(), "Data type not stored in this table");
    let wrong = TableFilter { kind: DataType::Gpc0, ..tagged };
    assert!(table.matching([wrong]).is_err() && table.remove_matching([wrong]).is_err());
    assert_eq!(table.len(), 2);

    table.remove_matching([tagged]).unwrap();
    table.remove(77u32).unwrap();
    assert_eq!(table.len(), 1);
    table.clear().unwrap();
    assert!(table.is_empty());
    assert_eq!(changes.try_recv().map(|told| told.change), Some(Change::Created));
    assert_eq!(changes.try_recv().map(|told| told.change), Some(Change::Updated));
    assert_eq!((changes.try_recv(), changes.lost()), (None, 5));

    let blocks = lb.proxy().table("tbin").unwrap();
    blocks.update(TableKey::Binary(vec![1, 2].into()), [(DataType::Gpc0, 1)]).unwrap();
    assert!(lb.proxy().execute("show table tbin").unwrap().contains(" key=01020000 use=0 exp=0 gpc0=1\n"));
}

/// Where we do not answer as HAProxy 2.6.12: it takes what is no address for another one, a number with something behind
/// it for the number, changes an entry before it refuses, says nothing where it does nothing, and lets users clear
/// tables.
#[test]
fn what_is_wrong_is_refused() {
    let lb = Instance::start(&format!("defaults\n  mode http\nfrontend f\n  bind 127.0.0.1:0\n{TABLES}"));
    let ask = |level, command: &str| answer(&mut lb.proxy().cli_session(level), command);
    for (command, wanted) in [
        ("set table tip key x", "Invalid key"),
        ("set table tip key 1.2.3", "Invalid key"),
        ("clear table tip key localhost", "Invalid key"),
        ("show table tip key ::1", "Invalid key"),
        ("set table tint key 7x", "Invalid key"),
        ("set table tip key 1.2.3.4 data.server_key 5", "Data type 'server_key' cannot be set"),
        ("set table tip", "Required arguments: <table> key <key> [data.<store_data_type> <value>]*"),
        ("set table tip key 1.2.3.4 data.gpc0 9 data.foo 6", "Unknown data type"),
        ("show table tip", "# table: tip, type: ip, size:10, used:0"),
    ] {
        assert_eq!(ask(Level::Admin, command), format!("{wanted}\n\n"), "{command}");
    }
    for command in ["clear table tip", "clear table tip data.gpc0 eq 1"] {
        assert_eq!(ask(Level::User, command), "Permission denied\n\n");
    }
}
