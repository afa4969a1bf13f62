//! ACLs as HAProxy reads and matches them.

use std::sync::Arc;

use super::*;
use crate::config::Directories;
use crate::sample::{SampleType, Value};

/// What was read, a warning, and what it looks into.
type Parsed = (Matcher, Option<String>, Box<[Arc<set::Set>]>);

fn parse(words: &str, keyword: &str, sample: SampleType, method: Option<Method>) -> Result<Parsed, String> {
    let references = References::default();
    let scope = AclScope {
        references: &references,
        directories: &Directories::default(),
        keyword,
        word: keyword,
        sample,
        method,
        file: "x.cfg",
        line: 1,
    };
    let words: Vec<_> = words.split(' ').collect();
    let (matcher, warning) = Matcher::parse(&words, &scope).map_err(|error| error.to_string())?;
    Ok((matcher, warning, references.sets()))
}

#[test]
fn words_are_refused_in_haproxys_words() {
    use SampleType::{Addr, Any, Bin, Bool, Meth, Sint, Str};
    for (sample, words, expected) in [
        (Addr, "1.2.3.4/33", "'1.2.3.4/33' is not a valid IPv4 or IPv6 address"),
        (Addr, "::1/129", "'::1/129' is not a valid IPv4 or IPv6 address"),
        (Addr, "-n localhost", "'localhost' is not a valid IPv4 or IPv6 address"),
        (Addr, "-n 10.12/8", "'10.12/8' is not a valid IPv4 or IPv6 address"),
        (Addr, "1.2.3.4/", "'1.2.3.4/' is not a valid IPv4 or IPv6 address"),
        (Addr, "-n 010.1.1.1", "'010.1.1.1' is not a valid IPv4 or IPv6 address"),
        (Addr, "1.2.3.4/255.255.255", "'1.2.3.4/255.255.255' is not a valid IPv4 or IPv6 address"),
        (Sint, "1:x", "'1:x' is not a valid number range"),
        (Sint, "x", "'x' is not a number"),
        (Sint, "5:1", "'5:1' is not a valid number range"),
        (Sint, ":", "':' is not a valid number range"),
        (Sint, "+5", "'+5' is not a number"),
        (Sint, "1.5", "'1.5' is not a number"),
        (Sint, "9223372036854775808", "'9223372036854775808' is not a number"),
        (Sint, "gt foo", "'foo' is neither a number nor a supported operator"),
        (Sint, "ne 5", "'ne' is neither a number nor a supported operator"),
        (Sint, "gt foo:", "'foo:' is not a valid number range"),
        (Sint, "eq foo", "'foo' is not a number"),
        (Sint, "-1", "'-1' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'"),
        (Str, "-m foo x", "unknown matching method 'foo' when parsing ACL expression"),
        (Str, "-m", "unknown matching method '' when parsing ACL expression"),
        (Str, "-u x foo", "the argument of -u must be an integer"),
        (Str, "-f /nonexist", "failed to open pattern file </nonexist>"),
        (Str, "-f", "failed to open pattern file <>"),
        (Str, "-f /tmp", "error encountered while reading  </tmp> : Is a directory"),
        (Str, "-m bin 123", "an even number of hex digit is expected"),
        (Str, "-m bin 12zz", "an hex digit is expected (found 'z')"),
        (Bool, "-m ip 1", "matching method 'ip' cannot be used with fetch keyword 'k'"),
        (Bin, "-m int 1", "matching method 'int' cannot be used with fetch keyword 'k'"),
        (Meth, "-m int 1", "matching method 'int' cannot be used with fetch keyword 'k'"),
        (
            Meth,
            "GET",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('k')",
        ),
        (
            Any,
            "-i foo",
            "matching method must be specified first (using '-m') when using a sample fetch of this type ('k')",
        ),
    ] {
        let error = parse(words, "k", sample, None).map(|_| ()).unwrap_err();
        assert_eq!(error, expected, "{words}");
    }
}

#[test]
fn what_matches() {
    use SampleType::{Addr, Bool, Meth, Sint, Str};
    let ip = |text: &str| Value::ip(text.parse().unwrap());
    let cases: Vec<(SampleType, &str, Value<'static>, bool)> = vec![
        (Sint, "1 5:7", Value::Sint(6), true),
        (Sint, "1 5:7", Value::Sint(2), false),
        (Sint, "gt 5 6", Value::Sint(6), true),
        (Sint, "lt 0", Value::Sint(-1), true),
        (Sint, "-- -4", Value::Sint(-4), true),
        (Sint, "-- -4", Value::Sint(4), false),
        (Sint, "gt -5", Value::Sint(-4), true),
        (Sint, "1-5", Value::Sint(4), true),
        (Sint, "-m str 80", Value::Sint(80), true),
        (Sint, "-m bool", Value::Sint(80), true),
        (Str, "-m found", Value::str(b"x".as_slice()), true),
        (Str, "aa -i bb", Value::str(b"-i".as_slice()), true),
        (Str, "aa -i bb", Value::str(b"AA".as_slice()), false),
        (Str, "-i aa", Value::str(b"AA".as_slice()), true),
        (Str, "-m dom .a. b", Value::str(b"q.a.c".as_slice()), true),
        (Str, "-m dom a", Value::str(b"xa.c".as_slice()), false),
        (Str, "-m dir /images", Value::str(b"/images/png".as_slice()), true),
        (Str, "-m dir png", Value::str(b"/images/png32".as_slice()), false),
        (Str, "-m sub BC", Value::str(b"abcd".as_slice()), false),
        (Str, "-m sub -i BC", Value::str(b"abcd".as_slice()), true),
        (Str, "-m end -i .PNG", Value::str(b"x.png".as_slice()), true),
        (Str, "-m len 3:4", Value::str(b"abcd".as_slice()), true),
        (Str, "-m reg ^a.*d$", Value::str(b"abcd".as_slice()), true),
        (Str, "-m bin 6162", Value::str(b"ab".as_slice()), true),
        (Meth, "-m str GET", Value::Meth(b"GET".as_slice().into()), true),
        (Meth, "-m str get", Value::Meth(b"GET".as_slice().into()), false),
        (Bool, "ignored", Value::Bool(true), true),
        (Bool, "ignored", Value::Bool(false), false),
        (Addr, "10.0.0.0/8", ip("10.1.2.3"), true),
        (Addr, "10.12/8", ip("10.9.9.9"), true),
        (Addr, "10", ip("0.0.0.10"), true),
        (Addr, "1.2.3.4/255.0.255.0", ip("1.7.3.8"), true),
        (Addr, "127.0.0.0/8", ip("::ffff:127.0.0.1"), true),
        (Addr, "127.0.0.0/8", ip("2002:7f00:1::"), true),
        (Addr, "::ffff:0:0/96", ip("1.2.3.4"), true),
        (Addr, "fe80::/10", ip("1.2.3.4"), false),
        (Addr, "-m str 1.2.3.4", ip("1.2.3.4"), true),
    ];
    for (sample, words, value, expected) in cases {
        let (matcher, _, sets) = parse(words, "k", sample, None).unwrap();
        assert_eq!(matcher.matches(&value, &sets), expected, "{words} {value:?}");
    }
}

#[test]
fn no_patterns_is_worth_a_warning() {
    for (sample, words, warns) in [
        (SampleType::Str, "", true),
        (SampleType::Sint, "", true),
        (SampleType::Bool, "", false),
        (SampleType::Str, "--", false),
        (SampleType::Str, "-m str", false),
        (SampleType::Str, "-i", false),
    ] {
        assert_eq!(parse(words, "path", sample, None).unwrap().1.is_some(), warns, "{words}");
    }
}
