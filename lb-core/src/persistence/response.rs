//! The cookie of a response: that of the server rewritten, deleted or left, and ours added.

use super::parse::item;
use super::{Dates, Done};
use crate::config::{CookieConfig, CookieMode};
use crate::http::message::Head;

/// What becomes of a cookie that the server sets.
#[derive(Clone, Copy)]
enum Change<'a> {
    Leave,
    Delete,
    Replace(&'a str),
    Prefix(&'a str),
}

impl Change<'_> {
    fn done(self) -> Done {
        match self {
            Self::Leave => Done::Provided,
            Self::Delete => Done::Deleted,
            Self::Replace(_) | Self::Prefix(_) => Done::Rewritten,
        }
    }
}

/// Does to the cookies of a server what `cookie` says. `own` is what its line says; `direct` that the request was sent
/// to it by its cookie or by a rule.
pub(crate) fn edit(head: &mut Head, cookie: &CookieConfig, own: Option<&str>, direct: bool) -> Done {
    let change = match (cookie.mode, own) {
        (None, _) if !cookie.indirect => return Done::None,
        _ if cookie.preserve => Change::Leave,
        (Some(CookieMode::Insert), _) => Change::Delete,
        _ if cookie.indirect && direct => Change::Delete,
        (Some(CookieMode::Rewrite), Some(own)) => Change::Replace(own),
        (Some(CookieMode::Prefix), Some(own)) => Change::Prefix(own),
        _ => Change::Leave,
    };
    let mut done = Done::None;
    let mut dropped = false;
    for (field, several) in [("set-cookie", false), ("set-cookie2", true)] {
        head.map_values(field, |text| {
            let edited = edited(text, several, cookie.name.as_bytes(), change, &mut done)?;
            dropped |= edited.is_empty();
            Some(edited)
        });
    }
    if dropped {
        head.remove_if(|name, value| {
            value.is_empty() && (name.eq_ignore_ascii_case(b"set-cookie") || name.eq_ignore_ascii_case(b"set-cookie2"))
        });
    }
    done
}

/// A field as the client gets it; `None` as it is, empty where nothing is left of it. Only `Set-Cookie2` may hold
/// several cookies.
fn edited(text: &[u8], several: bool, name: &[u8], change: Change<'_>, done: &mut Done) -> Option<Vec<u8>> {
    let (mut out, mut changed, mut from) = (Vec::new(), false, 0);
    loop {
        let first = item(text, from);
        let mut end = first.end;
        while several && text.get(end) == Some(&b';') {
            end = item(text, end + 1).end;
        }
        if !several {
            end = text.len();
        }
        let value = first.value.clone().filter(|_| text.get(first.name.clone()) == Some(name));
        if value.is_some() {
            *done = change.done();
        }
        let deleted = value.is_some() && matches!(change, Change::Delete);
        let replaced = match (value, change) {
            (Some(value), Change::Replace(own)) => Some((value.end, own, "")),
            (Some(value), Change::Prefix(own)) => Some((value.start, own, "~")),
            _ => None,
        };
        if !deleted {
            if from > 0 && !out.is_empty() {
                out.push(b',');
            }
            let start = if out.is_empty() { first.whole.start } else { from };
            out.extend_from_slice(text.get(start..first.name.end).unwrap_or_default());
            let value = first.value.clone().unwrap_or(first.name.end..first.name.end);
            if first.value.is_some() {
                out.push(b'=');
            }
            match replaced {
                Some((rest, own, delimiter)) => {
                    out.extend_from_slice(own.as_bytes());
                    out.extend_from_slice(delimiter.as_bytes());
                    out.extend_from_slice(text.get(rest..end).unwrap_or_default());
                }
                None => out.extend_from_slice(text.get(value.start..end).unwrap_or_default()),
            }
        }
        changed |= deleted || replaced.is_some() || first.is_loose();
        if !several || end >= text.len() {
            return changed.then_some(out);
        }
        from = end + 1;
    }
}

/// Adds the cookie. A server without one takes back what the client may have.
pub(crate) fn insert(head: &mut Head, cookie: &CookieConfig, own: Option<&str>, dates: Dates, now: u64) {
    let mut value = Vec::with_capacity(64);
    value.extend_from_slice(cookie.name.as_bytes());
    value.push(b'=');
    match own {
        Some(own) => {
            value.extend_from_slice(own.as_bytes());
            dates.write(cookie, now, &mut value);
        }
        None => value.extend_from_slice(b"; Expires=Thu, 01-Jan-1970 00:00:01 GMT"),
    }
    value.extend_from_slice(cookie.attributes.as_bytes());
    head.add(b"set-cookie", &value);
}

/// `nocache`: marks a response that a cache might keep. `status` is what the server said, whatever rules made of it.
pub(crate) fn mark_private(head: &mut Head, status: u16, method: &[u8]) {
    if is_cacheable(head, status, method) {
        head.add(b"cache-control", b"private");
    }
}

/// Whether a cache might keep a response, as HAProxy 2.6.12 judges it: by its status, by what it says against it, and
/// only where it says how long it is fresh or has something to validate it with.
fn is_cacheable(head: &Head, status: u16, method: &[u8]) -> bool {
    if !matches!(method, b"GET" | b"HEAD") {
        return false;
    }
    if !matches!(status, 200 | 203 | 204 | 206 | 300 | 301 | 404 | 405 | 410 | 414 | 501) {
        return false;
    }
    let mut lasts = false;
    for (name, value) in head.fields() {
        if ["etag", "last-modified", "expires"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes())) {
            lasts = true;
        } else if name.eq_ignore_ascii_case(b"pragma") {
            if value.eq_ignore_ascii_case(b"no-cache") {
                return false;
            }
        } else if name.eq_ignore_ascii_case(b"cache-control") {
            for directive in value.split(|byte| *byte == b',') {
                let directive = directive.trim_ascii();
                let is = |known: &str| directive.eq_ignore_ascii_case(known.as_bytes());
                if ["no-cache", "no-store", "private", "max-age=0", "s-maxage=0"].into_iter().any(is) {
                    return false;
                }
                let begins = |known: &str| {
                    directive.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known.as_bytes()))
                };
                lasts |= begins("max-age=") || begins("s-maxage=");
            }
        }
    }
    lasts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Version;

    fn change(text: &str, several: bool, change: Change<'_>) -> (String, Done) {
        let mut done = Done::None;
        let out = edited(text.as_bytes(), several, b"X", change, &mut done).unwrap_or_else(|| text.into());
        (String::from_utf8_lossy(&out).into_owned(), done)
    }

    /// What HAProxy 2.6.12 sent on.
    #[test]
    fn cookies_of_servers_are_rewritten() {
        for (text, expected, done) in [
            ("X=a; path=/; X=b", "X=A; path=/; X=b", Done::Rewritten),
            ("Y=1; X=2", "Y=1; X=2", Done::None),
            ("X=\"a;b\" ; path=/", "X=A ; path=/", Done::Rewritten),
            ("X  =  a b  ; q", "X=A  ; q", Done::Rewritten),
            ("X=a,b", "X=A,b", Done::Rewritten),
            ("Y = 1 ; p", "Y=1 ; p", Done::None),
            (";X=a", ";X=a", Done::None),
            ("xX=a", "xX=a", Done::None),
            ("X", "X", Done::None),
            ("X=", "X=A", Done::Rewritten),
            ("$X=1; X=2", "$X=1; X=2", Done::None),
        ] {
            assert_eq!(change(text, false, Change::Replace("A")), (expected.to_owned(), done), "{text}");
        }
        let rewritten = ("Y=1, X=B; p=/, Z=3".to_owned(), Done::Rewritten);
        assert_eq!(change("Y=1, X=2; p=/, Z=3", true, Change::Replace("B")), rewritten);
        for (text, expected) in
            [("X=orig", "X=B~orig"), ("X=\"o\"; p", "X=B~\"o\"; p"), ("X=", "X=B~"), ("X = o", "X=B~o")]
        {
            assert_eq!(change(text, false, Change::Prefix("B")), (expected.to_owned(), Done::Rewritten), "{text}");
        }
    }

    /// HAProxy 2.6.12 leaves pieces of what it deletes from the middle of `Set-Cookie2`.
    #[test]
    fn cookies_of_servers_are_deleted() {
        for (text, several, expected, done) in [
            ("X=1, Y=2; p=3", false, "", Done::Deleted),
            ("Y=2; p=3, X=1", false, "Y=2; p=3, X=1", Done::None),
            ("Y=1, X=2; p=/, Z=3", true, "Y=1, Z=3", Done::Deleted),
            ("X=2, Y=1", true, "Y=1", Done::Deleted),
            ("Y=1, X=2", true, "Y=1", Done::Deleted),
            ("X=2; p=/", true, "", Done::Deleted),
            ("Y=1,X=\"2;, 3\"; p=/,Z=3", true, "Y=1,Z=3", Done::Deleted),
        ] {
            assert_eq!(change(text, several, Change::Delete), (expected.to_owned(), done), "{text}");
        }
    }

    #[test]
    fn cacheable_responses_are_told() {
        for (status, fields, expected) in [
            (200, "", false),
            (200, "Cache-Control: max-age=3", true),
            (200, "Cache-Control: max-age=0", false),
            (200, "Cache-Control: public", false),
            (200, "Cache-Control: s-maxage=4", true),
            (200, "Expires: 0", true),
            (200, "ETag: x", true),
            (200, "Vary: *", false),
            (200, "Cache-Control: NO-CACHE\nETag: x", false),
            (200, "Cache-Control: public, private\nETag: x", false),
            (200, "Cache-Control: private=\"x\"\nETag: x", true),
            (200, "Cache-Control: no-cache=\"set-cookie\"\nETag: x", true),
            (200, "Cache-Control: max-age=0, s-maxage=5", false),
            (200, "Cache-Control: max-age=9\nPragma: no-cache", false),
            (404, "Cache-Control: max-age=9", true),
            (500, "Cache-Control: max-age=9", false),
            (302, "Cache-Control: max-age=9", false),
        ] {
            let mut head = Head::response(status, b"", Version::Http11);
            for (name, value) in fields.lines().filter_map(|line| line.split_once(": ")) {
                head.add(name.as_bytes(), value.as_bytes());
            }
            assert_eq!(is_cacheable(&head, status, b"GET"), expected, "{status} {fields}");
            assert!(!is_cacheable(&head, status, b"POST"));
        }
    }
}
