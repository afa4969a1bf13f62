//! ACLs and maps: conditions, converters and runtime commands, the same through HAProxy and through lb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use lb_tests::process::haproxy;
use lb_tests::side::Side;

const CONFIGURATION: &str = r#"
global
  stats socket {dir}/stats level admin
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 30s
frontend f
  bind {listen0}
  acl words path /aa /bb
  acl list path -f FILES/a.lst -i -f FILES/a.lst /cc
  acl numbered path -u 7 /u7
  acl regex path_reg ^/x(.)y$
  acl both path -u 42 -M -f FILES/m.map
  acl ports src_port gt 70000 1:2
  acl networks src 10.0.0.0/8 ::1
  acl begins path_beg -i /Beg
  acl ends path_end .png
  acl part path_sub -i sub
  acl directory path_dir images/png
  acl domain path -m dom example.com
  acl length path -m len 30:40
  acl bytes path -m bin 2f62696e
  acl query query -m found
  http-request set-header x-acls "w"  if words
  http-request add-header x-acls "l"  if list
  http-request add-header x-acls "n"  if numbered
  http-request add-header x-acls "r"  if regex
  http-request add-header x-acls "b"  if both
  http-request add-header x-acls "p"  if ports
  http-request add-header x-acls "i"  if networks
  http-request add-header x-acls "beg"  if begins
  http-request add-header x-acls "end"  if ends
  http-request add-header x-acls "sub"  if part
  http-request add-header x-acls "dir"  if directory
  http-request add-header x-acls "dom"  if domain
  http-request add-header x-acls "len"  if length
  http-request add-header x-acls "bin"  if bytes
  http-request add-header x-acls "q"  if query
  http-request set-header x-map "%[path,map(FILES/m.map)]|%[path,map_beg(FILES/beg.map,none)]|%[path,map_str_int(FILES/mi.map,3)]"
  http-request add-header x-map "%[path,map_end(FILES/sub.map)]|%[url,map_dom(FILES/sub.map,'d e,f')]|%[path,map_dir(FILES/sub.map)]|%[path,map_dom(FILES/sub.map)]"
  http-request add-header x-map "%[path,map_regm(FILES/re.map)]|%[path,map_reg(FILES/re.map)]"
  http-request add-header x-map "%[url_param(v),map_int(FILES/int.map)]|%[url_param(v),map_ip(FILES/ip.map)]|%[url_param(v),map_str_ip(FILES/sip.map,9.9.9.9)]"
  http-request redirect location "%[req.hdr(x-acls,-1)] %[req.fhdr(x-map,1)] %[req.fhdr(x-map,2)] %[req.fhdr(x-map,3)] %[req.fhdr(x-map,4)]"
"#;

const FILES: &[(&str, &str)] = &[
    ("a.lst", "/aa\n  /bb \n#c\n\n #dd ee\n"),
    ("m.map", "/k1 v1\n /k2\tv2  x \n#c\n\n/k3\n"),
    ("beg.map", "/a 1\n/ab 2\n/a 3\n/abc 4\n/ab 5\n"),
    ("mi.map", "/k1 1\n/k2 -5\n"),
    ("sub.map", "ab first\nb second\nabc third\n"),
    ("re.map", "^/(.*)x(.*)$ \\2-\\1-\\0-\\9-\\\\-\\q-\\x41\nb re\n(a)?(c) [\\1][\\2]\n"),
    ("int.map", "1 one\n5:9 range\n7 seven\n"),
    (
        "ip.map",
        "10.0.0.0/8 ten\n10.1.0.0/16 tenone\n10.1.2.3 host\n10.1.2.3 host2\n0.0.0.0/0 all4\n::/0 all6\n\
         ::ffff:10.1.0.0/112 mapped\n2001:db8::/32 doc\n10.1.0.0/255.255.0.255 holes\n",
    ),
    ("sip.map", "k 1.2.3.4\nk6 ::1\n"),
];

const PATHS: &[&str] = &[
    "/aa",
    "/bb",
    "/AA",
    "/cc",
    "/CC",
    "/u7",
    "/xay",
    "/xaay",
    "/k1",
    "/k2",
    "/k3",
    "/k1?q",
    "/beg",
    "/BEGx",
    "/a.png",
    "/a.PNG",
    "/xSUBx",
    "/images/png",
    "/images/png/x",
    "/images/pngx",
    "/http://www.example.com:80/x",
    "/example.comx",
    "/123456789012345678901234567890",
    "/bin",
    "/a",
    "/abz",
    "/b",
    "/ab",
    "/zab",
    "/abc/x",
    "/x/b/y",
    "/q.b.c",
    "/1x2",
    "/c",
    "/?v=7",
    "/?v=1",
    "/?v=6",
    "/?v=10.1.2.3",
    "/?v=10.1.9.9",
    "/?v=10.1.9.3",
    "/?v=10.2.2.2",
    "/?v=11.1.1.1",
    "/?v=::1",
    "/?v=::ffff:10.1.2.3",
    "/?v=2001:db8::5",
    "/?v=2002:a01:203::",
    "/?v=k",
    "/?v=k6",
];

const COMMANDS: &[&str] = &[
    "show acl #0",
    "show acl #7",
    "show acl FILES/a.lst",
    "show acl FILES/beg.map",
    "show acl FILES/m.map",
    "show acl @1 #0",
    "show map FILES/beg.map",
    "show map",
    "get acl #0 /aa",
    "get acl #0 /AA",
    "get acl FILES/a.lst /aa",
    "get acl #4 /xay",
    "get map FILES/beg.map /abz",
    "get map FILES/re.map /1x2",
    "get map FILES/ip.map 10.1.2.3",
    "get map FILES/mi.map /k2",
    "get map FILES/sip.map k",
    "add acl #0 /new",
    "add acl #4 a(",
    "add acl FILES/m.map foo",
    "add map FILES/mi.map /new x",
    "add map FILES/mi.map /new 12",
    "set map FILES/beg.map /a other",
    "del map FILES/m.map /k1",
    "del acl #0 /bb",
    "prepare acl FILES/a.lst",
    "add acl @1 FILES/a.lst /later",
    "get acl FILES/a.lst /later",
    "show acl @1 FILES/a.lst",
    "commit acl @1 FILES/a.lst",
    "show acl FILES/a.lst",
    "clear map FILES/int.map",
    "show map FILES/int.map",
];

/// Entry numbers differ from run to run, and so does the name of HAProxy's configuration.
fn without_numbers(answer: &str) -> String {
    let line = |line: &str| match line.strip_prefix("0x").and_then(|rest| rest.split_once(' ')) {
        Some((_, rest)) => format!("0x {rest}\n"),
        // HAProxy counts an entry once for each use.
        None => format!("{}\n", line.split(" entry_cnt=").next().unwrap_or_default()),
    };
    let answer: String = answer.lines().map(line).collect();
    let mut parts = answer.split("at file '");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + "at file" + part.split_once('\'').map_or(part, |(_, rest)| rest))
}

fn location(side: &Side, path: &str) -> String {
    let mut client = side.connect(0);
    client.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    client.response().header("location").unwrap_or_default().to_owned()
}

/// Everything that a program says, in order.
fn told(binary: Option<&std::path::Path>, files: &str) -> Vec<String> {
    let side = Side::start(binary, &CONFIGURATION.replace("FILES", files), 1);
    let paths = || PATHS.iter().map(|path| format!("{path} => {}", location(&side, path)));
    let mut told: Vec<_> = paths().collect();
    told.extend(
        COMMANDS
            .iter()
            .map(|command| format!("{command} => {}", without_numbers(&side.ask(&command.replace("FILES", files))))),
    );
    told.extend(paths().chain(["/new", "/later"].map(|path| format!("{path} => {}", location(&side, path)))));
    told
}

#[test]
fn patterns_match_as_in_haproxy() {
    let Some(binary) = haproxy() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (name, contents) in FILES {
        fs::write(directory.path().join(name), contents).unwrap();
    }
    let files = directory.path().to_str().unwrap();
    let (expected, found) = (told(Some(&binary), files), told(None, files));
    let differ = expected.iter().zip(&found).filter(|(expected, found)| expected != found);
    let differ: Vec<_> = differ.map(|(expected, found)| format!("HAProxy: {expected}\nlb:      {found}")).collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

/// HAProxy 2.6.12 looks for the strings of `map_sub` at the end only.
#[test]
fn map_sub_looks_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("sub.map"), "ab first\nb second\n").unwrap();
    let configuration = CONFIGURATION.split("  acl words").next().unwrap_or_default();
    let line = "  http-request redirect location %[path,map_sub(FILES/sub.map,none)]\n";
    let text = format!("{configuration}{line}").replace("FILES", directory.path().to_str().unwrap());
    let side = Side::start(None, &text, 1);
    for (path, expected) in [("/xaby", "first"), ("/xby", "second"), ("/x", "none")] {
        assert_eq!(location(&side, path), expected);
    }
}
