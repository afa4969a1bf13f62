//! What HAProxy 2.6.12 with PCRE2 10.42 says of the same expressions.

use super::*;

/// Expressions of ACLs that are refused, with PCRE's words and offset.
const REFUSED: &[(&str, &str, usize)] = &[
    ("a(", "missing closing parenthesis", 2),
    ("a)", "unmatched closing parenthesis", 1),
    ("a(b))", "unmatched closing parenthesis", 4),
    ("((a)", "missing closing parenthesis", 4),
    ("[a", "missing terminating ] for character class", 2),
    ("[]", "missing terminating ] for character class", 2),
    ("[^]", "missing terminating ] for character class", 3),
    ("[a-", "missing terminating ] for character class", 3),
    ("[z-a]", "range out of order in character class", 3),
    ("[a--b]", "range out of order in character class", 3),
    (r"[a-\d]", "invalid range in character class", 5),
    (r"[\d-z]", "invalid range in character class", 3),
    ("[a-[:digit:]]", "invalid range in character class", 4),
    ("[[:foo:]]", "unknown POSIX class name", 3),
    ("[:alpha:]", "POSIX named classes are supported only within a class", 0),
    ("[[.a.]]", "POSIX collating elements are not supported", 1),
    (r"[\B]", "escape sequence is invalid in character class", 2),
    ("*a", "quantifier does not follow a repeatable item", 0),
    ("a**", "quantifier does not follow a repeatable item", 2),
    ("a{2}{3}", "quantifier does not follow a repeatable item", 6),
    ("{3}", "quantifier does not follow a repeatable item", 2),
    ("a|*b", "quantifier does not follow a repeatable item", 2),
    ("^*", "quantifier does not follow a repeatable item", 1),
    (r"\b+", "quantifier does not follow a repeatable item", 2),
    ("a{2,1}", "numbers out of order in {} quantifier", 5),
    ("a{99999}", "number too big in {} quantifier", 7),
    ("a{1,65536}", "number too big in {} quantifier", 9),
    ("(?<", "subpattern name expected", 3),
    ("(?<n", "syntax error in subpattern name (missing terminator?)", 4),
    ("(?<1n>a)", "subpattern name must start with a non-digit", 3),
    ("(?<n>a)(?<n>b)", "two named subpatterns have the same name (PCRE2_DUPNAMES not set)", 12),
    ("(?z)a", "unrecognized character after (? or (?-", 2),
    ("(?i-", "missing closing parenthesis", 4),
    ("(?#foo", "missing ) after (?# comment", 6),
    ("(?Pn)", "unrecognized character after (?P", 3),
    (r"(a)\1", "reference to non-existent subpattern", 4),
    (r"(a)\g1", "reference to non-existent subpattern", 5),
    (r"(a)\g{1}", "reference to non-existent subpattern", 7),
    (r"(a)\g{-1}", "reference to non-existent subpattern", 5),
    (r"\1", "reference to non-existent subpattern", 1),
    (r"\", r"\ at end of pattern", 1),
    (r"\x{100}", r"character code point value in \x{} or \o{} is too large", 6),
    (r"\c", r"\c at end of pattern", 2),
    (r"\y", r"unrecognized character follows \", 1),
    (r"\u", r"PCRE2 does not support \F, \L, \l, \N{name}, \U, or \u", 2),
    (r"\N{U+41}", r"\N{U+dddd} is supported only in Unicode (UTF) mode", 2),
];

#[test]
fn faults_are_pcres() {
    for (pattern, message, offset) in REFUSED {
        let error = Regex::without_groups(pattern.as_bytes(), false).unwrap_err();
        assert_eq!((error.message.as_str(), error.offset), (*message, *offset), "{pattern}");
    }
    let error = Regex::without_groups(b"a(", false).unwrap_err().to_string();
    assert_eq!(error, "regex 'a(' is invalid (error=missing closing parenthesis, erroffset=2)");
}

#[test]
fn what_no_engine_has_is_refused_by_name() {
    for (pattern, what) in [
        ("(?R)", "recursion"),
        ("(?|(a)|(b))", "(?|"),
        ("(a)(?(1)b|c)", "(?(condition)"),
        (r"\X", r"\X"),
        (r"\p{L}", r"\p"),
        ("(*UTF8)a", "(*UTF8)"),
        ("(?J)a", "the option J"),
    ] {
        let error = Regex::new(pattern, false).unwrap_err();
        assert_eq!(error.message, format!("{what} is not supported"), "{pattern}");
    }
}

#[test]
fn patterns_mean_what_they_mean_to_pcre() {
    for (pattern, text, matches) in [
        ("a++b", "aab", true),
        ("a++a", "aaa", false),
        ("(?>a+)b", "aab", true),
        ("^[a[b]$", "[", true),
        ("^[a&&b]$", "&", true),
        ("^[a~~b]$", "~", true),
        ("^[]a]$", "]", true),
        ("^x{,3}$", "x{,3}", true),
        ("^a{x}$", "a{x}", true),
        ("^a{2}$", "aa", true),
        (r"^\/a\-\_\<\>$", "/a-_<>", true),
        (r"^\Qa.b\E$", "a.b", true),
        (r"^\Qa.b\E$", "axb", false),
        (r"^[\Qa]\E]$", "]", true),
        (r"^[\x41-\x43]+$", "ABC", true),
        (r"^[a-c-e]+$", "a-e", true),
        (r"^[\w-]+$", "a-b", true),
        (r"^[[:alpha:]]+$", "aZ", true),
        (r"^[[:^alpha:]]+$", "12", true),
        (r"^[^[:space:]]+$", "a b", false),
        (r"^\x41\101\x{41}\o{101}$", "AAAA", true),
        (r"^\10$", "\u{8}", true),
        (r"(?<=a)b", "ab", true),
        (r"(?<!a)b", "ab", false),
        (r"a(?=b)", "ab", true),
        (r"a(?!b)", "ab", false),
        (r"(?<n>a)\k<n>", "aa", true),
        (r"(?P<n>a)(?P=n)", "ab", false),
        (r"(?#comment)a", "a", true),
        ("(?x) a b # c", "ab", true),
        ("(?x)a(?-x: b)", "a b", true),
        ("(?i:A)b", "ab", true),
        ("(?i)A(?-i)b", "aB", false),
        (r"^\h\H\R\N$", " a\nb", true),
        (r"a\Zb", "ab", false),
        (r"a\Z", "a\n", true),
        ("^é$", "é", true),
        ("^[é]{2}$", "é", true),
        (".", "\n", false),
        ("(?s).", "\n", true),
        ("", "", true),
        ("|a", "", true),
    ] {
        let regex = Regex::without_groups(pattern.as_bytes(), false).unwrap();
        assert_eq!(regex.is_match(text.as_bytes()), matches, "{pattern} {text:?}");
    }
    let bytes = Regex::compile(b"^\xff[^a]$", false, false).unwrap();
    assert!(bytes.is_match(b"\xff\x80"));
    assert!(Regex::new("^aB$", true).unwrap().is_match(b"Ab"));
}

#[test]
fn groups_are_replaced() {
    for (pattern, template, all, text, expected) in [
        ("/+", "/", true, "/////a///b/c/xzxyz/", "/a/b/c/xzxyz/"),
        ("(foo|bar)([0-9]+)?", r"\2\1", false, "/foo12/bar", "/12foo/bar"),
        ("(a)|(b)", r"[\1\2\0\9\\\q]", true, "ab", r"[aa\q][bb\q]"),
        ("x*", "-", true, "abc", "-a-b-c-"),
        ("^a", "x", true, "aaa", "xaa"),
        (r"(.)\1", "<\\1>", true, "aabc", "<a>bc"),
        (r"a\Kb", "x", true, "ab", "ax"),
        ("b", r"\x41\x4g", true, "ab", "aAx4g"),
        ("z", "x", true, "abc", "abc"),
        (r"(?<n>b)(c)", r"\2\1", false, "abcd", "acbd"),
    ] {
        let mut out = Vec::new();
        let found = Regex::new(pattern, false).unwrap().replace(text.as_bytes(), template.as_bytes(), all, &mut out);
        assert_eq!((String::from_utf8(out).unwrap().as_str(), found), (expected, expected != text), "{pattern}");
    }
}

#[test]
fn going_back_has_a_limit() {
    let regex = Regex::new(r"(?=(a+)+$)\1b", false).unwrap();
    let text = [b"a".repeat(60), b"c".to_vec()].concat();
    assert!(!regex.is_match(&text));
}
