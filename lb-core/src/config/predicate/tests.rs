use super::*;
use proptest::prelude::*;

fn eval(text: &str) -> Result<bool, String> {
    let environment = [("HOME", "/root"), ("EMPTY", "")].into_iter().collect();
    evaluate(text, &environment).map_err(|error| error.message)
}

#[test]
fn answers_are_those_of_haproxy_2_6_12() {
    let yes = [
        "1",
        "01",
        "-1",
        "+1",
        "9999999999999999999999",
        "defined(HOME)",
        "defined(EMPTY)",
        "feature(OPENSSL)",
        "feature()",
        "streq(a,a)",
        "strneq(a,b)",
        "streq(,)",
        "streq(\"a b\",'a b')",
        "streq((a,(a)",
        "version_atleast(2.6)",
        "version_atleast(2.6.12)",
        "version_atleast(2.6-dev1)",
        "version_atleast()",
        "version_atleast(foo)",
        "version_before(2.6.13)",
        "version_before(3)",
        "openssl_version_atleast(3.0.0)",
        "openssl_version_atleast(1.1.1g)",
        "ssllib_name_startswith(OpenSSL)",
        "!0",
        "!!1",
        "(1)",
        "( 1 )",
        "0 || 1",
        "1 || 0",
        "(0 || 1) && 1",
        "1 || 0 && 0",
        "!(1 && 0)",
        "!defined(X) && 1",
        " 1 ",
        "((((((((1))))))))",
    ];
    let no = [
        "",
        "0",
        "00",
        "-0",
        "defined(NOPE)",
        "defined()",
        "defined",
        "defined( HOME )",
        "feature(openssl)",
        "feature(QUIC)",
        "feature(NOPE)",
        "streq(a,b)",
        "strneq(,)",
        "streq( a,a)",
        "version_atleast(2.6.13)",
        "version_atleast(2.7-dev0)",
        "version_before(2.6.12)",
        "openssl_version_before(3.0.0)",
        "!1",
        "! 1",
        "1 && 0",
        "1&&0",
    ];
    for text in yes {
        assert_eq!(eval(text), Ok(true), "{text}");
    }
    for text in no {
        assert_eq!(eval(text), Ok(false), "{text}");
    }
}

#[test]
fn faults_are_told_as_haproxy_does() {
    let table = [
        ("12x", "unexpected character 'x' at the end of conditional expression '12x'"),
        ("1)", "unexpected character ')' at the end of conditional expression '1)'"),
        ("1 | 1", "unexpected character '|' at the end of conditional expression '1 | 1'"),
        ("1 1", "unexpected character '1' at the end of conditional expression '1 1'"),
        ("1.5", "unexpected character '.' at the end of conditional expression '1.5'"),
        ("defined (HOME)", "unexpected character '(' at the end of conditional expression 'defined (HOME)'"),
        ("defined(HOME)x", "unexpected character 'x' at the end of conditional expression 'defined(HOME)x'"),
        ("defined(HOME", "expected ')' in argument 1 of predicate 'defined' used in conditional expression"),
        (
            "defined(A,B)",
            "expected ')' before ',B)' in argument 1 of predicate 'defined' used in conditional expression",
        ),
        ("streq(a,b,c)", "expected ')' before ',c)' in argument 1 of predicate 'streq' used in conditional expression"),
        (
            "streq(a)",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in \
             conditional expression",
        ),
        (
            "streq",
            "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in \
             conditional expression",
        ),
        ("enabled(POLL)", "unparsable conditional expression 'enabled(POLL)'"),
        ("!", "unparsable conditional expression '!'"),
        ("!(", "unparsable conditional expression '!('"),
        ("()", "unparsable conditional expression ')'"),
        ("1 && ", "unparsable conditional expression '&& '"),
        ("&& 1", "unparsable conditional expression '&& 1'"),
        ("1 &&& 1", "unparsable conditional expression '& 1'"),
        ("0 && bad", "unparsable conditional expression 'bad'"),
        ("1||0||bad", "unparsable conditional expression 'bad'"),
        ("(1", "expected ')' after conditional expression '(1'"),
        ("((1)", "expected ')' after conditional expression '((1)'"),
        ("1 && (0", "expected ')' after conditional expression '(0'"),
    ];
    for (text, expected) in table {
        assert_eq!(eval(text), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn an_unknown_predicate_comes_with_the_nearest() {
    let error = evaluate("!version_atlest(2.6)", &Environment::empty()).unwrap_err();
    assert_eq!((error.suggestion, error.position), (Some("version_atleast"), 1));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ !&|()a-z0-9,\\\\'\"_é-]{0,60}") {
        let _ = eval(&text);
    }
}

#[test]
fn nesting_is_bounded() {
    assert!(eval(&"(".repeat(100_000)).is_err());
    assert!(eval(&"!".repeat(100_000)).is_err());
}
