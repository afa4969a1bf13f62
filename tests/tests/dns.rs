//! Names that are resolved at run time: states, log lines and counters after scripted answers, of lb and of HAProxy.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use lb_tests::name_server::{A, AAAA, Answer, CNAME, NameServer, Record, SRV, address, addresses, service, wire};
use lb_tests::process::haproxy;
use lb_tests::{LogSink, Origin, PATIENCE, Side, eventually};

/// A program that resolves names, and what it logs.
struct Resolving {
    side: Side,
    log: UdpSocket,
    lines: Vec<String>,
}

impl Resolving {
    fn start(binary: Option<&Path>, dns: &NameServer, section: &str, rest: &str) -> Self {
        Self::start_with(binary, dns, section, rest, 0)
    }

    fn start_with(binary: Option<&Path>, dns: &NameServer, section: &str, rest: &str, listeners: usize) -> Self {
        let log = UdpSocket::bind("127.0.0.1:0").unwrap();
        log.set_nonblocking(true).unwrap();
        let text = format!(
            "global
 nbthread 1
 stats socket {{dir}}/stats level admin
 log {} local0
resolvers res
 nameserver ns1 {}
 resolve_retries 1
 timeout resolve 50
 timeout retry 50
 hold nx 0
 hold refused 0
 hold timeout 0
 hold other 0
 hold obsolete 1
{section}
defaults
 log global
 timeout client 10s
 timeout server 10s
 timeout connect 10s
{rest}
",
            log.local_addr().unwrap(),
            dns.address()
        );
        Self { side: Side::start(binary, &text, listeners), log, lines: Vec::new() }
    }

    /// Waits for a log line, and forgets those in front of it.
    #[track_caller]
    fn logs(&mut self, wanted: &str) {
        let started = std::time::Instant::now();
        loop {
            self.read();
            if let Some(at) = self.lines.iter().position(|line| line == wanted) {
                self.lines.drain(..=at);
                return;
            }
            assert!(started.elapsed() < PATIENCE, "not logged: {wanted}\nbut {:#?}\n{}", self.lines, self.states());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.log.recv(&mut buffer) {
            let line = String::from_utf8_lossy(&buffer[..length]).trim_end().to_owned();
            let (head, text) = line.split_once("]: ").unwrap();
            let level = head.split('>').next().unwrap();
            self.lines.push(format!("{level}> {text}"));
        }
    }

    /// Name, address, states, weight, name, port and service of the servers of backend b.
    fn states(&self) -> String {
        let text = self.side.ask("show servers state b");
        let fields = |line: &str| {
            let words: Vec<&str> = line.split(' ').collect();
            [3, 4, 5, 6, 7, 13, 17, 18, 19].map(|field| words[field].to_owned()).join(" ")
        };
        text.lines().skip(2).filter(|line| !line.is_empty()).map(fields).collect::<Vec<_>>().join("\n")
    }

    #[track_caller]
    fn comes_to(&self, wanted: &[&str]) {
        let wanted = wanted.join("\n");
        let started = std::time::Instant::now();
        while self.states() != wanted {
            assert!(started.elapsed() < PATIENCE, "wanted\n{wanted}\ngot\n{}", self.states());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn counter(&self, name: &str) -> u64 {
        let text = self.side.ask("show resolvers res");
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{name}:"))).unwrap().to_owned();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// The same for lb and, where it is installed, for HAProxy.
fn both(test: impl Fn(Option<&Path>)) {
    test(None);
    if let Some(binary) = haproxy() {
        test(Some(&binary));
    }
}

const LEFT: &str = "0 sessions active, 0 requeued, 0 remaining in queue.";
const V4: &str = "resolvers res resolve-prefer ipv4 init-addr none";

#[test]
fn addresses_come_change_and_go() {
    both(|binary| {
        let dns = NameServer::new();
        dns.set("app.test", A, addresses("app.test", &["127.0.0.2"]));
        let servers = format!("backend b\n server s1 app.test:80 {V4}\n server s2 app.test:80 {V4}\n");
        let mut lb = Resolving::start(binary, &dns, "", &servers);
        lb.logs("<133> b/s1 changed its IP from (none) to 127.0.0.2 by res/ns1.");
        lb.logs("<133> Server b/s1 ('app.test') is UP/READY (resolves again).");
        lb.logs("<133> Server b/s1 administratively READY thanks to valid DNS answer.");
        lb.comes_to(&["s1 127.0.0.2 2 0 1 0 app.test 80 -", "s2 - 0 32 1 0 app.test 80 -"]);
        let stat = lb.side.ask("show stat b 4 -1");
        assert!(stat.contains("\nb,s2,") && stat.contains(",MAINT (resolution),"), "{stat}");
        let address = |server: &str| {
            let line = stat.lines().find(|line| line.starts_with(server)).unwrap().to_owned();
            line.split(',').nth(73).unwrap().to_owned()
        };
        assert_eq!((address("b,s1,"), address("b,s2,")), ("127.0.0.2:80".into(), String::new()));

        dns.set("app.test", A, addresses("app.test", &["127.0.0.2", "127.0.0.3"]));
        lb.logs("<133> b/s2 changed its IP from (none) to 127.0.0.3 by DNS cache.");
        lb.comes_to(&["s1 127.0.0.2 2 0 1 0 app.test 80 -", "s2 127.0.0.3 2 0 1 0 app.test 80 -"]);

        dns.set("app.test", A, addresses("app.test", &["127.0.0.3"]));
        lb.logs(&format!(
            "<129> Server b/s1 is going DOWN for maintenance (No IP for server ). 1 active and 0 backup servers left. {LEFT}"
        ));
        lb.comes_to(&["s1 - 0 32 1 0 app.test 80 -", "s2 127.0.0.3 2 0 1 0 app.test 80 -"]);
        assert!(lb.counter("valid") >= 3 && lb.counter("update") >= 1 && lb.counter("sent") >= 3);
    });
}

#[test]
fn failures_are_told_apart() {
    both(|binary| {
        let dns = NameServer::new();
        let good = || addresses("app.test", &["127.0.0.2"]);
        dns.set("app.test", A, good());
        let mut lb = Resolving::start(binary, &dns, "", &format!("backend b\n server s1 app.test:80 {V4}\n"));
        let both_families =
            |answer: Answer| [A, AAAA].iter().for_each(|kind| dns.set("app.test", *kind, answer.clone()));
        for (answer, status, counter) in [
            (Answer::Error(3), "DNS NX status", "nx"),
            (Answer::Error(5), "DNS refused status", "refused"),
            (Answer::Error(2), "unspecified DNS error", "other"),
            (addresses("app.test", &[]), "unspecified DNS error", "any_err"),
            (Answer::Truncated(vec![address("app.test", "127.0.0.9")]), "unspecified DNS error", "truncated"),
            (Answer::Bytes(vec![0x81, 0x80]), "unspecified DNS error", "invalid"),
            (Answer::Records(vec![address("x.test", "127.0.0.9")], vec![]), "unspecified DNS error", "invalid"),
            (
                Answer::Records(vec![Record("app.test".into(), CNAME, wire("x.test"))], vec![]),
                "unspecified DNS error",
                "cname_error",
            ),
            (Answer::Silence, "DNS timeout status", "sent"),
        ] {
            lb.comes_to(&["s1 127.0.0.2 2 0 1 0 app.test 80 -"]);
            lb.side.ask("clear counters all");
            both_families(answer);
            lb.logs(&format!(
                "<129> Server b/s1 is going DOWN for maintenance ({status}). 0 active and 0 backup servers left. {LEFT}"
            ));
            lb.logs("<128> backend b has no server available!");
            assert!(lb.counter(counter) >= 1, "{counter}: {}", lb.side.ask("show resolvers res"));
            both_families(good());
        }
    });
}

#[test]
fn aliases_and_the_other_family() {
    both(|binary| {
        let dns = NameServer::new();
        let alias = Record("app.test".into(), CNAME, wire("x.test"));
        dns.set("app.test", A, Answer::Records(vec![alias, address("x.test", "127.0.0.7")], vec![]));
        let lb = Resolving::start(binary, &dns, "", "backend b\n server s1 app.test:80 resolvers res init-addr none\n");
        lb.comes_to(&["s1 127.0.0.7 2 0 1 0 app.test 80 -"]);
        dns.set("app.test", AAAA, addresses("app.test", &["fd00::1"]));
        lb.comes_to(&["s1 fd00::1 2 0 1 0 app.test 80 -"]);
        dns.set("app.test", AAAA, Answer::Error(3));
        lb.comes_to(&["s1 127.0.0.7 2 0 1 0 app.test 80 -"]);
    });
}

#[test]
fn servers_of_a_template_take_addresses_in_the_same_order() {
    both(|binary| {
        let dns = NameServer::new();
        let list: Vec<String> = (1..=10).map(|last| format!("127.0.0.{last}")).collect();
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        dns.set("app.test", A, addresses("app.test", &list));
        let rest = format!("backend b\n server-template s 10 app.test:80 {V4}\n");
        let lb = Resolving::start(binary, &dns, "", &rest);
        let states: Vec<String> = [6, 2, 7, 1, 3, 5, 4, 8, 10, 9]
            .iter()
            .zip(1..)
            .map(|(last, number)| format!("s{number} 127.0.0.{last} 2 0 1 0 app.test 80 -"))
            .collect();
        lb.comes_to(&states.iter().map(String::as_str).collect::<Vec<_>>());
    });
}

#[test]
fn maintenance_has_several_reasons() {
    both(|binary| {
        let dns = NameServer::new();
        let good = || addresses("app.test", &["127.0.0.2"]);
        dns.set("app.test", A, good());
        let mut lb = Resolving::start(binary, &dns, "", &format!("backend b\n server s1 app.test:80 {V4}\n"));
        lb.comes_to(&["s1 127.0.0.2 2 0 1 0 app.test 80 -"]);
        lb.side.ask("set server b/s1 state maint");
        dns.set("app.test", A, Answer::Error(3));
        lb.comes_to(&["s1 - 0 33 1 0 app.test 80 -"]);
        lb.side.ask("set server b/s1 state ready");
        lb.logs("<133> Server b/s1 is leaving forced maintenance but remains in maintenance.");
        lb.comes_to(&["s1 - 0 32 1 0 app.test 80 -"]);
        lb.side.ask("set server b/s1 state maint");
        dns.set("app.test", A, good());
        lb.logs("<133> Server b/s1 ('app.test') resolves again but remains in maintenance.");
        lb.logs("<133> Server b/s1 administratively READY thanks to valid DNS answer.");
        lb.comes_to(&["s1 127.0.0.2 0 1 1 0 app.test 80 -"]);
    });
}

#[test]
fn services_bring_names_ports_and_weights() {
    both(|binary| {
        let dns = NameServer::new();
        let label = "_http._tcp.t";
        let say = |records: &[(u16, u16, &str)], additional: Vec<Record>| {
            let records = records.iter().map(|(weight, port, target)| service(label, *weight, *port, target));
            dns.set(label, SRV, Answer::Records(records.collect(), additional));
        };
        for last in 1..=3 {
            let name = format!("h{last}.t");
            dns.set(&name, A, addresses(&name, &[&format!("127.0.1.{last}")]));
        }
        say(&[(32768, 8001, "h1.t")], vec![]);
        let rest = format!("backend b\n server-template s 2 {label} resolvers res resolve-prefer ipv4\n");
        let mut lb = Resolving::start(binary, &dns, "", &rest);
        lb.logs("<133> b/s1 changed its FQDN from (null) to h1.t by 'SRV record'");
        lb.logs("<133> b/s1 changed its IP from (none) to 127.0.1.1 by res/ns1.");
        lb.logs("<133> Server b/s1 ('h1.t') is UP/READY (resolves again).");
        lb.comes_to(&["s1 127.0.1.1 2 64 128 0 h1.t 8001 _http._tcp.t", "s2 - 0 32 1 0 - 0 _http._tcp.t"]);

        say(&[(257, 8001, "h1.t")], vec![]);
        lb.comes_to(&["s1 127.0.1.1 2 64 2 0 h1.t 8001 _http._tcp.t", "s2 - 0 32 1 0 - 0 _http._tcp.t"]);

        // Another server comes with its address, and nobody is asked for that.
        say(&[(257, 8001, "h1.t"), (65535, 8004, "h4.t")], vec![address("h4.t", "127.0.2.4")]);
        lb.logs("<133> b/s2 changed its IP from (none) to 127.0.2.4 by DNS additional record.");
        lb.logs("<133> b/s2 changed its FQDN from (null) to h4.t by 'SRV record'");
        lb.logs("<133> Server b/s2 ('h4.t') is UP/READY (resolves again).");
        lb.comes_to(&[
            "s1 127.0.1.1 2 64 2 0 h1.t 8001 _http._tcp.t",
            "s2 127.0.2.4 2 64 256 0 h4.t 8004 _http._tcp.t",
        ]);
        assert!(!dns.asked().iter().any(|(name, ..)| name == "h4.t"));
        let refused = lb.side.ask("set server b/s1 fqdn x.t");
        assert_eq!(refused.trim(), "set server <b>/<s> fqdn failed because SRV resolution is configured.");

        say(&[(65535, 8004, "h4.t")], vec![address("h4.t", "127.0.2.4")]);
        lb.logs(&format!(
            "<129> Server b/s1 is going DOWN for maintenance (entry removed from SRV record). 1 active and 0 backup \
             servers left. {LEFT}"
        ));
        lb.comes_to(&["s1 - 0 96 2 0 - 0 _http._tcp.t", "s2 127.0.2.4 2 64 256 0 h4.t 8004 _http._tcp.t"]);

        dns.set(label, SRV, Answer::Error(3));
        lb.logs("<128> backend b has no server available!");
        lb.comes_to(&["s1 - 0 96 2 0 - 0 _http._tcp.t", "s2 - 0 96 256 0 - 0 _http._tcp.t"]);
    });
}

#[test]
fn a_name_is_changed_at_run_time() {
    both(|binary| {
        let dns = NameServer::new();
        dns.set("a.test", A, addresses("a.test", &["127.0.0.2"]));
        dns.set("b.test", A, addresses("b.test", &["127.0.0.3"]));
        let rest = format!("backend b\n server s1 a.test:80 {V4}\n server s2 127.0.0.9:80\n");
        let mut lb = Resolving::start(binary, &dns, "", &rest);
        lb.comes_to(&["s1 127.0.0.2 2 0 1 0 a.test 80 -", "s2 127.0.0.9 2 0 1 0 - 80 -"]);
        for (command, answer) in [
            ("set server b/s1 fqdn", "set server <b>/<s> fqdn requires a FQDN."),
            ("set server b/s2 fqdn x", "set server <b>/<s> fqdn failed because no resolution is configured."),
            ("set server b/s1 fqdn a.test", "no need to change the FDQN by 'stats socket command'"),
            ("set server b/s1 fqdn a..b", "could not update b/s1 FQDN by 'stats socket command'"),
            ("set server b/s1 fqdn b.test", "b/s1 changed its FQDN from a.test to b.test by 'stats socket command'"),
        ] {
            assert_eq!(lb.side.ask(command).trim(), answer);
        }
        lb.logs("<133> b/s1 changed its IP from 127.0.0.2 to 127.0.0.3 by res/ns1.");
        lb.comes_to(&["s1 127.0.0.3 2 0 1 0 b.test 80 -", "s2 127.0.0.9 2 0 1 0 - 80 -"]);
    });
}

#[test]
fn nameservers_are_asked_over_tcp_too() {
    both(|binary| {
        let dns = NameServer::new();
        dns.set("a.test", A, addresses("a.test", &["127.0.0.2"]));
        let section = format!(
            "resolvers stream\n nameserver t1 tcp@{}\n timeout resolve 50\n timeout retry 100\n hold obsolete 1\n",
            dns.address()
        );
        let rest = "backend b\n server s1 a.test:80 resolvers stream resolve-prefer ipv4 init-addr none\n";
        let mut lb = Resolving::start(binary, &dns, &section, rest);
        lb.logs("<133> b/s1 changed its IP from (none) to 127.0.0.2 by stream/t1.");
        dns.set("a.test", A, addresses("a.test", &["127.0.0.3"]));
        lb.comes_to(&["s1 127.0.0.3 2 0 1 0 a.test 80 -"]);
        assert!(dns.asked().iter().all(|(_, _, tcp)| *tcp));
        // What is larger than announced is not read.
        let many: Vec<String> = (1..60).map(|last| format!("127.0.3.{last}")).collect();
        dns.set("a.test", A, addresses("a.test", &many.iter().map(String::as_str).collect::<Vec<_>>()));
        eventually("an answer is too big", || {
            let text = lb.side.ask("show resolvers stream");
            text.lines().any(|line| line.trim_start().starts_with("too_big:") && !line.ends_with(" 0"))
        });
    });
}

#[test]
fn the_forms_of_the_counters() {
    both(|binary| {
        let dns = NameServer::new();
        let lb = Resolving::start(binary, &dns, "", "backend b\n server s 127.0.0.1:1\n");
        let list = lb.side.ask("show resolvers res");
        let mut wanted = "Resolvers section res\n nameserver ns1:\n".to_owned();
        for name in [
            "sent",
            "snd_error",
            "valid",
            "update",
            "cname",
            "cname_error",
            "any_err",
            "nx",
            "timeout",
            "refused",
            "other",
            "invalid",
            "too_big",
            "truncated",
            "outdated",
        ] {
            wanted.push_str(&format!("  {:<13}0\n", format!("{name}:")));
        }
        assert_eq!(list, format!("{wanted}\n"));
        assert_eq!(lb.side.ask("show resolvers nope").trim(), "Can't find that resolvers section");
        let csv = lb.side.ask("show stat domain resolvers");
        let mut lines = csv.lines();
        assert_eq!(
            lines.next(),
            Some(
                "# id,pid,sent,send_error,valid,update,cname,cname_error,any_err,nx,timeout,refused,other,invalid,\
                 too_big,truncated,outdated,"
            )
        );
        assert_eq!(lines.next(), Some("ns1,res,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"));
        let typed = lb.side.ask("show stat domain resolvers desc typed");
        assert!(typed.starts_with("N.0.id:CGP:str:ns1:\"ID\"\nN.1.pid:CGP:str:res:\"Parent ID\"\nN.2.sent:MGP:u64:0:"));
        assert_eq!(lb.side.ask("show stat domain foo").trim(), "Invalid statistics domain.");
        assert!(lb.side.ask("show stat domain proxy").starts_with("# pxname,"));
    });
}

#[test]
fn rules_resolve_names() {
    both(|binary| {
        let (dns, origin) = (NameServer::new(), Origin::saying("found"));
        dns.set("here.test", A, addresses("here.test", &["127.0.0.1"]));
        dns.set("six.test", AAAA, addresses("six.test", &["fd00::1"]));
        dns.set("silent.test", A, Answer::Silence);
        let rest = format!(
            "frontend f
 mode http
 bind {{listen0}}
 http-request do-resolve(txn.ip,res,ipv4) hdr(host),host_only
 http-request set-dst var(txn.ip) if {{ path /go }}
 use_backend to if {{ path /go }} {{ var(txn.ip) -m found }}
 http-request return status 200 content-type text/plain lf-string \"[%[var(txn.ip)]]\" if !{{ path /go }}
 default_backend none
frontend t
 mode tcp
 bind {{listen1}}
 tcp-request inspect-delay 10s
 tcp-request content do-resolve(sess.ip,res,ipv4) str(here.test)
 tcp-request content reject unless {{ var(sess.ip) -m ip 127.0.0.0/8 }}
 default_backend there
backend none
 mode http
backend to
 mode http
 server s 0.0.0.0:{port}
backend there
 server s {origin}
",
            port = origin.address().port(),
            origin = origin.address()
        );
        let lb = Resolving::start_with(binary, &dns, " hold valid 1s\n", &rest, 2);
        let get = |host: &str, path: &str| {
            let mut client = lb.side.connect(0);
            client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"));
            client.response()
        };
        for (host, text) in [
            ("here.test", "[127.0.0.1]"),
            ("HERE.test:80", "[127.0.0.1]"),
            ("here.test.", "[127.0.0.1]"),
            ("six.test", "[fd00::1]"),
            ("nobody.test", "[]"),
            ("silent.test", "[]"),
            ("x..y", "[]"),
        ] {
            assert_eq!(get(host, "/").text(), text, "{host}");
        }
        assert_eq!(get("here.test", "/go").text(), "found");
        assert_eq!(get("nobody.test", "/go").status(), 503);
        let mut client = lb.side.connect(1);
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.response().text(), "found");
    });
}

#[test]
fn streams_share_a_question() {
    let dns = NameServer::new();
    dns.set("late.test", A, Answer::Silence);
    let rest = "frontend f\n mode http\n bind {listen0}\n http-request do-resolve(txn.ip,res,ipv4) hdr(host)\n \
                http-request return status 200 content-type text/plain lf-string \"[%[var(txn.ip)]]\"\n";
    let section = " timeout retry 20s\n";
    let lb = Resolving::start_with(None, &dns, section, rest, 1);
    let mut clients: Vec<_> = (0..5).map(|_| lb.side.connect(0)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: late.test\r\n\r\n");
    }
    eventually("the name is asked for", || !dns.asked().is_empty());
    // Others are served meanwhile: nobody holds the worker.
    dns.set("here.test", A, addresses("here.test", &["127.0.0.8"]));
    let mut other = lb.side.connect(0);
    other.send("GET / HTTP/1.1\r\nHost: here.test\r\n\r\n");
    assert_eq!(other.response().text(), "[127.0.0.8]");
    other.send("GET / HTTP/1.1\r\nHost: here.test\r\n\r\n");
    assert_eq!(other.response().text(), "[127.0.0.8]");
    let count = |name: &str| dns.asked().iter().filter(|(asked, ..)| asked == name).count();
    assert_eq!((count("late.test"), count("here.test")), (1, 1), "and an answer counts for `hold valid`");
}

/// With `option abortonclose` nobody waits for the address of a name for a client that is gone.
#[test]
fn clients_leave_while_a_name_is_resolved() {
    both(|binary| {
        let (dns, log) = (NameServer::new(), LogSink::new());
        dns.set("late.test", A, Answer::Silence);
        let rest = format!(
            "listen b\n mode http\n bind {{listen0}}\n log {} local0\n option httplog\n option abortonclose\n http-request do-resolve(txn.ip,res,ipv4) hdr(host)\n server s 127.0.0.1:1\n",
            log.address()
        );
        let lb = Resolving::start_with(binary, &dns, " timeout retry 1h\n", &rest, 1);
        let mut client = lb.side.connect(0);
        client.send("GET / HTTP/1.1\r\nHost: late.test\r\n\r\n");
        eventually("the name is asked for", || !dns.asked().is_empty());
        client.reset();
        let line = log.line();
        assert_eq!((line.status.as_str(), line.flags.as_str()), ("-1", "CR--"));
        assert_eq!(aborts(&lb, "b"), [("stot", "1".to_owned()), ("cli_abrt", "1".to_owned())]);
    });
}

/// What a backend counted of streams.
fn aborts(lb: &Resolving, backend: &str) -> [(&'static str, String); 2] {
    let text = lb.side.ask("show stat");
    let mut rows = text.lines().map(|line| line.trim_start_matches("# ").split(',').collect::<Vec<_>>());
    let names = rows.next().unwrap();
    let row = rows.find(|row| row[0] == backend && row[1] == "BACKEND").unwrap();
    ["stot", "cli_abrt"].map(|name| (name, row[names.iter().position(|other| *other == name).unwrap()].to_owned()))
}

/// A connection that breaks while `tcp-request content` resolves a name is noticed without any option; what it waited
/// counts as waiting.
#[test]
fn connections_break_while_a_name_is_resolved() {
    both(|binary| {
        let (dns, log) = (NameServer::new(), LogSink::new());
        dns.set("late.test", A, Answer::Silence);
        let rest = format!(
            "frontend f\n mode tcp\n bind {{listen0}}\n log {} local0\n option tcplog\n default_backend b\nbackend b\n \
             mode tcp\n tcp-request inspect-delay 20s\n tcp-request content do-resolve(sess.ip,res,ipv4) str(late.test)\n server s 127.0.0.1:1\n",
            log.address()
        );
        let lb = Resolving::start_with(binary, &dns, " timeout retry 1h\n", &rest, 1);
        let mut client = lb.side.connect(0);
        client.send("hello");
        eventually("the name is asked for", || !dns.asked().is_empty());
        client.reset();
        let line = loop {
            let texts = log.texts(std::time::Duration::from_millis(100));
            if let Some(line) = texts.into_iter().find(|line| line.contains("b/<NOSRV>")) {
                break line;
            }
        };
        assert!(line.contains("b/<NOSRV> -1/-1/") && line.contains(" 0 CR "), "{line}");
        assert_eq!(aborts(&lb, "b"), [("stot", "1".to_owned()), ("cli_abrt", "1".to_owned())]);
    });
}

#[test]
fn noise_does_no_harm() {
    let dns = NameServer::new();
    dns.set("a.test", A, addresses("a.test", &["127.0.0.2"]));
    let lb = Resolving::start(None, &dns, " hold other 1h\n", &format!("backend b\n server s1 a.test:80 {V4}\n"));
    lb.comes_to(&["s1 127.0.0.2 2 0 1 0 a.test 80 -"]);
    let question = [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    let looped = [&question[..], &wire("a.test"), &[0, 1, 0, 1, 0xc0, 24, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4]];
    for bytes in [looped.concat(), vec![0xff; 400], vec![], vec![0; 10]] {
        let before = lb.counter("invalid") + lb.counter("other");
        for kind in [A, AAAA] {
            dns.set("a.test", kind, Answer::Bytes(bytes.clone()));
        }
        eventually("it was looked at", || lb.counter("invalid") + lb.counter("other") > before + 2);
    }
    assert_eq!(lb.states(), "s1 127.0.0.2 2 0 1 0 a.test 80 -");
}
