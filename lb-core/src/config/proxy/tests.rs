//! Every line of `oracle_cases.txt` and `rule_cases.txt` gets HAProxy's answer; what is read ends up in the model.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use crate::config::model::*;
use crate::config::{Diagnostics, LoadOptions, Severity, render};

const TIMEOUTS: &str = " mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

/// What stands around the lines of a case, by its first two characters.
fn surround(case: &str) -> String {
    let Some((kind, body)) = case.split_once(':').filter(|(kind, _)| kind.len() == 1) else {
        return case.replace('|', "\n") + "\n";
    };
    let lines = body.replace('|', "\n");
    let bound = " bind 127.0.0.1:8001\n";
    let defaults = format!("defaults\n{TIMEOUTS}");
    let rules = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";
    let server = "backend b\n server s 127.0.0.1:1\n";
    match kind {
        "R" => format!("{rules}frontend f\n bind 127.0.0.1:39999\n{lines}\n default_backend b\n{server}"),
        "Q" => format!(
            "{rules}frontend f\n bind 127.0.0.1:39999\n default_backend b\nbackend b\n{lines}\n server s 127.0.0.1:1\n"
        ),
        "F" => format!("{defaults}frontend f\n{bound}{lines}\nbackend b1\n"),
        "B" => format!("{defaults}listen l\n{bound}backend b\n{lines}\n"),
        "L" => format!("{defaults}listen l\n{bound}{lines}\n"),
        "T" => format!("{defaults}listen l\n mode tcp\n{bound}{lines}\n"),
        "D" => format!("{defaults}{lines}\nlisten l\n{bound}"),
        "N" => format!("{defaults}defaults nm\n{TIMEOUTS}{lines}\nlisten l from nm\n{bound}"),
        "S" => format!("{defaults}listen l\n{bound} server s {lines}\n"),
        "I" => format!("{defaults}listen l\n bind {lines}\n"),
        other => panic!("unknown kind {other}"),
    }
}

fn load(text: &str) -> Result<(Config, Diagnostics), Diagnostics> {
    match Config::parse_with(text, "F", &LoadOptions::default()) {
        Ok(loaded) => Ok((loaded.config, loaded.diagnostics)),
        Err(error) => Err(error.diagnostics),
    }
}

fn answer(text: &str) -> Vec<String> {
    let (Ok((_, diags)) | Err(diags)) = load(text);
    let mut lines: Vec<String> = diags
        .iter()
        .map(|diagnostic| {
            let mark = if diagnostic.severity == Severity::Alert { "A" } else { "W" };
            let message = render::message(diagnostic);
            format!("{mark} {}", message.lines().next().unwrap_or("").trim_end())
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn haproxys_answers() {
    let mut cases: Vec<(&str, Vec<String>)> = Vec::new();
    let files = [include_str!("oracle_cases.txt"), include_str!("rule_cases.txt"), include_str!("check_cases.txt")];
    for line in files.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
        if let Some(case) = line.strip_prefix("> ") {
            cases.push((case, Vec::new()));
        } else if let Some((_, wanted)) = cases.last_mut() {
            wanted.push(line.trim().to_owned());
        }
    }
    assert!(cases.len() > 900);
    let mut wrong = Vec::new();
    for (case, mut wanted) in cases {
        wanted.sort();
        let got = answer(&surround(case));
        if got != wanted {
            wrong.push(format!("{case}\n  wanted {wanted:#?}\n  got {got:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

/// What HAProxy accepts and we refuse, or refuses later than when it reads the line: each on purpose.
#[test]
fn our_own_answers() {
    for (case, wanted) in [
        ("F:maxconn 10a", "A parsing [F:8] : 'maxconn' : unexpected character 'a' in integer value '10a'."),
        ("I:sockpair@3", "A parsing [F:7] : 'bind' : 'sockpair@' addresses are not supported yet in 'sockpair@3'"),
        ("I:unix@", "A parsing [F:7] : 'bind' : missing socket path in 'unix@'"),
        (
            "I::8001 namespace x",
            "A parsing [F:7] : 'bind :8001' in section 'listen' : 'namespace' : Cannot open namespace 'x'.",
        ),
        (
            "S:127.0.0.1:80 proxy-v2-options authority",
            "A [F:8] : 'server l/s' : 'authority' : proxy v2 option is not supported yet.",
        ),
        (
            "B:source 0.0.0.0 usesrc hdr_ip(x,1a)",
            "A parsing [F:9] : 'usesrc hdr_ip(x,1a)' : 'hdr_ip(<name>[,<occurrence>])' is expected.",
        ),
        (
            "B:source 0.0.0.0 usesrc hdr_ip(x",
            "A parsing [F:9] : 'usesrc hdr_ip(x' : 'hdr_ip(<name>[,<occurrence>])' is expected.",
        ),
        ("S:127.0.0.1:80 slowstart", "A [F:8] : 'server l/s' : 'slowstart' expects a delay as argument.."),
        ("B:hash-type map-based wt6", "A parsing [F:9] : 'hash-type' : 'wt6' is not supported yet."),
        (
            "B:balance uri len 3x",
            "A parsing [F:9] : balance uri : 'len' : unexpected character 'x' in integer value '3x'.",
        ),
        (
            "B:hash-balance-factor 150x",
            "A parsing [F:9] : 'hash-balance-factor' : unexpected character 'x' in integer value '150x'.",
        ),
        (
            "F:hash-balance-factor 150",
            "W parsing [F:8] : 'hash-balance-factor' ignored because frontend 'f' has no backend capability.",
        ),
        ("S:127.0.0.1:80x", "A [F:8] : 'server l/s' : invalid character 'x' in port number '80x' in '127.0.0.1:80x'"),
        ("L:stick-table type string len -5 size 1k", "A parsing [F:8] : stick-table: unknown type '-5'."),
        ("L:stick-table type string len 10x size 1k", "A parsing [F:8] : stick-table: unknown type '10x'."),
        (
            "L:stick-table type string len 4294967290 size 1k",
            "A parsing [F:8] : stick-table: key length '4294967290' is beyond 1048576 bytes.",
        ),
        (
            "L:stick-table type ip size 1k store gpc(1x)",
            "A parsing [F:8] : stick-table: array size is out of allowed range (1-100) for store option 'gpc'.",
        ),
        (
            "L:stick-table type ip size 1k store gpc(1)x",
            "A parsing [F:8] : stick-table: unexpected argument to store option 'gpc'.",
        ),
        (
            "L:stick-table type ip size 1k store gpc_rate(1,10s,3)",
            "A parsing [F:8] : stick-table: unexpected argument to store option 'gpc_rate'.",
        ),
        (
            "L:stick-table type ip size 1k store conn_rate(1s,2)",
            "A parsing [F:8] : stick-table: unexpected argument to store option 'conn_rate'.",
        ),
        (
            "L:stick-table type ip size 1k store conn_rate(1s)conn_cnt",
            "A parsing [F:8] : stick-table: unexpected argument to store option 'conn_rate'.",
        ),
        ("L:stick-table type ip size 1k peers foo", "A parsing [F:8] : stick-table: 'peers' is not supported yet."),
        ("defaults x from", "A parsing [F:1] : 'from' expects the name of a defaults section."),
    ] {
        assert_eq!(answer(&surround(case)), [wanted], "{case}");
    }
}

#[test]
fn a_frontend_and_a_backend_of_one_name_have_one_table() {
    let text =
        "frontend x\n bind 127.0.0.1:8001\n stick-table type ip size 1k\nbackend x\n stick-table type ip size 1k\n";
    let answers = answer(text);
    let wanted = "A parsing [F:5] : stick-table name 'x' conflicts with table declared in frontend 'x' at F:3.";
    assert!(answers.iter().any(|answer| answer == wanted), "{answers:?}");
}

#[test]
fn files_beside_a_certificate() {
    let directory = std::env::temp_dir().join(format!("lb-beside-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let crt = directory.join("a.pem");
    std::fs::write(&crt, "").unwrap();
    std::fs::write(directory.join("a.pem.ocsp"), "").unwrap();
    std::fs::write(directory.join("b.sctl"), "").unwrap();
    for (path, files) in [(&crt, 1), (&directory, 2)] {
        let answers = answer(&surround(&format!("I::8001 ssl crt {}", path.display())));
        assert_eq!(answers.len(), files, "{answers:?}");
        assert!(answers.iter().all(|text| text.starts_with("W ") && text.contains("' is not used: ")), "{answers:?}");
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn every_keyword_haproxy_knows_is_known_here() {
    for (words, _, supported) in super::keyword_rows() {
        let first = words.split(' ').next().unwrap();
        if supported || words.starts_with("bind <") || words.starts_with("server <") {
            continue;
        }
        let line = words.replace('*', "(x)").replace(" [", " #");
        let (case, needle) = match first {
            "tcp-request" | "tcp-response" | "http-after-response" => (format!("L:{line}"), first),
            _ => (format!("L:{line}"), "is not supported yet"),
        };
        let answers = answer(&surround(&case));
        assert!(answers.iter().any(|a| a.contains(needle) && !a.contains("unknown keyword")), "{words}: {answers:?}");
    }
}

fn proxies(text: &str) -> Vec<ProxyConfig> {
    match load(text) {
        Ok((config, _)) => config.proxies,
        Err(diags) => panic!("{:?}", diags.iter().map(render::message).collect::<Vec<_>>()),
    }
}

#[test]
fn defaults_are_merged_and_taken_back() {
    let text = "defaults base\n mode http\n timeout client 5s\n option dontlognull\n option httpclose\n maxconn 10\n \
                log stdout local0\n errorloc 503 /sorry\n default-server inter 3s check rise 5\n\
                defaults more from base\n retries 7\n\
                frontend f from more\n bind :80\n no option dontlognull\n timeout client 0\n no log\n\
                backend b from more\n no option httpclose\n http-error status 503 default-errorfiles\n \
                server s1 127.0.0.1:80\n server s2 127.0.0.1:81 no-check inter 9s\n default-server fall 8\n \
                server s3 127.0.0.1:82\n";
    let all = proxies(text);
    let [f, b] = all.as_slice() else { panic!() };
    assert_eq!((f.mode, f.timeouts.client, f.maxconn, f.retries), (Mode::Http, None, Some(10), Some(7)));
    assert!(!f.options.dontlognull && f.logs.is_empty());
    assert_eq!(f.options.connection_mode, Some(ConnectionMode::Close));
    assert_eq!(f.errors[&503].headers[2], ("location".to_owned(), "/sorry".to_owned()));
    assert_eq!(b.options.connection_mode, None);
    assert!(b.errors.is_empty());
    assert_eq!(b.timeouts.client, Some(Duration::from_secs(5)));
    let servers: Vec<_> = b.servers.iter().map(|s| (s.check, s.inter.unwrap().as_secs(), s.rise, s.fall)).collect();
    assert_eq!(servers, [(true, 3, Some(5), None), (false, 9, Some(5), None), (true, 3, Some(5), Some(8))]);
}

#[test]
fn numbers_as_show_stat_gives_them() {
    let text = "backend b1\n server s1 127.0.0.1:1\n server s2 127.0.0.1:1 id 1\n server s3 127.0.0.1:1\n\
                frontend f1\n bind :8801\nlisten l1\n id 2\n bind :8805\nfrontend f2\n bind :8806\n";
    let all = proxies(text);
    assert_eq!(all.iter().map(|p| p.id).collect::<Vec<_>>(), [3, 4, 2, 6]);
    assert_eq!(all[0].servers.iter().map(|s| s.id).collect::<Vec<_>>(), [2, 1, 4]);
}

#[test]
fn binds() {
    let text = "frontend f\n bind :80,[::1]:8000-8002,/tmp/s,abns@x,fd@3 name n id 7 accept-proxy\n";
    assert!(load(text).is_err(), "id needs a single socket");
    let text = "frontend f\n bind :80,[::1]:8000-8002,/tmp/s,abns@x,fd@3 name n backlog 5 maxconn 6 accept-proxy \
                defer-accept interface lo transparent mss 1400 tcp-ut 30s tfo v4v6 v6only mode 660 uid 3 \
                gid 4 thread 1-2 thread 4 shards 2\n";
    let all = proxies(text);
    let bind = &all[0].binds[0];
    assert_eq!(bind.addresses.len(), 7);
    assert_eq!(bind.addresses[3], Address::Inet("[::1]:8002".parse().unwrap()));
    assert_eq!(bind.addresses[4], Address::Unix("/tmp/s".into()));
    let o = &bind.options;
    assert_eq!((o.name.as_deref(), o.backlog, o.maxconn, o.mss), (Some("n"), Some(5), Some(6), Some(1400)));
    assert!(o.accept_proxy && o.defer_accept && o.transparent && o.tfo && o.v4v6 && o.v6only);
    assert_eq!((o.mode, o.uid, o.gid), (Some(0o660), Some(3), Some(4)));
    assert_eq!((o.threads.as_slice(), o.shards), ([1, 2, 4].as_slice(), Some(Shards::Count(2))));
    assert_eq!(o.tcp_user_timeout, Some(Duration::from_secs(30)));
}

#[test]
fn servers() {
    let text = "backend b\n server s 127.0.0.1:+10 weight 0 backup disabled maxconn 9 minconn 2 maxqueue 3 max-reuse 4 \
                pool-max-conn -1 pool-low-conn 5 pool-purge-delay 1s addr ::1 port 99 send-proxy-v2-ssl-cn \
                proxy-v2-options crc32c source 10.0.0.1:1000-2000 usesrc clientip interface lo tcp-ut 2s tfo ssl \
                verify none sni str(x.y) alpn h2,http/1.1\n server t unix@/tmp/x\n server u 10.0.0.1\n";
    let all = proxies(text);
    let [s, t, u] = all[0].servers.as_slice() else { panic!() };
    assert_eq!((s.port, t.port, u.port), (PortKind::Offset(10), PortKind::Fixed, PortKind::Client));
    assert_eq!((s.weight, s.backup, s.disabled, s.maxconn, s.minconn, s.maxqueue), (0, true, true, 9, 2, 3));
    assert_eq!((s.max_reuse, s.pool_max_conn, s.pool_low_conn), (Some(4), None, 5));
    let v2 = &s.send_proxy.as_ref().unwrap().v2;
    assert!(v2.ssl && v2.cert_cn && v2.crc32c && !v2.authority);
    let source = s.source.as_ref().unwrap();
    assert_eq!((source.address, source.port_high), (Some("10.0.0.1:1000".parse().unwrap()), Some(2000)));
    assert_eq!((source.usesrc.clone(), source.interface.as_deref()), (Some(UseSrc::ClientIp), Some("lo")));
    let ssl = s.ssl.as_ref().unwrap();
    assert_eq!((ssl.verify, ssl.sni.as_deref(), ssl.alpn.len()), (false, Some("x.y"), 2));
    assert!(t.ssl.is_none() && t.send_proxy.is_none());
}

#[test]
fn rules_and_replies() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("503.http");
    std::fs::write(&file, "HTTP/1.0 503 Busy\r\nA: b\r\n\r\nhey").unwrap();
    let text = format!(
        "http-errors e\n errorfile 503 {0}\nlisten l\n mode http\n bind :80\n errorfile 502 {0}\n errorfiles e\n \
         http-request return status 200 content-type text/plain string \"hello 100%\" hdr x-a \"50%% off\"\n \
         http-request deny deny_status 503 errorfiles e\n http-request tarpit\n \
         http-request redirect code 301 prefix /x drop-query append-slash set-cookie A=b\n \
         http-request return status 502 default-errorfiles\n http-request return status 404 default-errorfiles\n \
         http-response deny\n",
        file.display()
    );
    let all = proxies(&text);
    let proxy = &all[0];
    assert_eq!(proxy.errors.keys().copied().collect::<Vec<_>>(), [502, 503]);
    let rules: Vec<&Action> = proxy.rules.http_request.iter().map(|rule| &rule.action).collect();
    let [Action::Return(hello), Action::Deny(deny), Action::Tarpit(tarpit), Action::Redirect(to), ..] =
        rules.as_slice()
    else {
        panic!("{rules:?}")
    };
    assert!(matches!(&hello.body, ReplyBody::Bytes(bytes) if &**bytes == b"hello 100%"));
    assert_eq!(hello.headers[0].1.constant_text(), Some(&b"50% off"[..]));
    assert!(matches!(&deny.body, ReplyBody::Error(error) if error.reason == "Busy"));
    assert!(matches!(tarpit.body, ReplyBody::Default) && tarpit.status.is_none());
    assert_eq!(
        (&to.kind, to.code, to.drop_query),
        (&RedirectKind::Prefix(crate::log::LogFormat::constant("/x")), 301, true)
    );
    let Action::Return(page) = rules[4] else { panic!() };
    assert!(matches!(page.body, ReplyBody::ErrorPage));
    assert_eq!(proxy.rules.http_response.len(), 1);
}

#[test]
fn options_with_arguments() {
    let text = "listen l\n mode http\n bind :80\n option forwardfor except 10.0.0.0/8 header X-Real if-none\n \
                option originalto\n option redispatch 3\n option http-restrict-req-hdr-names delete\n option tcpka\n \
                balance random(3)\n http-reuse always\n clitcpka-idle 5\n option httplog clf\n log stdout local0\n";
    let all = proxies(text);
    let (proxy, options) = (&all[0], &all[0].options);
    let forwarded = options.forwardfor.as_ref().unwrap();
    assert_eq!((forwarded.header.as_str(), forwarded.if_none, forwarded.except.unwrap().prefix), ("X-Real", true, 8));
    assert_eq!(options.originalto.as_ref().unwrap().header, "X-Original-To");
    assert_eq!((proxy.redispatch, proxy.http_reuse), (Some(3), Some(HttpReuse::Always)));
    assert!(options.clitcpka && options.srvtcpka);
    assert_eq!(options.clitcpka_params.idle, Some(Duration::from_secs(5)));
    assert_eq!((&proxy.balance, &proxy.log_format), (&Balance::Random { draws: 3 }, &LogFormatChoice::Clf));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]
    #[test]
    fn no_line_panics(index in 0usize..2000, tail in "[a-z0-9 :/@.%(){}+-]{0,30}") {
        let words: Vec<&str> = super::keyword_rows().map(|(words, ..)| words).collect();
        let line = words[index % words.len()].replace("<addr>", ":1").replace("<name>", "s");
        // Host names are left out: no test asks a resolver.
        let tail: String = tail.chars().map(|c| if c.is_ascii_alphabetic() && tail.contains('.') { '1' } else { c }).collect();
        let _ = load(&format!("listen l\n {line} !{tail}\n"));
    }
}

/// Whole messages: `haproxys_answers` compares their first lines.
#[test]
fn faults_of_arguments_are_told_together() {
    let whole = |case: &str| -> Vec<String> {
        let diags = load(&surround(case)).expect_err(case);
        diags.iter().map(render::message).collect()
    };
    let text = "multiple argument resolution errors:\n        parsing [F:8]: unable to find table 'x' referenced in arg 1 of sample \
                fetch keyword 'src_get_gpt0' in http-request expression in proxy 'f'.\n        parsing [F:8]: unable to find table 'y' \
                referenced in arg 1 of conversion keyword 'table_idle' for sample fetch keyword 'src_get_gpt0' in http-request \
                expression in proxy 'f'.\n        parsing [F:9]: error in regex '(' in arg 1 of conversion keyword 'regsub' for ACL \
                keyword 'path' in proxy 'f' : regex '(' is invalid (error=missing closing parenthesis, erroffset=1).";
    let lines = "R:http-request set-var(txn.a) src_get_gpt0(x),table_idle(y)|acl a path,regsub((,b) x";
    assert_eq!(whole(lines), [text]);
    // An ACL with such a fault is known to the lines behind it.
    assert_eq!(whole(&format!("{lines}|http-request deny if a")), [text]);
}

#[test]
fn numbers_of_set_tos_are_read_in_their_base() {
    for (word, tos) in [("010", 8), ("0x10", 16), ("10", 10), ("0", 0)] {
        let read = proxies(&surround(&format!("R:http-request set-tos {word}")));
        assert!(matches!(read[0].rules.http_request[0].action, Action::SetTos(set) if set == tos), "{word}");
    }
}
