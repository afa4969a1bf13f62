//! The arguments of `redirect` (configuration.txt, section 4.2).

use super::rules::Fault;
use crate::config::document::Line;
use crate::config::model::{Redirect, RedirectKind};
use crate::log::LogFormat;

const WORDS: &str = "'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', \
                     'ignore-empty' or 'append-slash'";

/// Reads the words from `at` up to a condition; returns the first word that is not an argument. `format` reads the
/// value.
///
/// # Errors
///
/// The index of the word to blame and HAProxy's text.
pub(super) fn parse(
    line: &Line,
    at: usize,
    format: &mut dyn FnMut(&str) -> Result<LogFormat, Fault>,
) -> Result<(Redirect, usize), Fault> {
    let mut kind = None;
    let mut redirect = Redirect {
        kind: RedirectKind::Location(LogFormat::default()),
        code: 302,
        drop_query: false,
        append_slash: false,
        ignore_empty: false,
        set_cookie: None,
    };
    let mut next = at;
    loop {
        let word = line.arg(next);
        let value = line.arg(next + 1);
        let required = || match value {
            "" => Err(Fault::new(next + 1, format!("missing argument for '{word}'"))),
            value => Ok(value.to_owned()),
        };
        let mut target = || format(&required()?).map_err(|fault| fault.at(next + 1));
        match word {
            "" | "if" | "unless" => break,
            "location" => kind = Some(RedirectKind::Location(target()?)),
            "prefix" => kind = Some(RedirectKind::Prefix(target()?)),
            "scheme" => kind = Some(RedirectKind::Scheme(target()?)),
            "set-cookie" => redirect.set_cookie = Some(format!("{}; path=/;", required()?)),
            "clear-cookie" => redirect.set_cookie = Some(format!("{}; path=/; Max-Age=0;", required()?)),
            "code" => {
                redirect.code = match required()?.as_str() {
                    "301" => 301,
                    "302" => 302,
                    "303" => 303,
                    "307" => 307,
                    "308" => 308,
                    other => {
                        let text = format!(
                            "'code': unsupported HTTP code '{other}' (must be one of 301, 302, 303, 307 or 308)"
                        );
                        return Err(Fault::new(next + 1, text));
                    }
                }
            }
            "drop-query" => redirect.drop_query = true,
            "append-slash" => redirect.append_slash = true,
            "ignore-empty" => redirect.ignore_empty = true,
            other => return Err(Fault::new(next, format!("expects {WORDS} (was '{other}')"))),
        }
        next += if matches!(word, "drop-query" | "append-slash" | "ignore-empty") { 1 } else { 2 };
    }
    let Some(kind) = kind else {
        return Err(Fault::new(at, "redirection type expected ('prefix', 'location', or 'scheme')"));
    };
    redirect.kind = kind;
    Ok((redirect, next))
}
