#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use crate::config::model::{Address, BindOptions, Config, CpuMap, Global, UnixBind};
use crate::config::{LoadOptions, Severity};
use crate::runtime::{Level, SeverityOutput};

/// Reads the lines of a global section: what it set, and its messages as "line text".
fn read(lines: &str) -> (Global, Vec<String>) {
    let text: String = std::iter::once("global\n".to_owned())
        .chain(lines.lines().map(|line| format!("  {}\n", line.trim())))
        .collect();
    match Config::parse_with(&text, "t.cfg", &LoadOptions::default()) {
        Ok(loaded) => (loaded.config.global, messages(&loaded.diagnostics)),
        Err(error) => (Global::default(), messages(&error.diagnostics)),
    }
}

fn messages(diags: &crate::config::Diagnostics) -> Vec<String> {
    let letter = |severity| if severity == Severity::Alert { 'A' } else { 'W' };
    diags.iter().map(|d| format!("{} {}", letter(d.severity), d.message)).collect()
}

fn ok(lines: &str) -> Global {
    let (global, messages) = read(lines);
    assert_eq!(messages, Vec::<String>::new(), "{lines}");
    global
}

fn error(line: &str) -> String {
    let messages = read(line).1;
    assert_eq!(messages.len(), 1, "{line}: {messages:?}");
    messages.into_iter().next().unwrap()
}

#[test]
fn every_field_is_filled() {
    let global = ok("maxconn 1000
        maxconnrate 10
        maxsessrate 20
        maxsslrate 40
        maxpipes 50
        nbthread 4
        thread-groups 1
        ulimit-n 4096
        no strict-limits
        daemon
        quiet
        pidfile /run/lb.pid
        chroot /var/empty
        uid 5
        gid 6
        node web-1
        description \"a b\" c
        localpeer here
        hard-stop-after 30s
        grace 1500
        spread-checks 5
        max-spread-checks 1m
        log-tag lb
        log-send-hostname
        nosplice
        noreuseport
        h2-workaround-bogus-websocket-clients
        h1-case-adjust host HoSt
        default-path current
        crt-base /etc/crt
        ca-base /etc/ca
        ssl-server-verify none
        setenv A b
        unsetenv A");
    assert_eq!((global.maxconn, global.maxconnrate, global.maxsessrate), (Some(1000), Some(10), Some(20)));
    assert_eq!((global.maxsslrate, global.maxpipes), (Some(40), Some(50)));
    assert_eq!((global.nbthread, global.ulimit_n, global.strict_limits), (Some(4), Some(4096), Some(false)));
    assert!(global.daemon && global.quiet && global.nosplice && global.noreuseport);
    assert!(global.tune.h2_hide_connect_protocol);
    assert_eq!(global.pidfile.unwrap().to_str(), Some("/run/lb.pid"));
    assert_eq!((global.uid, global.gid, global.node.as_deref()), (Some(5), Some(6), Some("web-1")));
    assert_eq!((global.description.as_deref(), global.localpeer.as_deref()), (Some("a b c"), Some("here")));
    assert_eq!(global.hard_stop_after, Some(Duration::from_secs(30)));
    assert_eq!(global.grace, Some(Duration::from_millis(1500)));
    assert_eq!((global.spread_checks, global.max_spread_checks), (Some(5), Some(Duration::from_secs(60))));
    assert_eq!((global.log_tag.as_deref(), global.log_send_hostname.as_deref()), (Some("lb"), Some("")));
    assert_eq!(global.h1_case_adjust, [("host".to_owned(), "HoSt".to_owned())]);
    assert!(global.ssl.server_verify_none && global.ssl.crt_base.is_some() && global.ssl.ca_base.is_some());
}

#[test]
fn tuning() {
    let tune = ok("tune.bufsize 32768
        tune.maxrewrite 2048
        tune.http.maxhdr 200
        tune.http.logurilen 4096
        tune.maxaccept -1
        tune.idle-pool.shared off
        tune.pool-high-fd-ratio 30
        tune.rcvbuf.client 1
        tune.rcvbuf.server 2
        tune.sndbuf.client 3
        tune.sndbuf.server 4
        tune.pipesize 65536
        tune.h2.header-table-size 8192
        tune.h2.initial-window-size 70000
        tune.h2.max-concurrent-streams 50
        tune.h2.max-frame-size 16384
        tune.ssl.cachesize 100
        tune.ssl.lifetime 5m");
    assert_eq!((tune.tune.bufsize, tune.tune.maxrewrite, tune.tune.http_maxhdr), (Some(32768), Some(2048), Some(200)));
    assert_eq!(tune.tune.maxaccept, Some(-1));
    assert_eq!((tune.tune.rcvbuf_client, tune.tune.sndbuf_server), (Some(1), Some(4)));
    assert_eq!((tune.tune.h2_max_frame_size, tune.ssl.lifetime), (Some(16384), Some(Duration::from_secs(300))));
}

/// HAProxy's own texts, seen side by side.
#[test]
fn errors_are_told_as_haproxy_does() {
    let table = [
        ("maxconn", "'maxconn' expects an integer argument."),
        ("maxconn 5 x", "'maxconn' cannot handle unexpected argument 'x'."),
        ("nbthread", "'nbthread' passed a missing or unparsable integer value in ''"),
        ("nbthread 10k", "'nbthread' passed a missing or unparsable integer value in '10k'"),
        ("nbthread 65", "'nbthread' value must be between 1 and 64 (was 65)"),
        ("nbthread 99999999999", "'nbthread' value must be between 1 and 64 (was 99999999999)"),
        ("thread-groups 2", "'thread-groups' value must be between 1 and 1 (was 2)"),
        ("uid", "'uid' expects an integer argument."),
        ("user nosuchuser", "cannot find user id for 'nosuchuser' (0:Success)"),
        ("group nosuchgroup", "cannot find group id for 'nosuchgroup' (0:Success)"),
        ("pidfile", "'pidfile' expects a file name as an argument."),
        ("chroot", "'chroot' expects a directory as an argument."),
        ("description", "'description' expects a string argument."),
        ("localpeer a b", "'localpeer' cannot handle unexpected argument 'b'."),
        ("hard-stop-after", "'hard-stop-after' expects <time> as argument."),
        ("close-spread-time", "'close-spread-time' expects <time> as argument."),
        ("close-spread-time x", "unexpected character 'x' in argument to <close-spread-time>."),
        ("grace abc", "unexpected character 'a' in argument to <grace>."),
        (
            "hard-stop-after 30d",
            "timer overflow in argument '30d' to 'hard-stop-after' (maximum value is 2147483647 ms or ~24.8 days)",
        ),
        ("spread-checks 51", "'spread-checks' needs a positive value in range 0..50."),
        ("max-spread-checks a", "unsupported character 'a' in 'max-spread-checks' (wants an integer delay)."),
        ("log-tag", "'log-tag' expects a tag for use in syslog."),
        ("nosplice x", "'nosplice' cannot handle unexpected argument 'x'."),
        ("setenv A", "'setenv' expects a name and a value."),
        ("setenv A b c d", "'setenv' cannot handle unexpected argument 'd'."),
        ("unsetenv", "'unsetenv' expects at least one variable name."),
        ("h1-case-adjust a", "'h1-case-adjust' expects <from> and <to> as argument."),
        ("h1-case-adjust a b", "<from> and <to> must not differ execpt the case"),
        ("h1-case-adjust-file /nonexist", "h1-headers-case-adjust-file '/nonexist': failed to open file."),
        ("ssl-server-verify foo", "'ssl-server-verify' expects 'none' or 'required' as argument."),
        ("crt-base", "global statement 'crt-base' expects a directory path as an argument."),
        ("stats foo", "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got 'foo')"),
        ("tune.bufsize 0", "'tune.bufsize' expects a positive integer argument."),
        ("tune.http.maxhdr 32768", "'tune.http.maxhdr' expects a numeric value between 1 and 32767"),
        ("tune.maxaccept 99999999999", "'tune.maxaccept' expects -1 or an integer from 0 to INT_MAX."),
        ("tune.idle-pool.shared x", "'tune.idle-pool.shared' expects either 'on' or 'off' but got 'x'."),
        ("tune.pool-high-fd-ratio 101", "'tune.pool-high-fd-ratio' expects an integer argument between 0 and 100."),
        ("tune.h2.max-frame-size 5", "'tune.h2.max-frame-size' expects a numeric value between 16384 and 16777215."),
        ("tune.h2.initial-window-size -1", "'tune.h2.initial-window-size' expects a positive numeric value."),
        ("maxcon 5", "unknown keyword 'maxcon' in 'global' section; did you mean 'maxconn' maybe ?"),
        (
            "unix-bind foo 1",
            "'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.",
        ),
        ("unix-bind prefix", "unix_bind 'prefix' expects a path as an argument."),
        ("unix-bind user no-such-user", "'unix-bind' : 'no-such-user' unknown user."),
        ("unix-bind mode 600 group", "'unix-bind' : '' unknown group."),
        ("bogus-keyword", "unknown keyword 'bogus-keyword' in 'global' section"),
        (
            "no maxconn 5",
            "negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, \
             insecure-fork-wanted and numa-cpu-mapping.",
        ),
    ];
    for (line, expected) in table {
        assert_eq!(error(line), format!("A {expected}"), "{line}");
    }
}

#[test]
fn known_words_that_are_not_supported_are_refused_by_name() {
    assert_eq!(error("lua-load x.lua"), "A 'lua-load' is not supported yet.");
    for word in ["cluster-secret", "maxsslconn", "tune.pool-low-fd-ratio", "tune.idle-pool.shared on"] {
        assert_eq!(error(word), format!("A '{word}' is not supported yet."));
    }
    assert_eq!(error("no busy-polling"), "A 'busy-polling' is not supported yet.");
}

#[test]
fn garbage_that_haproxy_takes_for_zero_is_refused() {
    assert_eq!(error("maxconn abc"), "A 'maxconn' expects an integer argument (got 'abc').");
    assert_eq!(error("unix-bind mode 9"), "A 'unix-bind' : missing or invalid mode '9' (octal integer expected)");
    assert_eq!(error("unix-bind uid 12x"), "A 'unix-bind' : 'uid' expects a number, not '12x'.");
    assert_eq!(error("unix-bind gid -5"), "A 'unix-bind' : 'gid' expects a number, not '-5'.");
    assert_eq!(error("tune.bufsize 100k"), "A 'tune.bufsize' expects a positive integer argument (got '100k').");
}

#[test]
fn what_unix_sockets_have_in_common() {
    let (global, messages) = read("unix-bind prefix /run/a mode 600 user root\nunix-bind prefix /run/b gid 3 mode 660");
    assert_eq!(messages, ["W unix-bind 'prefix' already specified. Continuing."]);
    let settings = UnixBind { prefix: Some("/run/a".to_owned()), mode: Some(0o660), uid: Some(0), gid: Some(3) };
    assert_eq!(global.unix_bind, settings);
    let text = "global\n unix-bind prefix /run/a mode 600 uid 1 gid 2\n stats socket /s\n\
                frontend f\n bind unix@/x,abns@/y\n bind /z mode 666 gid 5\n";
    let config = Config::parse(text, "t.cfg").unwrap();
    let binds = &config.proxies[0].binds;
    let paths = [Address::Unix("/run/a/x".into()), Address::Abstract(b"/y".to_vec())];
    assert_eq!(binds[0].addresses, paths);
    assert_eq!(binds[1].addresses, [Address::Unix("/run/a/z".into())]);
    let rights = |options: &BindOptions| (options.mode, options.uid, options.gid);
    assert_eq!(rights(&binds[0].options), (Some(0o600), Some(1), Some(2)));
    assert_eq!(rights(&binds[1].options), (Some(0o666), Some(1), Some(5)));
    // Sockets for runtime commands go their own ways, as in HAProxy.
    let stats = &config.global.stats.sockets[0];
    assert_eq!(stats.addresses, [Address::Unix("/s".into())]);
    assert_eq!(rights(&stats.options), (None, None, None));
}

#[test]
fn a_prefix_leaves_less_room_for_paths() {
    let text = format!("global\n unix-bind prefix /{}\nfrontend f\n bind unix@/x.sock\n", "a".repeat(110));
    let error = Config::parse_with(&text, "t.cfg", &LoadOptions::default()).unwrap_err();
    assert_eq!(messages(&error.diagnostics), ["A 'bind' : socket path 'unix@/x.sock' too long (max -14)"]);
}

#[test]
fn settings_that_count_once() {
    let (global, messages) = read("maxconn 5\nmaxconn 6\nuser root\nuid 5");
    assert_eq!(messages, ["W 'maxconn' already specified. Continuing.", "W user/uid already specified. Continuing."]);
    assert_eq!((global.maxconn, global.uid), (Some(5), Some(0)));
    assert_eq!(
        error("uid abc"),
        "W  uid: string 'abc' is not a number.\n   | You might want to use the 'user' parameter to use a system user \
         name."
    );
}

fn map(lines: &str) -> Vec<(u16, Vec<u16>)> {
    ok(lines).cpu_map.into_iter().map(|CpuMap { thread, cpus }| (thread, cpus)).collect()
}

#[test]
fn cpu_map_forms() {
    assert_eq!(map("cpu-map 1/1 0-1 3"), [(1, vec![0, 1, 3])]);
    assert_eq!(map("cpu-map 1/1-3 0,2"), [(1, vec![0, 2]), (2, vec![0, 2]), (3, vec![0, 2])]);
    assert_eq!(map("cpu-map auto:1/1-4 3 2 1 0"), [(1, vec![0]), (2, vec![1]), (3, vec![2]), (4, vec![3])]);
    assert_eq!(map("cpu-map auto:1/4-1 0-1 2-3").len(), 4);
    assert_eq!(map("cpu-map auto:1/all 0-63").len(), 64);
    assert_eq!(map("cpu-map auto:1/odd 32-63")[1], (3, vec![33]));
    assert_eq!(map("cpu-map 1 0").len(), 64);
    assert_eq!(map("cpu-map 1/1- 0-")[63].1.len(), 64);
    assert_eq!(map("cpu-map 2/1 0"), []);
    assert_eq!(map("cpu-map 1/1 0\ncpu-map 1/1 1"), [(1, vec![1])]);
}

#[test]
fn cpu_map_errors() {
    let table = [
        ("1/65 0", "cpu-map : '65' is not a valid number/range. It supports numbers from 1 to 64."),
        ("1/ 0", "cpu-map : '' is not a valid number/range. It supports numbers from 1 to 64."),
        ("1/x 0", "cpu-map : 'x' is not a valid number/range."),
        ("1/1-2/3 0", "cpu-map : '1-2/3' is not a valid number/range."),
        ("0 0", "cpu-map : '0' is not a valid number/range. It supports numbers from 1 to 64."),
        ("1/1 -1", "cpu-map : '-1' is not a CPU range."),
        ("1/1 all", "cpu-map : 'all' is not a CPU range."),
        (
            "auto:1/1-4 0-2",
            "cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically bound",
        ),
        (
            "1/1",
            "cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  followed by \
             a list of CPU ranges with numbers from 0 to 63.",
        ),
    ];
    for (arguments, expected) in table {
        assert_eq!(error(&format!("cpu-map {arguments}")), format!("A {expected}"), "{arguments}");
    }
}

#[test]
fn header_case_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("headers");
    let with = |text: &str| {
        std::fs::write(&path, text).unwrap();
        read(&format!("h1-case-adjust-file {}", path.display()))
    };
    let (global, _) = with("# comment\n\n host \t HoSt \nte TE\n");
    assert_eq!(global.h1_case_adjust.len(), 2);
    for (text, fault) in [
        ("host\n", "expect <to> at line 1."),
        ("\nhost Host x\n", "<from> and <to> must not differ execpt the case at line 2."),
        ("host Host\nhost hOst\n", "duplicate entry 'host' at line 2."),
    ] {
        let messages = with(text).1;
        assert!(messages[0].ends_with(fault), "{messages:?}");
    }
}

#[test]
fn the_table_is_in_order_of_names_and_has_no_word_twice() {
    let names: Vec<&str> = super::keyword_rows().map(|(name, _)| name).collect();
    assert!(names.windows(2).all(|pair| pair[0] < pair[1]));
    let usable = |wanted: &str| super::keyword_rows().any(|(name, usable)| name == wanted && usable);
    assert!(usable("maxconn") && !usable("nbproc") && !usable("stats") && !usable("lua-load"));
}

#[test]
fn log_targets() {
    let global = ok("log stdout format raw local0 info\nno log\nlog 127.0.0.1:514 local1");
    assert_eq!(global.logs.len(), 1);
    assert_eq!(global.logs[0].facility, 17);
}

#[test]
fn stats_sockets() {
    let lines = [
        "stats socket /tmp/x.sock mode 600 user root level admin severity-output number name n maxconn 3",
        "stats socket ipv4@127.0.0.1:9999,[::1]:9999",
        "stats timeout 2m",
        "stats maxconn 7",
        "stats bind-process all odd 1",
    ];
    let read = ok(&lines.join("\n")).stats;
    assert_eq!((read.timeout, read.maxconn, read.sockets.len()), (Some(Duration::from_secs(120)), Some(7), 2));
    let options = &read.sockets[0].options;
    assert_eq!((options.level, options.mode, options.uid), (Some(Level::Admin), Some(0o600), Some(0)));
    assert_eq!((options.severity_output, options.maxconn), (Some(SeverityOutput::Number), Some(3)));
    assert_eq!(read.names().as_deref(), Some("unix@/tmp/x.sock;ipv4@127.0.0.1:9999;ipv6@[::1]:9999"));
    for (line, expected) in [
        ("stats socket", "'stats socket' in global section expects an address or a path to a UNIX socket"),
        ("stats socket /x mode 9", "'stats socket' : ''mode' : missing or invalid mode '9' (octal integer expected)'"),
        ("stats socket /x level", "'stats socket' : ''level' : missing level'"),
        (
            "stats socket /x level foo",
            "'stats socket' : ''level' only supports 'user', 'operator', and 'admin' (got 'foo')'",
        ),
        (
            "stats socket /x severity-output foo",
            "'stats socket' : ''severity-output' only supports 'none', 'number', and 'string' (got 'foo')'",
        ),
        (
            "stats socket /x expose-fd listeners",
            "'stats socket' : ''expose-fd' is not supported yet; a new process binds beside the old one, or inherits listeners \
             as 'fd@<n>''",
        ),
        ("stats socket /x nice 1025", "'stats socket' : ''nice' : invalid value 1025, allowed range is -1024..1024'"),
        ("stats socket /x nice", "'stats socket' : ''nice' : missing value'"),
        ("stats socket /x ssl", "'stats socket' : ''ssl' is not supported on a stats socket yet'"),
        ("stats socket /x levle admin", "'stats socket' : unknown keyword 'levle'; did you mean 'level' maybe ?"),
        ("stats socket 127.0.0.1", "'stats socket' : missing port specification in '127.0.0.1'"),
        ("stats socket udp@127.0.0.1:1", "'stats socket' : dgram-type address not acceptable in 'udp@127.0.0.1:1'"),
        ("stats timeout 0", "'stats timeout' expects a positive value"),
        ("stats timeout foo", "'stats timeout' : unexpected character 'f'"),
        ("stats maxconn 0", "'stats maxconn' expects a positive value"),
        ("stats maxconn foo", "'stats maxconn' expects a positive value"),
        ("stats bind-process foo", "'stats bind-process' : 'foo' is not a valid number/range."),
        (
            "stats bind-process 2",
            "'stats bind-process' : '2' is not a valid number/range. It supports numbers from 1 to 1.",
        ),
        ("stats foo", "'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got 'foo')"),
    ] {
        assert_eq!(error(line), format!("A {expected}"), "{line}");
    }
}

/// As haproxy 2.6.12 says it.
#[test]
fn variables_of_the_process() {
    let global = ok("set-var proc.a int(1),add(2)
        set-var-fmt proc.b \"x %[var(proc.a)] y\"
        tune.vars.txn-max-size 100
        tune.vars.sess-max-size -1
        tune.vars.reqres-max-size");
    assert_eq!(global.variables.len(), 2);
    assert_eq!((global.tune.vars.txn, global.tune.vars.sess, global.tune.vars.reqres), (100, 0, 0));
    for (line, wanted) in [
        ("set-var proc.a", "'set-var' requires a process-wide variable name ('proc.<name>') and a sample expression."),
        (
            "set-var txn.a int(1)",
            "'set-var': cannot set variable 'txn.a', only scope 'proc' is permitted in the global section.",
        ),
        (
            "set-var proc.a src",
            "fetch method 'set-var(proc.a)' extracts information from 'client address', none of which is available here",
        ),
        ("set-var proc.a-b int(1)", "invalid syntax at char '-b)'"),
        ("set-var proc.a foo(1)", "unknown fetch method 'foo'"),
        ("set-var proc.a int(x)", "fetch method 'int' : failed to parse 'x' as type 'integer' at position 1"),
        (
            "set-var-fmt proc.a",
            "'set-var-fmt' requires a process-wide variable name ('proc.<name>') and a format string.",
        ),
        (
            "set-var-fmt proc.a %[src]",
            "sample fetch <src]> may not be reliably used here because it needs 'client address' which is not available \
             here",
        ),
        (
            "set-var-fmt proc.a %foo",
            "no such format variable 'foo'. If you wanted to emit the '%' character verbatim, you need to use '%%'",
        ),
        ("tune.vars.proc-max-size x", "tune.vars.proc-max-size: 'x' is an invalid size"),
        ("tune.vars.proc-max-size 10k", "tune.vars.proc-max-size: '10k' is an invalid size"),
    ] {
        assert_eq!(error(line), format!("A {wanted}"), "{line}");
    }
}
