//! Words about versions and ciphers of TLS, which `bind`, `server` and the `global` section share (configuration.txt,
//! sections 3.1, 5.1 and 5.2).

use super::diagnostic::Diagnostics;
use super::document::Line;
use super::model::{TlsOptions, TlsVersion};
use crate::tls::{cipher_string, parameters};

/// What HAProxy advises where words about versions do not fit together.
pub(super) const USE_BOUNDS: &str = "Use only 'ssl-min-ver' and 'ssl-max-ver' to fix.";

/// Reads a word that may stand in `ssl-default-bind-options` and `ssl-default-server-options` as well, with the word
/// behind it. Answers how many words belong to it; `None` where it is another word.
pub(super) fn shared(word: &str, value: &str, options: &mut TlsOptions) -> Option<Result<usize, String>> {
    let version = |name: &str| {
        let names = [("sslv3", TlsVersion::Ssl30), ("tlsv10", TlsVersion::Tls10), ("tlsv11", TlsVersion::Tls11)];
        let newer = [("tlsv12", TlsVersion::Tls12), ("tlsv13", TlsVersion::Tls13)];
        names.into_iter().chain(newer).find(|(known, _)| *known == name).map(|(_, version)| version)
    };
    let bound = match word {
        "no-tls-tickets" => {
            options.no_tickets = true;
            return Some(Ok(1));
        }
        "ssl-min-ver" => &mut options.min_version,
        "ssl-max-ver" => &mut options.max_version,
        _ => {
            if let Some(version) = word.strip_prefix("force-").and_then(version) {
                (options.min_version, options.max_version) = (Some(version), Some(version));
            } else if let Some(version) = word.strip_prefix("no-").and_then(version) {
                options.without.push(version);
            } else {
                return None;
            }
            return Some(Ok(1));
        }
    };
    if value.is_empty() {
        return Some(Err(format!("'{word}' : missing the ssl/tls version")));
    }
    match TlsVersion::from_name(value) {
        None => Some(Err(format!("'{value}' : unknown ssl/tls version"))),
        version => {
            *bound = version;
            Some(Ok(2))
        }
    }
}

/// Tells of what a list names that there is none of: it will never be offered. The list is word `at` of the line, behind
/// `keyword`.
pub(super) fn note_missing(keyword: &str, line: &Line, at: usize, diags: &mut Diagnostics) {
    let list = line.arg(at);
    let missing = match keyword.rsplit('-').next() {
        Some("ciphers") => cipher_string::tls12(list).map(|chosen| chosen.missing),
        Some("ciphersuites") => cipher_string::tls13(list).map(|chosen| chosen.missing),
        _ => parameters::curves(list).map(|curves| curves.missing),
    };
    if let Some(missing) = missing.filter(|missing| !missing.is_empty()) {
        let text = format!("'{keyword}' : not supported, and never offered: {}.", missing.join(", "));
        diags.notice(line, at, text);
    }
}
