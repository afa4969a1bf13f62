//! `redirect` rules: location, prefix and scheme (configuration.txt, `redirect`).

use crate::config::model::{Redirect, RedirectKind};
use crate::http::message::{Head, Version};
use crate::log::LogFormat;

/// Builds the answer of a `redirect` rule to `request`, which has no body; `None` where `ignore-empty` skips the rule.
/// Connection headers are the encoder's. The encoder also closes the connection after a request whose body was not
/// read.
/// `render` makes the text of a format.
pub fn build_redirect(
    redirect: &Redirect,
    request: &Head,
    render: &mut dyn FnMut(&LogFormat) -> Vec<u8>,
) -> Option<Head> {
    let mut location = Vec::with_capacity(request.target().len() + 64);
    match &redirect.kind {
        RedirectKind::Location(value) => {
            location = render(value);
            if location.is_empty() && redirect.ignore_empty {
                return None;
            }
        }
        RedirectKind::Prefix(prefix) => {
            // A lone slash keeps the location: nothing goes before a path that has one already. One that a format
            // comes to is a prefix as any other.
            if prefix.constant_text() != Some(b"/") {
                location.extend_from_slice(&render(prefix));
            }
            push_path(&mut location, redirect, request);
        }
        RedirectKind::Scheme(scheme) => {
            location.extend_from_slice(&render(scheme));
            location.extend_from_slice(b"://");
            location.extend_from_slice(request.value("host").unwrap_or_default());
            push_path(&mut location, redirect, request);
        }
    }
    Some(answer(redirect, &location))
}

fn answer(redirect: &Redirect, location: &[u8]) -> Head {
    let reason = match redirect.code {
        301 => "Moved Permanently",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        _ => "Found",
    };
    let mut head = Head::response(redirect.code, reason.as_bytes(), Version::Http11);
    head.add(b"content-length", b"0");
    head.add(b"location", location);
    // A permanent redirect may be kept by caches; the others may not.
    if !matches!(redirect.code, 301 | 308) {
        head.add(b"cache-control", b"no-cache");
    }
    if let Some(cookie) = &redirect.set_cookie {
        head.add(b"set-cookie", cookie.as_bytes());
    }
    head
}

/// Appends the request's path, with its query unless it is dropped.
fn push_path(location: &mut Vec<u8>, redirect: &Redirect, request: &Head) {
    let path = path_and_query(request.target());
    let path = match path.iter().position(|&byte| byte == b'?') {
        Some(query) if redirect.drop_query => path.get(..query).unwrap_or_default(),
        _ => path,
    };
    location.extend_from_slice(path);
    if redirect.append_slash && !path.ends_with(b"/") {
        location.push(b'/');
    }
}

/// The path and query of a request target; `/` for `*`, for an authority, and for a URI without a path.
pub(crate) fn path_and_query(target: &[u8]) -> &[u8] {
    if target.starts_with(b"/") {
        return target;
    }
    let Some(scheme_end) = target.windows(3).position(|window| window == b"://") else { return b"/" };
    let rest = target.get(scheme_end + 3..).unwrap_or_default();
    match rest.iter().position(|&byte| matches!(byte, b'/' | b'?')) {
        Some(at) if rest.get(at) == Some(&b'/') => rest.get(at..).unwrap_or_default(),
        _ => b"/",
    }
}

/// The complete `Set-Cookie` value of `set-cookie NAME[=value]`.
pub fn set_cookie(cookie: &str) -> String {
    format!("{cookie}; path=/;")
}

/// The complete `Set-Cookie` value of `clear-cookie NAME[=]`.
pub fn clear_cookie(cookie: &str) -> String {
    format!("{cookie}; path=/; Max-Age=0;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn constant(format: &LogFormat) -> Vec<u8> {
        format.constant_text().unwrap_or_default().to_vec()
    }

    fn location(kind: RedirectKind, options: &str, target: &str, host: Option<&str>) -> String {
        let redirect = Redirect {
            kind,
            code: 302,
            drop_query: options.contains("drop-query"),
            append_slash: options.contains("append-slash"),
            ignore_empty: options.contains("ignore-empty"),
            set_cookie: None,
        };
        let mut request = Head::request(b"GET", target.as_bytes(), Version::Http11);
        if let Some(host) = host {
            request.add(b"Host", host.as_bytes());
        }
        match build_redirect(&redirect, &request, &mut constant) {
            Some(head) => String::from_utf8_lossy(head.value("location").unwrap()).into_owned(),
            None => "skipped".into(),
        }
    }

    /// Locations as HAProxy 2.6.12 made them.
    #[test]
    fn locations_are_haproxys() {
        let prefix = |text: &str| RedirectKind::Prefix(LogFormat::constant(text));
        let scheme = || RedirectKind::Scheme(LogFormat::constant("https"));
        let fixed = |text: &str| RedirectKind::Location(LogFormat::constant(text));
        for (kind, options, target, host, expected) in [
            (fixed("/loc"), "drop-query append-slash", "/rl9?a", Some("h"), "/loc"),
            (fixed(""), "", "/", Some("h"), ""),
            (fixed(""), "ignore-empty", "/", Some("h"), "skipped"),
            (prefix("http://h2"), "", "/rp1", Some("h"), "http://h2/rp1"),
            (prefix("http://h2"), "", "/rp1?a=b", Some("h"), "http://h2/rp1?a=b"),
            (prefix("http://h2"), "drop-query", "/rp2?a=b", Some("h"), "http://h2/rp2"),
            (prefix("http://h2"), "drop-query append-slash", "/rp3?a=b", Some("h"), "http://h2/rp3/"),
            (prefix("http://h2"), "drop-query append-slash", "/rp3/?a=b", Some("h"), "http://h2/rp3/"),
            (prefix("http://h2"), "append-slash", "/rp4?a=b", Some("h"), "http://h2/rp4?a=b/"),
            (prefix("http://h2"), "append-slash", "/rp4/", Some("h"), "http://h2/rp4/"),
            (prefix("/"), "", "/rp5?x=y", Some("h"), "/rp5?x=y"),
            (prefix("/p/"), "", "/rp6?x=y", Some("h"), "/p//rp6?x=y"),
            (prefix("http://h2"), "", "http://ab/rp1?x", Some("ab"), "http://h2/rp1?x"),
            (scheme(), "", "/rs1?a=b", Some("h:80"), "https://h:80/rs1?a=b"),
            (scheme(), "drop-query", "/rs2?a=b", Some("h:80"), "https://h:80/rs2"),
            (scheme(), "drop-query append-slash", "/rs3?a=b", Some("h:80"), "https://h:80/rs3/"),
            (scheme(), "", "*", Some("h:80"), "https://h:80/"),
            (scheme(), "", "http://ab/rs1?x", Some("ab"), "https://ab/rs1?x"),
            (scheme(), "", "/rs1", None, "https:///rs1"),
        ] {
            assert_eq!(location(kind.clone(), options, target, host), expected, "{kind:?} {options} {target}");
        }
    }

    #[test]
    fn the_answer_is_haproxys() {
        let request = Head::request(b"GET", b"/", Version::Http11);
        for (code, cookie, expected) in [
            (301, None, "301 Moved Permanently|content-length: 0|location: /loc|"),
            (302, None, "302 Found|content-length: 0|location: /loc|cache-control: no-cache|"),
            (303, None, "303 See Other|content-length: 0|location: /loc|cache-control: no-cache|"),
            (307, None, "307 Temporary Redirect|content-length: 0|location: /loc|cache-control: no-cache|"),
            (308, None, "308 Permanent Redirect|content-length: 0|location: /loc|"),
            (
                302,
                Some(set_cookie("SEEN=1")),
                "302 Found|content-length: 0|location: /loc|cache-control: no-cache|set-cookie: SEEN=1; path=/;|",
            ),
            (
                302,
                Some(clear_cookie("SEEN=")),
                "302 Found|content-length: 0|location: /loc|cache-control: no-cache|set-cookie: SEEN=; path=/; \
                 Max-Age=0;|",
            ),
        ] {
            let redirect = Redirect {
                kind: RedirectKind::Location(LogFormat::constant("/loc")),
                code,
                drop_query: false,
                append_slash: false,
                ignore_empty: false,
                set_cookie: cookie,
            };
            let head = build_redirect(&redirect, &request, &mut constant).unwrap();
            let mut text = format!("{} {}|", head.status(), String::from_utf8_lossy(head.reason()));
            for (name, value) in head.fields() {
                text += &format!("{}: {}|", String::from_utf8_lossy(name), String::from_utf8_lossy(value));
            }
            assert_eq!(text, expected);
        }
    }
}
