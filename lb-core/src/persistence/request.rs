//! The cookie of a request: which server it names, and how the request goes on without it.

use super::parse::{Item, items};
use super::{Dates, Found};
use crate::config::{CookieConfig, CookieMode};
use crate::http::message::Head;

/// What is known of a value.
pub(crate) enum Lookup<S> {
    /// No server has it.
    None,
    /// Those that have it are down.
    Down,
    /// This server has it, and takes the request.
    Server(S, Found),
    /// It does not matter: the server was chosen already, or persistence is ignored.
    Unused,
}

/// What the cookies of a request came to.
#[derive(Debug)]
pub(crate) struct Outcome<S> {
    pub(crate) found: Found,
    pub(crate) dates: Dates,
    pub(crate) server: Option<S>,
}

/// The values of the cookie in a head, in order.
fn values<'h>(head: &'h Head, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
    head.values("cookie").flat_map(move |text| {
        items(text).filter_map(move |item| {
            let own = text.get(item.name) == Some(name.as_bytes());
            text.get(item.value?).filter(|_| own)
        })
    })
}

/// Looks for the first cookie that leads to a server. `now` is in seconds since 1970.
pub(crate) fn find<S>(
    head: &Head,
    cookie: &CookieConfig,
    now: u64,
    mut lookup: impl FnMut(&[u8]) -> Lookup<S>,
) -> Outcome<S> {
    let mut outcome = Outcome { found: Found::None, dates: Dates::default(), server: None };
    for value in values(head, &cookie.name) {
        let (own, dates) = match cookie.mode {
            Some(CookieMode::Prefix) => (prefix(value).unwrap_or(value), Dates::default()),
            _ => Dates::split(value),
        };
        if let Err(why) = dates.judge(cookie, now) {
            (outcome.found, outcome.dates) = (why, Dates::default());
            continue;
        }
        match lookup(own) {
            Lookup::Server(server, found) => return Outcome { found, dates, server: Some(server) },
            Lookup::Unused => (outcome.found, outcome.dates) = (Found::Unused, dates),
            Lookup::Down => (outcome.found, outcome.dates) = (Found::Down, dates),
            Lookup::None if outcome.found == Found::None => (outcome.found, outcome.dates) = (Found::Invalid, dates),
            Lookup::None => {}
        }
    }
    outcome
}

/// What stands in front of the delimiter of `prefix`.
fn prefix(value: &[u8]) -> Option<&[u8]> {
    value.iter().position(|byte| *byte == b'~').and_then(|at| value.get(..at))
}

/// Makes a request what its server is to see: without the cookie in `insert indirect`, without its prefix in `prefix`.
/// As HAProxy does, blanks around `=` go whenever there is a persistence cookie.
pub(crate) fn forward(head: &mut Head, cookie: &CookieConfig) {
    let mut dropped = false;
    head.map_values("cookie", |text| {
        let text = rebuilt(text, cookie)?;
        dropped |= text.is_empty();
        Some(text)
    });
    if dropped {
        head.remove_if(|name, value| value.is_empty() && name.eq_ignore_ascii_case(b"cookie"));
    }
}

/// A field as it goes on; `None` as it is, empty where nothing is left of it.
fn rebuilt(text: &[u8], cookie: &CookieConfig) -> Option<Vec<u8>> {
    let delete = cookie.mode == Some(CookieMode::Insert) && cookie.indirect;
    let strip = cookie.mode == Some(CookieMode::Prefix);
    let name_of = |item: &Item| text.get(item.name.clone()).unwrap_or_default();
    let value_of = |item: &Item| item.value.clone().and_then(|value| text.get(value));
    let is_own = |item: &Item| item.value.is_some() && name_of(item) == cookie.name.as_bytes();
    let prefixed = |item: &Item| strip && is_own(item) && value_of(item).is_some_and(|value| value.contains(&b'~'));
    if !items(text).any(|item| item.is_loose() || (delete && is_own(&item)) || prefixed(&item)) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    // Whether something other than attributes of cookies is left; the end of the last item that is; whether the
    // cookie before was deleted, with its attributes (RFC 2965), and the delimiter behind that.
    let (mut kept, mut last_end, mut deleted, mut gone, mut delimiter) = (false, 0, false, false, b';');
    for item in items(text) {
        let attribute = name_of(&item).first() == Some(&b'$');
        if delete && (is_own(&item) || (deleted && attribute)) {
            while out.last().is_some_and(|byte: &u8| matches!(byte, b' ' | b'\t')) {
                out.pop();
            }
            delimiter = text.get(item.end).copied().unwrap_or(b';');
            (deleted, gone) = (true, true);
            continue;
        }
        match deleted {
            true if !out.is_empty() => out.extend_from_slice(&[delimiter, b' ']),
            true => {}
            false => out.extend_from_slice(text.get(last_end..item.whole.start).unwrap_or_default()),
        }
        (deleted, last_end) = (false, item.whole.end);
        kept |= !attribute && !item.whole.is_empty();
        match value_of(&item) {
            Some(value) if item.is_loose() || prefixed(&item) => {
                out.extend_from_slice(name_of(&item));
                out.push(b'=');
                let skip = if prefixed(&item) { prefix(value).map_or(0, |prefix| prefix.len() + 1) } else { 0 };
                out.extend_from_slice(value.get(skip..).unwrap_or_default());
            }
            _ => out.extend_from_slice(text.get(item.whole.clone()).unwrap_or_default()),
        }
    }
    if gone && !kept {
        out.clear();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookie(mode: CookieMode, indirect: bool) -> CookieConfig {
        CookieConfig { name: "X".to_owned(), mode: Some(mode), indirect, ..CookieConfig::default() }
    }

    fn forwarded(text: &str, config: &CookieConfig) -> String {
        let text = rebuilt(text.as_bytes(), config).unwrap_or_else(|| text.into());
        String::from_utf8_lossy(&text).into_owned()
    }

    /// What HAProxy 2.6.12 forwarded.
    #[test]
    fn cookies_are_taken_out() {
        let config = cookie(CookieMode::Insert, true);
        for (text, expected) in [
            ("X=A", ""),
            ("a=b; X=B; c=d", "a=b; c=d"),
            ("X=B; c=d", "c=d"),
            ("c=d; X=B", "c=d"),
            ("c=d;X=B;e=f", "c=d; e=f"),
            ("c=d ; X=B ; e=f", "c=d; e=f"),
            ("X=B;", ""),
            ("X=B; c=d; X=A", "c=d"),
            ("X=\"B\"; c=d", "c=d"),
            ("$Version=1; X=B; $Path=/; y=2", "$Version=1; y=2"),
            ("c=d; X=B; $Path=/; $Domain=z; y=2", "c=d; y=2"),
            ("c=d; X=B; $Path=/", "c=d"),
            ("c=d, X=B; e=f", "c=d; e=f"),
            ("a=b; X=B, c", "a=b, c"),
            ("c=\"a;b\"; X=B", "c=\"a;b\""),
            ("X; c=d", "X; c=d"),
            ("X=; c=d", "c=d"),
            (";X=A;c", "c"),
            ("X=A   ;  c=d", "c=d"),
            ("xX=A; c=d", "xX=A; c=d"),
            ("X =A; b=c", "b=c"),
            ("a; X=A; b", "a; b"),
            ("a b=c; X=B", "a b=c"),
            ("X=B C; d", "d"),
            ("X=B;;c=d", ";c=d"),
            ("X=B;; ;c=d", "; ;c=d"),
            ("c=d;;X=B", "c=d;"),
            ("c=d;, ;X=B;", "c=d;,; "),
            ("a\"b;X=B\"=c; X=A", "a\"b"),
            ("a=\"b\\\";X=B\"; X=A; z", "a=\"b\\\";X=B\"; z"),
            ("a=\"b; X=B", "a=\"b; X=B"),
            ("X=\"; c=d", ""),
            ("=X; X=B", "=X"),
            ("= ; X=B; c", "=; c"),
            ("$X=B; X=A; $a=b; $c; d", "$X=B; d"),
            ("$X; X=B; $Path", ""),
            ("X=B; $Path=\"/;x\"; d", "d"),
            ("c; $a; X=B", "c; $a"),
            ("X=B; $a, e", "e"),
            ("X=B\t;c", "c"),
            ("a=b c; X=B; d e=f", "a=b c; d e=f"),
            ("X=B , c", "c"),
        ] {
            assert_eq!(forwarded(text, &config), expected, "{text}");
        }
        let config = cookie(CookieMode::Insert, false);
        for (text, expected) in
            [("a = b; X = B; c = d", "a=b; X=B; c=d"), ("a = \"b\" ; X=B", "a=\"b\" ; X=B"), ("X=B;;", "X=B;;")]
        {
            assert_eq!(forwarded(text, &config), expected, "{text}");
        }
        let config = cookie(CookieMode::Prefix, false);
        for (text, expected) in [
            ("X = A~foo ; b = c", "X=foo ; b=c"),
            ("X=A~\"foo\"", "X=\"foo\""),
            ("X=\"A\"~foo", "X=foo"),
            ("X=A~b~c", "X=b~c"),
            ("X=A~b; X=Z~c; X=d", "X=b; X=c; X=d"),
            ("X=A~ b", "X= b"),
            ("X=~", "X="),
            ("x=A~b; X=B~", "x=A~b; X="),
            ("c=d; X=\"B~foo\"; e=f", "c=d; X=foo\"; e=f"),
        ] {
            assert_eq!(forwarded(text, &config), expected, "{text}");
        }
    }

    #[test]
    fn the_first_cookie_that_leads_somewhere_counts() {
        for (text, found, server) in [
            ("", Found::None, None),
            ("Y=A", Found::None, None),
            ("X", Found::None, None),
            ("X=", Found::Invalid, None),
            ("X=A", Found::Valid, Some(b'A')),
            ("X=Z; X=B", Found::Valid, Some(b'B')),
            ("X=B; X=Z", Found::Valid, Some(b'B')),
            ("X=D; X=B", Found::Valid, Some(b'B')),
            ("X=D; X=Z", Found::Down, None),
            ("X=Z; X=D", Found::Down, None),
            ("X=\"A\"", Found::Invalid, None),
            ("X=A|abc", Found::Valid, Some(b'A')),
        ] {
            let mut head = Head::request(b"GET", b"/", crate::http::message::Version::Http11);
            head.add(b"cookie", text.as_bytes());
            let outcome = find(&head, &cookie(CookieMode::Insert, false), 0, |value| match value {
                b"A" | b"B" => Lookup::Server(value.first().copied().unwrap_or_default(), Found::Valid),
                b"D" => Lookup::Down,
                _ => Lookup::None,
            });
            assert_eq!((outcome.found, outcome.server), (found, server), "{text}");
            let unused = find(&head, &cookie(CookieMode::Insert, false), 0, |_| Lookup::<u8>::Unused);
            let expected = if found == Found::None { Found::None } else { Found::Unused };
            assert_eq!((unused.found, unused.server), (expected, None), "{text}");
        }
    }
}
