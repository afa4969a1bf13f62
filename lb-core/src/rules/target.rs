//! Actions on the request line (configuration.txt, `http-request set-uri` and its likes, `normalize-uri`).

use crate::config::{TargetPart, UriNormalizer};
use crate::http::message::Head;
use crate::http::uri::{self, Authority, Target};
use crate::regex::Regex;

use super::headers::{OpenEscape, replaced};

/// A target cut into parts.
struct Parts<'a> {
    /// Scheme and authority; empty where there is no path.
    before: &'a [u8],
    /// `None` where a target has none: `*`, an authority, and what does not begin with a slash.
    path: Option<&'a [u8]>,
    /// What is before the query.
    front: &'a [u8],
    /// The query with its `?`.
    query: &'a [u8],
}

fn split(target: &[u8]) -> Parts<'_> {
    let mark = memchr::memchr(b'?', target).unwrap_or(target.len());
    let (front, query) = target.split_at(mark);
    let slash = match uri::split_scheme(front) {
        _ if front.starts_with(b"/") => Some(0),
        Some((_, rest)) => memchr::memchr(b'/', rest).map(|at| front.len() - rest.len() + at),
        None => None,
    };
    let (before, path) = match slash {
        Some(at) => (front.get(..at).unwrap_or_default(), front.get(at..)),
        None => (&b""[..], None),
    };
    Parts { before, path, front, query }
}

/// Whether the bytes may stand in a request line: no blanks, no control characters.
fn is_clean(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| *byte > b' ' && *byte != 127)
}

/// Sets a part of the request line. Says whether that gave a request line: one with blanks or control characters would
/// be another for whoever reads it.
pub fn set(request: &mut Head, part: TargetPart, text: &[u8]) -> bool {
    let target = request.target().to_vec();
    let Parts { before, front, query, .. } = split(&target);
    match part {
        TargetPart::Method => {
            if !text.iter().all(|byte| uri::is_token_byte(*byte)) || text.is_empty() {
                return false;
            }
            request.set_method(text);
            return true;
        }
        TargetPart::Uri => {
            let authority = uri::split_target(text).authority;
            if !is_clean(text) || authority.as_ref().is_some_and(|authority| authority.is_empty()) {
                return false;
            }
            request.set_target(text);
            // What the request is for is said in two places, which must not disagree (RFC 9112, section 3.2.2).
            if let Some(authority) = authority
                && request.value("host").is_some()
            {
                request.replace_value("host", text.get(authority).unwrap_or_default());
            }
        }
        TargetPart::Path => {
            // A URI may end with its authority.
            if !(is_clean(text) || text.is_empty() && !before.is_empty()) {
                return false;
            }
            request.set_target_of(&[before, text, query]);
        }
        TargetPart::PathQuery => {
            if !(is_clean(text) || text.is_empty() && !before.is_empty()) {
                return false;
            }
            request.set_target_of(&[before, text]);
        }
        TargetPart::Query => {
            if !text.is_empty() && !is_clean(text) {
                return false;
            }
            if !(text.is_empty() && query.is_empty()) {
                request.set_target_of(&[front, b"?", text]);
            }
        }
    }
    true
}

/// `replace-uri`, `replace-path`, `replace-pathq`: the part becomes `by` where the expression matches it.
pub fn replace(request: &mut Head, part: TargetPart, regex: &Regex, by: &[u8]) -> bool {
    let target = request.target().to_vec();
    let Parts { before, path, .. } = split(&target);
    let value = match (part, path) {
        (TargetPart::Path | TargetPart::PathQuery, None) => return true,
        (TargetPart::Path, Some(path)) => path,
        (TargetPart::PathQuery, _) => target.get(before.len()..).unwrap_or_default(),
        _ => &target,
    };
    match replaced(regex, value, by) {
        Ok(Some(new)) => set(request, part, &new),
        Ok(None) => true,
        Err(OpenEscape) => false,
    }
}

/// The target in absolute form names the authority that a rule has put into Host: servers look at the target first
/// (RFC 9112, section 3.2.2).
pub fn follow_host(request: &mut Head) {
    let Ok(Target::Absolute { scheme, path_and_query, .. }) = Target::parse(request.method(), request.target()) else {
        return;
    };
    let host = request.value("host").filter(|host| Authority::parse(host).is_some_and(|it| !it.host.is_empty()));
    if let Some(host) = host {
        let target = [scheme, b"://", host, path_and_query].concat();
        request.set_target(&target);
    }
}

/// `normalize-uri`. Says whether the target could be normalized.
pub fn normalize(request: &mut Head, normalizer: UriNormalizer, strict: bool, full: bool) -> bool {
    let target = request.target().to_vec();
    let Parts { before, path, query, .. } = split(&target);
    let of_path = !matches!(normalizer, UriNormalizer::FragmentEncode | UriNormalizer::FragmentStrip);
    let path = path.unwrap_or_default();
    if of_path && path.is_empty() {
        return true;
    }
    let new_path = |new: Vec<u8>, request: &mut Head| request.set_target_of(&[before, &new, query]);
    match normalizer {
        UriNormalizer::FragmentEncode => {
            let encoded: Vec<u8> =
                target.iter().flat_map(|byte| if *byte == b'#' { b"%23".to_vec() } else { vec![*byte] }).collect();
            request.set_target(&encoded);
        }
        UriNormalizer::FragmentStrip => {
            let kept = target.split(|byte| *byte == b'#').next().unwrap_or_default();
            request.set_target(kept);
        }
        UriNormalizer::PathMergeSlashes => new_path(merge_slashes(path), request),
        UriNormalizer::PathStripDot => new_path(strip_dot(path), request),
        UriNormalizer::PathStripDotdot => new_path(strip_dotdot(path, full), request),
        UriNormalizer::PercentDecodeUnreserved | UriNormalizer::PercentToUppercase => {
            let decode = normalizer == UriNormalizer::PercentDecodeUnreserved;
            let rest = target.get(before.len()..).unwrap_or_default();
            let Some(new) = percent(rest, decode, strict) else { return false };
            request.set_target_of(&[before, &new]);
        }
        UriNormalizer::QuerySortByName => {
            let all = query.get(1..).unwrap_or_default();
            // Nothing is behind the last separator.
            let all = all.strip_suffix(b"&").unwrap_or(all);
            let mut parts: Vec<&[u8]> = all.split(|byte| *byte == b'&').collect();
            parts.sort_by_key(|part| part.split(|byte| *byte == b'=').next().unwrap_or_default());
            let mark: &[u8] = if query.is_empty() { b"" } else { b"?" };
            request.set_target_of(&[before, path, mark, &parts.join(&b'&')]);
        }
    }
    true
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for byte in path {
        if *byte != b'/' || out.last() != Some(&b'/') {
            out.push(*byte);
        }
    }
    out
}

/// Removes segments that are `.`.
fn strip_dot(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last_is_dot = segments.len() > 1 && segments.last() == Some(&&b"."[..]);
    segments.retain(|segment| *segment != b".");
    let mut out = segments.join(&b'/');
    if last_is_dot {
        out.push(b'/');
    }
    out
}

/// Removes `segment/..`. What would go above the root stays, unless `full`.
fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut slash_at_end = false;
    let absolute = path.starts_with(b"/");
    for segment in path.split(|byte| *byte == b'/').skip(usize::from(absolute)) {
        slash_at_end = false;
        match segment {
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
                slash_at_end = true;
            }
            b".." if full => slash_at_end = true,
            b".." => {
                kept.push(segment);
                slash_at_end = true;
            }
            segment => kept.push(segment),
        }
    }
    let mut out = if absolute { b"/".to_vec() } else { Vec::new() };
    out.extend_from_slice(&kept.join(&b'/'));
    if slash_at_end && !out.ends_with(b"/") {
        out.push(b'/');
    }
    out
}

/// Walks over percent encodings: makes them upper case, and with `decode` those of unreserved characters these.
fn percent(text: &[u8], decode: bool, strict: bool) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let digits = tail.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let Some(digits) = digits else {
            if strict {
                return None;
            }
            out.push(byte);
            continue;
        };
        let value = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) if decode => {
                if value.is_ascii_alphanumeric() || matches!(value, b'-' | b'.' | b'_' | b'~') {
                    out.push(value);
                } else {
                    out.push(b'%');
                    out.extend_from_slice(digits);
                }
            }
            _ => {
                out.push(b'%');
                out.extend(digits.iter().map(u8::to_ascii_uppercase));
            }
        }
        rest = tail.get(2..).unwrap_or_default();
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::message::Version;

    /// As HAProxy 2.6.12 does, besides what would be no request line.
    #[test]
    fn parts_are_set_in_every_form() {
        use TargetPart::{Path, PathQuery, Query, Uri};
        for (target, part, text, wanted) in [
            ("/a?b", Path, "/n", "/n?b"),
            ("http://h/a?b", Path, "/n", "http://h/n?b"),
            ("http://h/a?b", Path, "", "http://h?b"),
            ("http://h", Path, "/n", "/n"),
            ("*", Path, "/n", "/n"),
            ("h:80", Path, "/n", "/n"),
            ("n?b", Path, "/n", "/n?b"),
            ("http://h/a?b", PathQuery, "/n", "http://h/n"),
            ("n?b", PathQuery, "/n?c", "/n?c"),
            ("*", Query, "q", "*?q"),
            ("*?q", Query, "r", "*?r"),
            ("/a?u=http://h/", Query, "", "/a?"),
            ("/a", Query, "", "/a"),
            ("n?u=http://h/", Query, "q", "n?q"),
            ("/a", Uri, "h:80/p?q", "h:80/p?q"),
        ] {
            let mut head = Head::request(b"GET", target.as_bytes(), Version::Http11);
            assert!(set(&mut head, part, text.as_bytes()), "{target} {text}");
            assert_eq!(String::from_utf8_lossy(head.target()), wanted, "{target} {text}");
        }
        for (target, part, text) in
            [("/a", Path, ""), ("*", PathQuery, ""), ("/a", Uri, "http://"), ("/a", Path, "a b")]
        {
            let mut head = Head::request(b"GET", target.as_bytes(), Version::Http11);
            assert!(!set(&mut head, part, text.as_bytes()), "{target} {text}");
            assert_eq!(String::from_utf8_lossy(head.target()), target);
        }
    }
}
