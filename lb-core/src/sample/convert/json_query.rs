//! `json_query`: a string, a number or a truth out of a document of JSON.
//!
//! The document is read only as far as the value, so one whose end is not there yet has one, too.

mod number;
mod path;
mod scan;

use std::sync::Arc;

pub(super) use path::Path;
use scan::Found;

use super::text::cut;
use super::{Arg, ArgKind, ArgSpec, Context, Converter, SampleType, Scope, Value, argument};

pub(super) const CONVERTERS: &[Converter] =
    &[Converter::new("json_query", SampleType::Str, SampleType::Any, json_query)
        .args(ArgSpec::of(1, &[ArgKind::Str, ArgKind::Str]))
        .check(check)];

fn check(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    if argument::text(args, 0).is_empty() {
        return Err("json_path must not be empty".to_owned());
    }
    check_query(args, scope)
}

/// Makes the first argument a path, if there is one, and the second `Arg::Absent` unless numbers shall be integers.
pub(super) fn check_query(args: &mut [Arg], _: &Scope<'_>) -> Result<(), String> {
    match argument::text(args, 1) {
        b"" => argument::replace(args, 1, Arg::Absent),
        b"int" => {}
        _ => return Err("output_type only supports \"int\" as argument".to_owned()),
    }
    if !argument::text(args, 0).is_empty() {
        let path = Path::parse(&argument::shown(args, 0));
        argument::replace(args, 0, Arg::Own(Arc::new(path)));
    }
    Ok(())
}

fn json_query<'a>(_: &Context<'a>, value: Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let Value::Str(document) = value else { return None };
    query(document, args)
}

/// What arguments that [`check_query`] has seen ask for.
pub(super) fn query<'a>(document: std::borrow::Cow<'a, [u8]>, args: &[Arg]) -> Option<Value<'a>> {
    let path = args.first()?.own::<Path>()?;
    match scan::find(&document, path)? {
        Found::Bool(value) => Some(Value::Bool(value)),
        Found::Number { start, end } => {
            let token = document.get(start..end)?;
            match args.get(1) {
                Some(Arg::Str(_)) => number::integer(token).map(Value::Sint),
                _ => number::text(token).map(Value::text),
            }
        }
        Found::Plain { start, end } => Some(Value::Str(cut(document, start, end))),
        Found::Escaped { start, end } => scan::unescape(document.get(start..end)?).map(Value::str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(document: &[u8], path: &str, kind: &str) -> Option<Value<'static>> {
        let mut args = [Arg::Str(path.as_bytes().into()), Arg::Str(kind.as_bytes().into())];
        let names = crate::sample::names::Names::default();
        check(&mut args, &crate::sample::convert::tests::scope(&names)).ok()?;
        query(document.into(), &args).map(Value::into_owned)
    }

    /// Where HAProxy 2.6.12 is wrong: it has no more than six digits of a number, reads the beginning of `1e3` as an
    /// integer, makes a byte of `\u00e9`, and nothing of `\/` and of characters beyond.
    #[test]
    fn values_are_those_of_the_document() {
        let text = |text: &'static str| Some(Value::str(text.as_bytes()));
        assert_eq!(ask(br#"{"a":1234567}"#, "$.a", ""), text("1234567"));
        assert_eq!(ask(br#"{"a":123456789012345678901234567890}"#, "$.a", ""), text("123456789012345678901234567890"));
        assert_eq!(ask(br#"{"a":1e3}"#, "$.a", "int"), Some(Value::Sint(1000)));
        assert_eq!(ask(br#"{"a":-1.5e-3}"#, "$.a", "int"), Some(Value::Sint(0)));
        assert_eq!(ask(br#"{"a":"x\"y\u00e9\n\u20ac\ud83d\ude00\/"}"#, "$.a", ""), text("x\"yé\n€😀/"));
        assert_eq!(ask(br#"{"a":"\ud83d"}"#, "$.a", ""), None);
        assert_eq!(ask(br#"{"\u0061":5}"#, "$.a", "int"), Some(Value::Sint(5)));
        assert_eq!(ask(br#"{"a.b":{"c":[7]}}"#, "$['a.b'][\"c\"][0]", "int"), Some(Value::Sint(7)));
    }

    #[test]
    fn documents_are_not_read_deeper_than_it_takes() {
        let deep = [b"{\"b\":".to_vec(), b"[".repeat(100), b"]".repeat(100), b",\"a\":1}".to_vec()].concat();
        assert_eq!(ask(&deep, "$.a", "int"), Some(Value::Sint(1)));
        let deeper = [b"{\"b\":".to_vec(), b"[".repeat(100_000)].concat();
        assert_eq!(ask(&deeper, "$.a", "int"), None);
    }
}
