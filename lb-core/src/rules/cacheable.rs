//! Stage 6: whether caches between here and the client may store a response, cookies included (configuration.txt,
//! `option checkcache`). Judges heads; the stream does what follows from it.

use crate::http::message::Head;

/// Statuses whose responses caches store unless these say otherwise.
const STORED: [u16; 11] = [200, 203, 204, 206, 300, 301, 404, 405, 410, 414, 501];

/// Whether a response sets a cookie.
pub fn sets_cookie(response: &Head) -> bool {
    response.value("set-cookie").or_else(|| response.value("set-cookie2")).is_some()
}

/// Whether a cache may store a response to this method, which had `status` when the server sent it.
///
/// It may where method and status are usual, or the response is `public`, and something says how long it is good for
/// or how to ask for it again: `max-age`, `s-maxage`, `Expires`, `ETag` or `Last-Modified`. `private`, `no-store`,
/// `no-cache`, `no-cache="set-cookie` and a maximum age of 0 forbid it; what comes last counts. `Pragma: no-cache`
/// forbids it whatever else there is.
pub fn is_stored(method: &[u8], status: u16, response: &Head) -> bool {
    if response.value("pragma").is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"no-cache")) {
        return false;
    }
    let mut stored = matches!(method, b"GET" | b"HEAD" | b"OPTIONS" | b"TRACE") && STORED.contains(&status);
    let mut kept = ["expires", "etag", "last-modified"].iter().any(|name| response.value(name).is_some());
    for directive in response.values("cache-control").flat_map(directives) {
        let is = |names: &[&[u8]]| names.iter().any(|name| directive.eq_ignore_ascii_case(name));
        if is(&[b"public"]) {
            stored = true;
        } else if is(&[b"private", b"no-store", b"no-cache", b"max-age=0", b"s-maxage=0"])
            || begins(directive, b"no-cache=\"set-cookie")
        {
            stored = false;
        } else if begins(directive, b"max-age") || begins(directive, b"s-maxage") {
            kept = true;
        }
    }
    stored && kept
}

fn begins(directive: &[u8], with: &[u8]) -> bool {
    directive.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// The members of a list; commas within quotes separate nothing (RFC 9110, section 5.6.1).
fn directives(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let separates = move |byte: &u8| {
        let was_escaped = std::mem::take(&mut escaped);
        match byte {
            b'\\' if quoted => escaped = !was_escaped,
            b'"' if !was_escaped => quoted = !quoted,
            _ => {}
        }
        *byte == b',' && !quoted
    };
    value.split(separates).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(method: &str, status: u16, fields: &[(&str, &str)]) -> bool {
        let mut head = Head::default();
        for (name, value) in fields {
            head.add(name.as_bytes(), value.as_bytes());
        }
        is_stored(method.as_bytes(), status, &head)
    }

    #[test]
    fn a_usual_response_is_stored_where_it_says_how_long() {
        for field in [
            ("Cache-Control", "max-age=10"),
            ("Cache-Control", "S-MaxAge=10"),
            ("Expires", "0"),
            ("ETag", "x"),
            ("Last-Modified", "x"),
        ] {
            assert!(stored("GET", 200, &[field]), "{field:?}");
            assert!(!stored("POST", 200, &[field]), "{field:?}");
            assert!(!stored("GET", 302, &[field]), "{field:?}");
        }
        assert!(!stored("GET", 200, &[]));
        assert!(!stored("GET", 200, &[("Cache-Control", "immutable")]));
    }

    #[test]
    fn what_comes_last_counts() {
        for (value, any, usual) in [
            ("public", true, true),
            ("PUBLIC", true, true),
            ("public, private", false, false),
            ("private, public", true, true),
            ("no-store", false, false),
            ("no-cache", false, false),
            ("max-age=0", false, false),
            ("s-maxage=0 ", false, false),
            ("max-age=00", false, true),
            ("max-age=10, max-age=0", false, false),
            ("no-cache=\"Set-Cookie\"", false, false),
            ("no-cache=\"set-cookie, foo\"", false, false),
            ("no-cache=\"foo, set-cookie\"", false, true),
            ("no-cache=set-cookie", false, true),
            ("private=\"x\"", false, true),
            ("a=\"b, private, c\"", false, true),
            ("a=\"b\\\", public, c\"", false, true),
            ("a=\"b\\\\\", public", true, true),
            ("publicx", false, true),
        ] {
            let fields = [("Cache-Control", value), ("ETag", "x")];
            assert_eq!((stored("POST", 302, &fields), stored("GET", 200, &fields)), (any, usual), "{value}");
        }
        assert!(!stored("GET", 200, &[("Cache-Control", "public"), ("Cache-Control", "private"), ("ETag", "x")]));
    }

    #[test]
    fn pragma_forbids_it() {
        for (value, expected) in [("No-Cache ", false), ("foo, no-cache", true), ("no-cachex", true)] {
            let fields = [("Pragma", value), ("Cache-Control", "public, max-age=10")];
            assert_eq!(stored("GET", 200, &fields), expected, "{value}");
        }
    }
}
