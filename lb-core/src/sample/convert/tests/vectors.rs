//! Expressions and what haproxy 2.6.12 answered.
//!
//! A line of the files is an expression, two blanks and the answer: `-` for none, `type value` with the value in
//! hexadecimal digits where it is text or bytes, `! message` where the expression is refused. `> variable expression` sets
//! a variable for the lines behind it.

use std::fmt::Write as _;

use super::*;

/// A fetch of constants, which these tests are about as little as about the others.
fn constant(fetch: &str, argument: &str) -> Option<Value<'static>> {
    Some(match fetch {
        "bin" => Value::Bin(hex_bytes(argument).into()),
        "bool" => Value::Bool(argument == "true"),
        "ipv4" => Value::Ipv4(argument.parse().ok()?),
        "ipv6" => Value::Ipv6(argument.parse().ok()?),
        "meth" => Value::Meth(argument.as_bytes().to_vec().into()),
        _ => return None,
    })
}

/// Evaluates an expression of which the fetch may be one of [`constant`].
fn answer(text: &str, txn: &Variables) -> String {
    let known = text.split_once('(').and_then(|(fetch, rest)| {
        let (argument, chain) = rest.split_once(')')?;
        Some((constant(fetch, argument)?, chain))
    });
    let parsed = match known {
        Some((value, chain)) => {
            txn.set(&"in".into(), value);
            parse(&format!("var(txn.in){chain}"))
        }
        None => parse(text),
    };
    let expression = match parsed {
        Ok(expression) => expression,
        Err(error) => return format!("! {error}"),
    };
    let req = Variables::default();
    let variables = Scopes { txn: Some(txn), req: Some(&req), ..Scopes::default() };
    let context = Context { variables, ..Context::default() };
    match expression.evaluate(&context) {
        None => "-".to_owned(),
        Some(value) => {
            let kind = value.kind().word();
            match value.raw() {
                Some(bytes) => bytes.iter().fold(format!("{kind} "), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                }),
                None => format!("{kind} {}", String::from_utf8_lossy(&value.into_bytes())),
            }
        }
    }
}

fn check(name: &str, file: &str) {
    let txn = Variables::default();
    let mut wrong = String::new();
    for line in file.lines().filter(|line| !line.starts_with('#')) {
        if let Some(set) = line.strip_prefix("> ") {
            let (variable, expression) = set.split_once(' ').expect("a variable and an expression");
            answer(&format!("{expression},set-var({variable})"), &txn);
            continue;
        }
        let (expression, wanted) = line.rsplit_once("  ").unwrap_or_else(|| panic!("{name}: no answer in {line:?}"));
        let got = answer(expression, &txn);
        if got != wanted {
            let _ = writeln!(wrong, "{expression}\n  wanted {wanted}\n  got    {got}");
        }
    }
    assert!(wrong.is_empty(), "{name}\n{wrong}");
}

macro_rules! families {
    ($($family:ident),* $(,)?) => {
        $(#[test]
        fn $family() {
            check(stringify!($family), include_str!(concat!("vectors/", stringify!($family), ".txt")));
        })*
    };
}

families! {
    numbers, quotes, arguments, fields, binary, texts, hashes, digests, json, urls, language, regsub, json_query, dates,
    variables, comparison, concatenation, addresses, aes, tokens, protobuf, fix, mqtt,
}
