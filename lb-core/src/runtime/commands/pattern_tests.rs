//! Commands about ACLs and maps: what HAProxy 2.6.12 answers to the same commands.

use std::fs;
use std::path::Path;

use crate::config::Directories;
use crate::pattern::{AclScope, Map, Matcher, Method, Output};
use crate::proxy::Proxy;
use crate::runtime::Words;
use crate::sample::{SampleType, Value};

/// Entry numbers as `0x`: they differ from run to run.
fn without_numbers(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("0x").and_then(|rest| rest.split_once(' ')) {
        Some((_, rest)) => format!("0x {rest}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn run(proxy: &Proxy, command: &str) -> String {
    let mut out = String::new();
    match Words::read(command).and_then(|_| proxy.execute(command)) {
        Ok(text) => out.push_str(&text),
        Err(error) => {
            out.push_str(error.text());
            out.push('\n');
        }
    }
    without_numbers(&out)
}

/// A running instance with the ACLs and maps of the comparison.
fn started(directory: &std::path::Path) -> (Proxy, Vec<Matcher>, Vec<Map>) {
    let file = |name: &str, contents: &str| {
        let path = directory.join(name);
        fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let list = file("a.lst", "aa\n  bb \n#c\n\n #dd ee\n");
    let beg = file("beg.map", "/a 1\n/ab 2\n/a 3\n/abc 4\n/ab 5\n");
    let integers = file("mi.map", "k1 1\nk2 -5\n");
    let both = file("m.map", "k1 v1\n k2\tv2  x \n#c\n\nk3\n");
    let proxy = Proxy::builder().start().unwrap();
    let instance = proxy.instance();
    let references = &*instance.topology().references;
    let acl = |keyword: &str, sample, method, words: &str, line| {
        let words: Vec<_> = words.split(' ').collect();
        let scope = AclScope {
            references,
            directories: &Directories::default(),
            keyword,
            word: keyword,
            sample,
            method,
            file: "r.cfg",
            line,
        };
        Matcher::parse(&words, &scope).unwrap().0
    };
    let acls = vec![
        acl("path", SampleType::Str, None, "aa bb", 10),
        acl("path", SampleType::Str, None, &format!("-f {list} -i -f {list} cc"), 11),
        acl("src", SampleType::Ipv4, None, "10.0.0.0/8 ::1", 12),
        acl("path", SampleType::Str, None, "-u 7 u7", 13),
        acl("path_reg", SampleType::Str, Some(Method::Reg), "^/x", 14),
        acl("path", SampleType::Str, None, &format!("-u 42 -M -f {both}"), 15),
        acl("src_port", SampleType::Sint, None, "eq", 16),
    ];
    let map = |file: &str, mode, default| {
        Map::open(references, (file, Path::new(file)), mode, default, ("r.cfg", 21)).unwrap()
    };
    let maps = vec![
        map(&both, (Method::Str, Output::Str), None),
        map(&beg, (Method::Beg, Output::Str), Some(Value::str(b"def".as_slice()))),
        map(&integers, (Method::Str, Output::Sint), Some(Value::Sint(3))),
    ];
    (proxy, acls, maps)
}

#[test]
fn answers_are_haproxys() {
    let directory = tempfile::tempdir().unwrap();
    let (proxy, acls, maps) = started(directory.path());
    let sets = proxy.instance().topology().references.sets();
    let place = directory.path().to_str().unwrap();
    let unknown_acl = "Unknown ACL identifier. Please use #<id> or <file>.\n";
    let unknown_map = "Unknown map identifier. Please use #<id> or <file>.\n";
    let future_acl = "Version number in the future, please use 'prepare acl' before.\n";
    let add_map = "'add map' expects three parameters (map identifier, key and value) or one parameter (map identifier) \
                   and a payload\n";
    for (command, expected) in [
        (
            "show acl",
            "# id (file) description\n\
             0 () acl 'path' file 'r.cfg' line 10. curr_ver=0 next_ver=0 entry_cnt=2\n\
             1 (DIR/a.lst) pattern loaded from file 'DIR/a.lst' used by acl at file 'r.cfg' line 11, by acl at file \
             'r.cfg' line 11. curr_ver=0 next_ver=0 entry_cnt=3\n\
             2 () acl 'path' file 'r.cfg' line 11. curr_ver=0 next_ver=0 entry_cnt=1\n",
        ),
        ("show acl #0", "0x aa\n0x bb\n"),
        ("show acl DIR/a.lst", "0x aa\n0x bb \n0x #dd ee\n"),
        ("show acl #99", unknown_acl),
        ("show acl 0", unknown_acl),
        ("show acl @1 #0", ""),
        ("show acl @x #0", "0x aa\n0x bb\n"),
        ("show acl @0", unknown_acl),
        ("show map #0", unknown_map),
        ("show map DIR/beg.map", "0x /a 1\n0x /ab 2\n0x /a 3\n0x /abc 4\n0x /ab 5\n"),
        ("show acl DIR/beg.map", unknown_acl),
        ("show acl DIR/m.map", "0x k1 v1\n0x k2 v2  x\n0x k3 \n"),
        ("get acl", "Missing ACL identifier and/or key.\n"),
        ("get acl #99 x", unknown_acl),
        ("get acl #0 AA", "type=str, case=sensitive, match=no\n"),
        ("get acl #0 aa", "type=str, case=sensitive, match=yes, idx=tree, pattern=\"aa\"\n"),
        (
            "get acl DIR/a.lst aa",
            "type=str, case=sensitive, match=yes, idx=tree, pattern=\"aa\"\n\
             type=str, case=insensitive, match=yes, idx=list, pattern=\"aa\"\n",
        ),
        ("get acl DIR/beg.map /a", "type=beg, case=sensitive, match=yes, idx=tree, pattern=\"/a\"\n"),
        ("get map #0 x", "type=str, case=sensitive, found=no\n"),
        (
            "get map DIR/m.map k1",
            "type=str, case=sensitive, found=yes, idx=tree, key=\"k1\", value=none\n\
             type=str, case=sensitive, found=yes, idx=tree, key=\"k1\", value=\"v1\", type=\"str\"\n",
        ),
        (
            "get map DIR/beg.map /abz",
            "type=beg, case=sensitive, found=yes, idx=tree, key=\"/ab\", value=\"2\", type=\"str\"\n",
        ),
        (
            "get map DIR/mi.map k2",
            "type=str, case=sensitive, found=yes, idx=tree, key=\"k2\", value=\"-5\", type=\"sint\"\n",
        ),
        ("add acl", "'add acl' expects two parameters: ACL identifier and pattern.\n"),
        ("add acl #0 zz yy", ""),
        ("add acl #0 zz", ""),
        ("add acl #99 zz", unknown_acl),
        ("add acl #0 <<\np1\np2 p3\n", "'add acl' expects two parameters: ACL identifier and pattern.\n"),
        (
            "add acl DIR/m.map foo",
            "This ACL is shared with a map containing samples. You must use the command 'add map' to add values.\n",
        ),
        ("add acl @1 #0 foo", future_acl),
        ("add acl @0 #0 foo", ""),
        ("add map", add_map),
        ("add map DIR/beg.map /q", add_map),
        ("add map DIR/mi.map k9 x", "unable to parse 'x'.\n"),
        ("add map DIR/mi.map k9 99", ""),
        ("add map DIR/mi.map <<\na 1\nb x\nc 3\n", "unable to parse 'x'.\n"),
        ("show map DIR/mi.map", "0x k1 1\n0x k2 -5\n0x k9 99\n0x a 1\n"),
        ("add map DIR/beg.map <<\n/z1 zz yy\n/z2   tt \n", ""),
        ("add map DIR/beg.map <<\n/z4 \n", ""),
        ("del map DIR/beg.map /z4", ""),
        ("add map DIR/beg.map <<\n/z3\n", "Missing value for key '/z3'.\n"),
        ("show acl #0", "0x aa\n0x bb\n0x zz\n0x zz\n0x foo\n"),
        ("del acl", "This command expects two parameters: ACL identifier and key.\n"),
        ("del acl #0 nokey", "Key not found.\n"),
        ("del acl #0 zz", ""),
        ("show acl #0", "0x aa\n0x bb\n0x foo\n"),
        ("del acl #0 #0x123", "Key not found.\n"),
        ("del acl #0 #zz", "Key not found.\n"),
        ("del acl #99 x", unknown_map),
        ("del map DIR/beg.map #0xzz", "Malformed identifier. Please use #<id> or <file>.\n"),
        ("del acl DIR/m.map k1", ""),
        ("del map DIR/m.map k1", "Key not found.\n"),
        ("get map DIR/m.map k1", "type=str, case=sensitive, found=no\ntype=str, case=sensitive, found=no\n"),
        ("set map #99", "'set map' expects three parameters: map identifier, key and value.\n"),
        ("set map DIR/beg.map /a a b", ""),
        ("set map DIR/beg.map nokey 77", "entry not found.\n"),
        ("set map DIR/beg.map #0x12 77", "key or pattern not found.\n"),
        ("show map DIR/beg.map", "0x /a a\n0x /ab 2\n0x /a a\n0x /abc 4\n0x /ab 5\n0x /z1 zz yy\n0x /z2 tt \n"),
        ("prepare acl", unknown_acl),
        ("prepare acl #0", "New version created: 1\n"),
        ("prepare acl #0", "New version created: 2\n"),
        ("prepare map #0", unknown_map),
        ("add acl @1 #0 v1a", ""),
        ("add acl @2 #0 v2a", ""),
        ("add acl @3 #0 v3a", future_acl),
        ("show acl @1 #0", "0x v1a\n"),
        ("get acl #0 v1a", "type=str, case=sensitive, match=no\n"),
        ("commit acl", "Missing version number.\n"),
        ("commit acl #0", "Missing version number.\n"),
        ("commit map @1", "Missing map identifier.\n"),
        ("commit acl @0 #0", "Version number out of range.\n"),
        ("commit acl @9 #0", "Version number out of range.\n"),
        ("commit acl @2 #99", unknown_acl),
        ("commit acl @2 #0", ""),
        ("show acl #0", "0x v2a\n"),
        ("show acl @1 #0", ""),
        ("commit acl @1 #0", "Version number out of range.\n"),
        ("clear acl", "Missing ACL identifier.\n"),
        ("clear acl #99", unknown_acl),
        ("clear acl @7 #0", ""),
        ("clear acl #0", ""),
        ("show acl #0", ""),
        ("get acl #0 v2a", "type=str, case=sensitive, match=no\n"),
    ] {
        let answer = run(&proxy, &command.replace("DIR", place)).replace(place, "DIR");
        match command {
            "show acl" => assert!(answer.starts_with(expected), "{answer}"),
            _ => assert_eq!(answer, expected, "{command}"),
        }
    }
    let text = |text: &str| Value::Str(text.as_bytes().to_vec().into());
    assert!(!acls[0].matches(&text("aa"), &sets));
    assert!(acls[1].matches(&text("AA"), &sets));
    assert_eq!(maps[1].get(&text("/abcd"), &sets), Some(text("4")));
    assert_eq!(maps[1].get(&text("x"), &sets), Some(text("def")));
    assert_eq!(maps[2].get(&text("k9"), &sets), Some(Value::Sint(99)));
}

#[test]
fn handles_change_what_commands_change() {
    let directory = tempfile::tempdir().unwrap();
    let (proxy, acls, maps) = started(directory.path());
    let sets = proxy.instance().topology().references.sets();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let text = |text: &str| Value::Str(text.as_bytes().to_vec().into());
    let keys = |entries: Vec<std::sync::Arc<crate::pattern::Entry>>| {
        entries.iter().map(|entry| String::from_utf8(entry.key().to_vec()).unwrap()).collect::<Vec<_>>()
    };

    let map = proxy.map(&file("mi.map")).unwrap();
    assert_eq!(map.get("k2").as_deref(), Some(b"-5".as_slice()));
    map.set("k2", "7").unwrap();
    map.set("k3", "8").unwrap();
    assert_eq!(
        (maps[2].get(&text("k2"), &sets), maps[2].get(&text("k3"), &sets)),
        (Some(Value::Sint(7)), Some(Value::Sint(8)))
    );
    assert!(map.set("k2", "x").is_err());
    assert!(map.replace_all([("a", "1"), ("b", "x")]).is_err());
    assert_eq!(keys(map.entries()), ["k1", "k2", "k3"]);
    map.replace_all([("a", "1"), ("b", "2")]).unwrap();
    assert_eq!(keys(map.entries()), ["a", "b"]);
    assert_eq!(maps[2].get(&text("b"), &sets), Some(Value::Sint(2)));
    assert_eq!((map.remove("b"), map.remove("b")), (1, 0));
    map.clear();
    assert!(map.entries().is_empty());

    let acl = proxy.acl(&file("a.lst")).unwrap();
    acl.add("new").unwrap();
    acl.add("new").unwrap();
    assert_eq!(keys(acl.entries()), ["aa", "bb ", "#dd ee", "new"]);
    assert!(acls[1].matches(&text("NEW"), &sets));
    acl.replace_all(["x"]).unwrap();
    assert!(acl.contains("x") && !acl.contains("new") && !acls[1].matches(&text("new"), &sets));
    assert!(acl.lookup("x").iter().all(|lookup| lookup.matched.is_some()));
    assert!(proxy.acl(&file("m.map")).unwrap().add("x").is_err());
    assert!(proxy.acl(&file("none")).is_err() && proxy.map("#0").is_err());
}
