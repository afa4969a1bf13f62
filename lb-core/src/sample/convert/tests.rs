//! Converters against what haproxy 2.6.12 was seen to answer, and against any bytes.

mod any_bytes;
mod vectors;

use std::borrow::Cow;

use super::*;
use crate::sample::Expression;
use crate::sample::expression::ExpressionError;
use crate::sample::names::Names;
use crate::sample::variable::{Scopes, Variables};

/// A frontend's line.
pub(super) fn scope(names: &Names) -> Scope<'_> {
    Scope { file: "a.cfg", line: 8, ..Scope::of(names, "http-request expression") }
}

/// Reads an expression as one word.
fn parse(text: &str) -> Result<Expression, ExpressionError> {
    Expression::parse_words([text], &scope(&Names::default())).map(|(expression, _)| expression)
}

/// What converters make of a value.
fn convert(input: Value<'static>, chain: &str) -> Option<Value<'static>> {
    let txn = Variables::default();
    txn.set(&"in".into(), input);
    let expression = parse(&format!("var(txn.in),{chain}")).unwrap_or_else(|error| panic!("{chain}: {error}"));
    let context = Context { variables: Scopes { txn: Some(&txn), ..Scopes::default() }, ..Context::default() };
    expression.evaluate(&context).map(Value::into_owned)
}

fn hex_bytes(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or_default() as u8;
    text.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | digit(half))).collect()
}

#[test]
fn every_name_is_there_once() {
    let mut names: Vec<_> = all().map(|converter| converter.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// `haproxy -dKcnv`, as far as it is built.
#[test]
fn signatures_are_those_of_haproxy() {
    let listed: HashMap<&str, &str> = include_str!("tests/signatures.txt")
        .lines()
        .map(|line| line.split_at(line.find(['(', ':']).unwrap_or(line.len())))
        .collect();
    for converter in all() {
        let shown = format!("{}: {} => {}", converter.args, converter.output.word(), converter.input.word());
        // Where HAProxy's table says less than the converter yields.
        let wanted = match converter.name {
            "ipmask" => "(IPv4 mask[,IPv6 mask]): ipv4 => addr",
            name => listed.get(name).copied().unwrap_or_else(|| panic!("{name} is not one of HAProxy's")),
        };
        assert_eq!(shown, wanted, "{}", converter.name);
    }
    for name in listed.keys().filter(|name| **name != "wt6") {
        assert!(find(name).is_some(), "{name} is missing");
    }
}

/// Where a check function leaves something for its function, what it says of wrong texts is HAProxy's.
#[test]
fn a_value_goes_on_as_it_is() {
    for value in [Value::Sint(5), Value::Bool(true), Value::Bin(Cow::Borrowed(b"\0a"))] {
        assert_eq!(convert(value.clone(), "debug(test)"), Some(value.clone()));
        assert_eq!(convert(value.clone(), "set-var(txn.x)"), Some(value.clone()));
        assert_eq!(convert(value.clone(), "unset-var(txn.x)"), Some(value));
    }
}

/// Keys of tests alone.
#[test]
fn tokens_are_verified_with_public_keys() {
    let directory = tempfile::tempdir().expect("a directory");
    for line in include_str!("tests/tokens.txt").lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once(' ').expect("a name");
        let (algorithm, rest) = rest.split_once(' ').expect("an algorithm");
        let (token, key) = rest.split_once(' ').expect("a token");
        let path = directory.path().join(name);
        std::fs::write(&path, key.replace('|', "\n")).expect("a file");
        let verify = |token: &str, algorithm: &str, key: &str| {
            convert(Value::str(token.as_bytes().to_vec()), &format!("jwt_verify({algorithm},\"{key}\")"))
        };
        let path = path.display().to_string();
        assert_eq!(verify(token, algorithm, &path), Some(Value::Sint(1)), "{name}");
        let other = token.replacen("eyJ", "eyK", 1);
        assert_eq!(verify(&other, algorithm, &path), Some(Value::Sint(0)), "{name}");
        assert_eq!(verify(token, algorithm, "/none"), Some(Value::Sint(-5)), "{name}");
        let elsewhere = if algorithm == "ES256" { "RS256" } else { "ES256" };
        let refused = verify(token, elsewhere, &path);
        assert!(matches!(refused, Some(Value::Sint(0 | -3))), "{name} {refused:?}");
        // A path in a variable finds what some line has mentioned.
        let txn = Variables::default();
        for (name, value) in [("alg", algorithm), ("key", path.as_str()), ("none", "none")] {
            txn.set(&name.into(), Value::str(value.as_bytes().to_vec()));
        }
        let context = Context { variables: Scopes { txn: Some(&txn), ..Scopes::default() }, ..Context::default() };
        let by_variable = parse(&format!("str({token}),jwt_verify(txn.alg,txn.key)")).expect("an expression");
        assert_eq!(by_variable.evaluate(&context), Some(Value::Sint(1)), "{name}");
        // The sender of a token does not choose that it needs no signature.
        let unsigned = token.rsplit_once('.').map_or("", |(unsigned, _)| unsigned);
        let by_none = parse(&format!("str({unsigned}.),jwt_verify(txn.none,txn.key)")).expect("an expression");
        assert_eq!(by_none.evaluate(&context), Some(Value::Sint(0)), "{name}");
    }
}

/// HAProxy 2.6.12 has the largest number there is for each of these.
#[test]
fn sums_of_negative_numbers_are_negative() {
    assert_eq!(convert(Value::Sint(-5), "add(-1)"), Some(Value::Sint(-6)));
    assert_eq!(convert(Value::Sint(-5), "sub(3)"), Some(Value::Sint(-8)));
    assert_eq!(convert(Value::Sint(i64::MIN), "add(-1)"), Some(Value::Sint(i64::MIN)));
    assert_eq!(convert(Value::Sint(i64::MAX), "sub(-1)"), Some(Value::Sint(i64::MAX)));
}

/// HAProxy 2.6.12 has no value here, against its manual.
#[test]
fn parts_of_a_token_without_a_query_are_whole() {
    let token = || Value::str(&b"eyJhIjoxfQ.eyJiIjoyfQ.eA"[..]);
    assert_eq!(convert(token(), "jwt_header_query"), Some(Value::str(&br#"{"a":1}"#[..])));
    assert_eq!(convert(token(), "jwt_payload_query()"), Some(Value::str(&br#"{"b":2}"#[..])));
    assert_eq!(convert(token(), "jwt_payload_query('$.b',int)"), Some(Value::Sint(2)));
}
