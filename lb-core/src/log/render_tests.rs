//! Lines as HAProxy 2.6.12 wrote them, byte for byte.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use jiff::tz::TimeZone;

use super::*;
use crate::log::{CLF_FORMAT, Cause, HTTP_FORMAT, ServerAddress, Stage, TCP_FORMAT};

/// Every variable of the manual, in its order.
const ALL: &str = "B=%B|CC=%CC|CS=%CS|H=%H|HM=%HM|HP=%HP|HPO=%HPO|HQ=%HQ|HU=%HU|HV=%HV|ID=%ID|ST=%ST|T=%T|Ta=%Ta|\
                   Tc=%Tc|Td=%Td|Th=%Th|Ti=%Ti|Tl=%Tl|TR=%TR|Tq=%Tq|Tr=%Tr|Ts=%Ts|Tt=%Tt|Tu=%Tu|Tw=%Tw|U=%U|ac=%ac|\
                   b=%b|bc=%bc|bi=%bi|bp=%bp|bq=%bq|ci=%ci|cp=%cp|f=%f|fc=%fc|fi=%fi|fp=%fp|ft=%ft|hr=%hr|hrl=%hrl|\
                   hs=%hs|hsl=%hsl|lc=%lc|ms=%ms|pid=%pid|r=%r|rc=%rc|rt=%rt|s=%s|sc=%sc|si=%si|sp=%sp|sq=%sq|\
                   sslc=%sslc|sslv=%sslv|t=%t|tr=%tr|trg=%trg|trl=%trl|ts=%ts|tsc=%tsc|";

fn context() -> LogContext {
    LogContext { pid: 15013, hostname: "vm".into(), log_counter: 2, dates: DateCache::new(TimeZone::UTC) }
}

fn line(format: &str, record: &LogRecord) -> String {
    let format = LogFormat::parse(format, true).unwrap();
    let mut out = Vec::new();
    render(&format, record, None, &mut context(), &mut out);
    String::from_utf8(out).unwrap()
}

/// `GET /live?q=1`, answered by server s1.
fn served() -> LogRecord {
    let zero = Some(Duration::from_micros(300));
    LogRecord {
        accept_date: Duration::from_millis(1_795_232_511_505),
        request_date: Duration::from_millis(1_795_232_511_505),
        client: "127.0.0.1:35602".parse().ok(),
        frontend_address: "127.0.0.1:19006".parse().ok(),
        backend_address: "127.0.0.1:33438".parse().ok(),
        server_address: "127.0.0.1:19005".parse().ok().map(ServerAddress::Inet),
        frontend: "all".into(),
        backend: "live".into(),
        server: Some("s1".into()),
        http: true,
        frontend_http: true,
        th: zero,
        ti: zero,
        tr_request: zero,
        tw: zero,
        tc: zero,
        tr: zero,
        td: zero,
        ta: zero,
        tt: zero,
        status: 200,
        bytes_to_client: 76,
        bytes_from_client: 90,
        actconn: 3,
        feconn: 1,
        request_line: b"GET /live?q=1 HTTP/1.1".to_vec(),
        captured_request: vec![Some(b"127.0.0.1:19006".to_vec()), None],
        request_counter: 16,
        ..LogRecord::default()
    }
}

/// A request that could not be parsed.
fn bad() -> LogRecord {
    LogRecord {
        accept_date: Duration::from_millis(1_795_232_511_698),
        request_date: Duration::from_millis(1_795_232_511_698),
        client: "127.0.0.1:35626".parse().ok(),
        frontend_address: "127.0.0.1:19006".parse().ok(),
        frontend: "htt".into(),
        backend: "htt".into(),
        http: true,
        th: Some(Duration::ZERO),
        ti: Some(Duration::ZERO),
        ta: Some(Duration::ZERO),
        tt: Some(Duration::ZERO),
        status: 400,
        actconn: 3,
        feconn: 1,
        cause: Cause::Proxy,
        stage: Stage::Request,
        ..LogRecord::default()
    }
}

#[test]
fn every_variable() {
    assert_eq!(
        line(ALL, &served()),
        "B=76|CC=-|CS=-|H=vm|HM=GET|HP=/live|HPO=/live|HQ=?q=1|HU=/live?q=1|HV=HTTP/1.1|ID=-|ST=200|\
         T=21/Nov/2026:03:41:51 +0000|Ta=0|Tc=0|Td=0|Th=0|Ti=0|Tl=21/Nov/2026:03:41:51 +0000|TR=0|Tq=0|Tr=0|\
         Ts=1795232511|Tt=0|Tu=0|Tw=0|U=90|ac=3|b=live|bc=0|bi=127.0.0.1|bp=33438|bq=0|ci=127.0.0.1|cp=35602|f=all|\
         fc=1|fi=127.0.0.1|fp=19006|ft=all|hr={127.0.0.1:19006|}|hrl=127.0.0.1:19006 -|hs=|hsl=|lc=2|ms=505|\
         pid=15013|r=GET /live?q=1 HTTP/1.1|rc=0|rt=16|s=s1|sc=0|si=127.0.0.1|sp=19005|sq=0|sslc=-|sslv=-|\
         t=21/Nov/2026:03:41:51.505|tr=21/Nov/2026:03:41:51.505|trg=21/Nov/2026:03:41:51 +0000|\
         trl=21/Nov/2026:03:41:51 +0000|ts=--|tsc=----|"
    );
}

#[test]
fn every_variable_without_a_request() {
    assert_eq!(
        line(ALL, &bad()),
        "B=0|CC=-|CS=-|H=vm|HM=<BADREQ>|HP=<BADREQ>|HPO=<BADREQ>|HQ=<BADREQ>|HU=<BADREQ>|HV=<BADREQ>|ID=-|ST=400|\
         T=21/Nov/2026:03:41:51 +0000|Ta=0|Tc=-1|Td=-1|Th=0|Ti=0|Tl=21/Nov/2026:03:41:51 +0000|TR=-1|Tq=-1|Tr=-1|\
         Ts=1795232511|Tt=0|Tu=0|Tw=-1|U=0|ac=3|b=htt|bc=0|bi=-|bp=-|bq=0|ci=127.0.0.1|cp=35626|f=htt|fc=1|\
         fi=127.0.0.1|fp=19006|ft=htt|hr=|hrl=|hs=|hsl=|lc=2|ms=698|pid=15013|r=<BADREQ>|rc=0|rt=0|s=<NOSRV>|sc=0|\
         si=-|sp=-|sq=0|sslc=-|sslv=-|t=21/Nov/2026:03:41:51.698|tr=21/Nov/2026:03:41:51.698|\
         trg=21/Nov/2026:03:41:51 +0000|trl=21/Nov/2026:03:41:51 +0000|ts=PR|tsc=PR--|"
    );
}

#[test]
fn every_variable_quoted_and_in_hexadecimal() {
    let record = LogRecord {
        accept_date: Duration::from_millis(1_795_232_511_517),
        request_date: Duration::from_millis(1_795_232_511_517),
        client: "127.0.0.1:57742".parse().ok(),
        frontend_address: "127.0.0.1:19007".parse().ok(),
        backend_address: "127.0.0.1:33444".parse().ok(),
        frontend: "allx".into(),
        captured_request: vec![Some(b"127.0.0.1:19007".to_vec()), None],
        actconn: 4,
        request_counter: 0x13,
        ..served()
    };
    assert_eq!(
        line(&format!("%{{+Q,+X}}o {ALL}"), &record),
        "B=76|CC=\"\"|CS=\"\"|H=\"vm\"|HM=\"GET\"|HP=\"/live\"|HPO=\"/live\"|HQ=\"?q=1\"|HU=\"/live?q=1\"|\
         HV=\"HTTP/1.1\"|ID=\"\"|ST=200|T=21/Nov/2026:03:41:51 +0000|Ta=0|Tc=0|Td=0|Th=0|Ti=0|\
         Tl=21/Nov/2026:03:41:51 +0000|TR=0|Tq=0|Tr=0|Ts=6B0112FF|Tt=0|Tu=0|Tw=0|U=90|ac=4|b=\"live\"|bc=0|\
         bi=7F000001|bp=82A4|bq=0|ci=7F000001|cp=E18E|f=\"allx\"|fc=1|fi=7F000001|fp=4A3F|ft=\"allx\"|\
         hr=\"{127.0.0.1:19007|}\"|hrl=\"127.0.0.1:19007\" \"\"|hs=|hsl=|lc=0002|ms=205|pid=3AA5|\
         r=\"GET /live?q=1 HTTP/1.1\"|rc=0|rt=0013|s=\"s1\"|sc=0|si=7F000001|sp=4A3D|sq=0|sslc=\"\"|sslv=\"\"|\
         t=21/Nov/2026:03:41:51.517|tr=21/Nov/2026:03:41:51.517|trg=21/Nov/2026:03:41:51 +0000|\
         trl=21/Nov/2026:03:41:51 +0000|ts=--|tsc=----|"
    );
    let unset = LogRecord { backend_address: None, server_address: None, server: None, ..record };
    assert_eq!(
        line("%{+Q,+X}o bi=%bi|bp=%bp|s=%s|si=%si|sp=%sp", &unset),
        "bi=\"\"|bp=\"\"|s=\"<NOSRV>\"|si=\"\"|sp=\"\""
    );
}

#[test]
fn httplog() {
    let record =
        LogRecord { request_line: b"GET /live?a=\"b\" HTTP/1.1".to_vec(), captured_response: vec![None], ..served() };
    assert_eq!(
        line(HTTP_FORMAT, &record),
        "127.0.0.1:35602 [21/Nov/2026:03:41:51.505] all live/s1 0/0/0/0/0 200 76 - - ---- 3/1/0/0/0 0/0 \
         {127.0.0.1:19006|} {} \"GET /live?a=#22b#22 HTTP/1.1\""
    );
    assert_eq!(
        line(HTTP_FORMAT, &bad()),
        "127.0.0.1:35626 [21/Nov/2026:03:41:51.698] htt htt/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 3/1/0/0/0 0/0 \
         \"<BADREQ>\""
    );
    let timed_out = LogRecord {
        ta: Some(Duration::from_millis(1001)),
        status: 408,
        cause: Cause::ClientTimeout,
        frontend_tls: true,
        ..bad()
    };
    assert_eq!(
        line(HTTP_FORMAT, &timed_out),
        "127.0.0.1:35626 [21/Nov/2026:03:41:51.698] htt~ htt/<NOSRV> -1/-1/-1/-1/1001 408 0 - - cR-- 3/1/0/0/0 0/0 \
         \"<BADREQ>\""
    );
    let early = LogRecord { early: true, captured_request: Vec::new(), redispatched: true, retries: 1, ..served() };
    assert_eq!(
        line(HTTP_FORMAT, &early),
        "127.0.0.1:35602 [21/Nov/2026:03:41:51.505] all live/s1 0/0/0/0/+0 200 +76 - - ---- 3/1/0/0/+1 0/0 \
         \"GET /live?q=1 HTTP/1.1\""
    );
}

#[test]
fn httplog_of_a_unix_client() {
    let record =
        LogRecord { client: None, frontend_address: None, listener_id: 1, captured_request: Vec::new(), ..served() };
    assert_eq!(
        line(HTTP_FORMAT, &record),
        "unix:1 [21/Nov/2026:03:41:51.505] all live/s1 0/0/0/0/0 200 76 - - ---- 3/1/0/0/0 0/0 \
         \"GET /live?q=1 HTTP/1.1\""
    );
    assert_eq!(
        line("%ci %cp %fi %fp %{+X}cp %si %sp %bi %bp", &record),
        "unix 1 unix 1 1 127.0.0.1 19005 127.0.0.1 33438"
    );
}

#[test]
fn clf() {
    let record = LogRecord {
        accept_date: Duration::from_millis(1_795_232_511_484),
        request_date: Duration::from_millis(1_795_232_511_484),
        client: "127.0.0.1:38940".parse().ok(),
        frontend: "clf".into(),
        backend: "clf".into(),
        server: None,
        cause: Cause::Local,
        stage: Stage::Request,
        tw: None,
        tc: None,
        tr: None,
        bytes_to_client: 73,
        actconn: 1,
        request_line: b"GET /ok?a=\"b\" HTTP/1.1".to_vec(),
        captured_request: vec![Some(b"x\"y".to_vec()), None],
        ..served()
    };
    assert_eq!(
        line(CLF_FORMAT, &record),
        "127.0.0.1 - - [21/Nov/2026:03:41:51 +0000] \"GET /ok?a=#22b#22 HTTP/1.1\" 200 73 \"\" \"\" 38940 484 \
         \"clf\" \"clf\" \"<NOSRV>\" 0 -1 -1 -1 0 LR-- 1 1 0 0 0 0 0 \"\" \"\" \"x#22y\" \"\" "
    );
    let bad = LogRecord { frontend: "clf".into(), backend: "clf".into(), ..bad() };
    assert_eq!(
        line(CLF_FORMAT, &bad),
        "127.0.0.1 - - [21/Nov/2026:03:41:51 +0000] \"<BADREQ>\" 400 0 \"\" \"\" 35626 698 \"clf\" \"clf\" \
         \"<NOSRV>\" -1 -1 -1 -1 0 PR-- 3 1 0 0 0 0 0 \"\" \"\" "
    );
}

#[test]
fn tcplog() {
    let record = LogRecord {
        accept_date: Duration::from_millis(1_795_232_505_720),
        client: "127.0.0.1:55642".parse().ok(),
        frontend: "tcpl".into(),
        backend: "dead".into(),
        server: Some("s".into()),
        http: false,
        tw: Some(Duration::from_millis(1)),
        tt: Some(Duration::from_millis(3006)),
        cause: Cause::ServerAbort,
        stage: Stage::Connect,
        actconn: 2,
        feconn: 1,
        retries: 3,
        ..LogRecord::default()
    };
    assert_eq!(
        line(TCP_FORMAT, &record),
        "127.0.0.1:55642 [21/Nov/2026:03:41:45.720] tcpl dead/s 1/-1/3006 0 SC 2/1/0/0/3 0/0"
    );
    assert_eq!(line("%ST %ts %tsc %U %Tc %Td", &record), "0 SC SC-- 0 -1 -1");
}

#[test]
fn the_default_line() {
    let mut out = Vec::new();
    let record = LogRecord {
        client: "127.0.0.1:45544".parse().ok(),
        frontend_address: "127.0.0.1:19001".parse().ok(),
        frontend: "def".into(),
        frontend_http: true,
        ..LogRecord::default()
    };
    render(&LogFormat::connect(), &record, None, &mut context(), &mut out);
    assert_eq!(out, b"Connect from 127.0.0.1:45544 to 127.0.0.1:19001 (def/HTTP)");
    out.clear();
    let unix = LogRecord { client: None, frontend: "f4".into(), listener_id: 1, frontend_address: None, ..record };
    render(&LogFormat::connect(), &unix, None, &mut context(), &mut out);
    assert_eq!(out, b"Connect to unix:1 (f4/HTTP)");
}

#[test]
fn flags_spaces_and_escapes() {
    let record = LogRecord {
        server: None,
        request_line: b"GET /a|{}]\"\\ HTTP/1.1".to_vec(),
        captured_request: vec![Some(b"a|b{}]\"\\".to_vec())],
        unique_id: Some(b"X127.0.0.1".to_vec()),
        ..served()
    };
    assert_eq!(
        line(
            "a %HQ b  c %hs  %CC d %% e%{+E}r f%{+Q,+E}hr %{+Q}hr %{+E}HU %{+X}Tt %{+X}ST %{-Q}r %{+Q}t %{+Q}hrl \
             %{+E,+Q}s%ID[%{+X}ms]",
            &record
        ),
        "a  b c - d % eGET /a|{}\\]#22\\\\ HTTP/1.1 f\"{a#7Cb#7B#7D\\]#22\\\\}\" \"{a#7Cb#7B#7D]#22\\}\" \
         /a|{}\\]#22\\\\ 0 200 GET /a|{}]#22\\ HTTP/1.1 21/Nov/2026:03:41:51.505 \"a#7Cb#7B#7D]#22\\\" \
         \"<NOSRV>\"X127.0.0.1[1F9]"
    );
}

#[test]
fn parts_of_the_request() {
    let parts = "%HM|%HP|%HPO|%HQ|%HU|%HV";
    for (request, expected) in [
        ("OPTIONS * HTTP/1.1", "OPTIONS|*|||*|HTTP/1.1"),
        ("GET /?x%20\"]\\ HTTP/1.0", "GET|/|/|?x%20#22]\\|/?x%20#22]\\|HTTP/1.0"),
        ("GET http://h/p/q?x=y HTTP/1.1", "GET|http://h/p/q|/p/q|?x=y|http://h/p/q?x=y|HTTP/1.1"),
    ] {
        let record = LogRecord { request_line: request.as_bytes().to_vec(), ..served() };
        assert_eq!(line(parts, &record), expected);
    }
}

#[test]
fn ipv6_addresses() {
    let record = LogRecord {
        client: "[::1]:48748".parse().ok(),
        frontend_address: "[::ffff:127.0.0.1]:19016".parse().ok(),
        ..served()
    };
    assert_eq!(
        line("%ci %fi %{+X}ci %{+X}fi", &record),
        "::1 ::ffff:127.0.0.1 00000000000000000000000000000001 00000000000000000000FFFF7F000001"
    );
}
