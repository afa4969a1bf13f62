use super::super::Level;
use super::*;
use crate::proxy::Proxy;

fn proxy() -> Proxy {
    Proxy::builder().global("setenv FOO bar").threads(1).start().unwrap()
}

/// Sends the pieces one after the other, and says what came back and what the last step was.
fn talk(proxy: &Proxy, level: Level, pieces: &[&[u8]]) -> (String, Step) {
    let mut session = proxy.cli_session(level);
    let mut out = String::new();
    let mut last = Step::Done;
    for piece in pieces {
        let mut left = *piece;
        loop {
            left = &left[session.push(left)..];
            last = session.step(&mut out);
            match last {
                Step::Done => {}
                Step::Wait { .. } | Step::Watch if left.is_empty() => break,
                Step::Wait { .. } | Step::Watch => {}
                Step::Closed => return (out, last),
            }
        }
    }
    (out, last)
}

const OPEN: Step = Step::Wait { idle: false };
const OVER: Step = Step::Wait { idle: true };

#[test]
fn framing() {
    let proxy = proxy();
    for (pieces, expected, end) in [
        (&[&b"show cli level\n"[..]][..], "admin\n\n", OVER),
        (&[b"show cli level"], "", OPEN),
        (&[b"show cli", b" level\n"], "admin\n\n", OVER),
        (&[b"show cli level;show cli level\r\n"], "admin\n\nadmin\n\n", OVER),
        (&[b"show cli level\r;show cli level\n"], "admin\n\nadmin\n\n", OVER),
        (&[b"show cli level;"], "admin\n\n", OVER),
        (&[b"show cli level\nshow cl"], "admin\n\n", OPEN),
        (&[b"operator\nshow cli level\n"], "\noperator\n\n", OVER),
        (&[b"show cli level\0 x\n"], "admin\n\n", OVER),
        (&[b"show env F\\OO\n"], "FOO=bar\n\n", OVER),
        (&[b"show env FOO\\\n"], "", OPEN),
        (&[b"show env FOO\\\n\n"], "Variable not found\n\n", OVER),
        (&[b"show env FOO\\;show cli level\n"], "Variable not found\n\n", OVER),
        (&[b"show env FOO\\\\;show cli level\n"], "Variable not found\n\nadmin\n\n", OVER),
        (&[b"quit;show cli level\n"], "", Step::Closed),
        (&[b"prompt\nshow cli level\n"], "\n> admin\n\n> ", OPEN),
        (&[b"prompt\n", b"prompt;show cli level\n"], "\n> \nadmin\n\n", OVER),
    ] {
        let (text, step) = talk(&proxy, Level::Admin, pieces);
        assert_eq!((text.as_str(), step), (expected, end), "{:?}", String::from_utf8_lossy(pieces[0]));
    }
}

#[test]
fn payloads() {
    let proxy = proxy();
    for (pieces, expected) in [
        (&[&b"show env FOO <<\nk v\n\nshow cli level\n"[..]][..], "FOO=bar\n\nadmin\n\n"),
        (&[b"show env FOO <<\n;\n \n\n"], "FOO=bar\n\n"),
        (&[b"show env FOO <<\r\nk v\r\n\r\n"], "FOO=bar\n\n"),
        (&[b"show env FOO <<;k v\n\n"], "FOO=bar\n\n"),
        (&[b"show env FOO<<\nk v\n\n"], "Variable not found\n\n"),
        (&[b"show env FOO << \nshow cli level\n"], "FOO=bar\n\nadmin\n\n"),
        (&[b"show env FOO <<\nk v\n"], ""),
        (&[b"prompt\nshow env FOO <<\nk v\n\n"], "\n> + + FOO=bar\n\n> "),
    ] {
        assert_eq!(talk(&proxy, Level::Admin, pieces).0, expected, "{:?}", String::from_utf8_lossy(pieces[0]));
    }
}

#[test]
fn what_is_too_long_ends_the_session() {
    let proxy = proxy();
    let line = |length: usize| [&b"show env "[..], &vec![b'a'; length], b"\n"].concat();
    assert_eq!(talk(&proxy, Level::Admin, &[&line(16_000)]), ("Variable not found\n\n".to_owned(), OVER));
    assert_eq!(talk(&proxy, Level::Admin, &[&line(16_384)]), (String::new(), Step::Closed));
    let payload = [&b"show env FOO <<\n"[..], &b"k v\n".repeat(5000)].concat();
    assert_eq!(talk(&proxy, Level::Admin, &[&payload]), (String::new(), Step::Closed));
    let many = b"show cli level\n".repeat(5000);
    assert_eq!(talk(&proxy, Level::User, &[&many]), ("user\n\n".repeat(5000), OVER));
}

#[test]
fn severities_and_levels() {
    let proxy = proxy();
    let (text, _) = talk(&proxy, Level::Operator, &[b"set severity-output number;user;show env;show cli level\n"]);
    assert_eq!(text, "\n\n[3]: Permission denied\n\n[6]: user\n\n");
    let (text, _) = talk(&proxy, Level::Admin, &[b"set severity-output string;show env X;show env FOO\n"]);
    assert_eq!(text, "\n[err]: Variable not found\n\nFOO=bar\n\n");
}

#[test]
fn what_is_not_complete_at_the_end_is_forgotten() {
    let proxy = proxy();
    let mut session = proxy.cli_session(Level::User);
    let mut out = String::new();
    session.push(b"show cli level\nshow cli level");
    session.end();
    assert_eq!(session.step(&mut out), Step::Done);
    assert_eq!(session.step(&mut out), Step::Closed);
    assert_eq!(out, "user\n\n");
}

#[tokio::test]
async fn an_event_sink_is_watched_until_there_is_input() {
    use crate::sample::trace::Sink;
    let proxy = proxy();
    let mut session = proxy.cli_session(Level::User);
    let mut out = String::new();
    session.push(b"prompt\nshow events buf0 -nw\n");
    while session.step(&mut out) == Step::Done {}
    assert_eq!(out, "\n> ");
    // Other tests write there as well.
    Sink::Buffer.write(b"[debug] watched".to_vec());
    while !out.contains("[debug] watched\n") {
        session.event().await;
        while session.step(&mut out) == Step::Done {}
    }
    out.clear();
    session.push(b"show cli level\n");
    while session.step(&mut out) == Step::Done {}
    assert!(out.ends_with("\n> ") && !out.contains("user"), "{out}");
    out.clear();
    session.push(b"show cli level\n");
    assert_eq!(session.step(&mut out), Step::Done);
    assert_eq!(out, "user\n\n> ");
}

/// Everything a session answers to bytes that come in pieces of this size.
fn answer(proxy: &Proxy, bytes: &[u8], piece: usize) -> String {
    let mut session = proxy.cli_session(Level::Admin);
    let (mut out, mut left) = (String::new(), bytes);
    loop {
        match session.step(&mut out) {
            Step::Done => {}
            Step::Closed => return out,
            Step::Wait { .. } | Step::Watch if left.is_empty() => session.end(),
            Step::Wait { .. } | Step::Watch => left = &left[session.push(&left[..piece.min(left.len())])..],
        }
    }
}

/// Lines as people, scripts and enemies write them.
fn line() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    // Not those whose answer changes with time.
    let known = vec!["help", "prompt", "quit", "user", "show version", "show cli level", "show env FOO", "set timeout"];
    let start =
        prop_oneof![proptest::sample::select(known).prop_map(str::to_owned), "[ -~]{0,12}", Just(String::new())];
    (start, "[ -~\\x00-\\x1f]{0,20}", "(\n|\r\n|;| <<\n|\n\n)?")
        .prop_map(|(start, rest, end)| format!("{start} {rest}{end}"))
}

#[test]
fn the_answer_does_not_depend_on_how_the_bytes_are_cut() {
    use proptest::prelude::*;
    let proxy = proxy();
    proptest!(|(lines in proptest::collection::vec(line(), 0..12), piece in 1usize..40)| {
        let bytes = lines.concat();
        prop_assert_eq!(answer(&proxy, bytes.as_bytes(), usize::MAX), answer(&proxy, bytes.as_bytes(), piece));
    });
}
