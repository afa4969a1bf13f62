//! `balance`, `hash-type` and `hash-balance-factor` (configuration.txt, section 4.2).

use super::Cx;
use super::draft::Draft;
use super::finish::{alert, warning};
use super::settings::leading_integer;
use crate::config::diagnostic::Diagnostics;
use crate::config::model::{Balance, HashFunction, HashMethod, HashType, UriKey};
use crate::config::suggest;
use crate::sample::names::Names;
use crate::sample::{Expression, Place, Scope};

const KNOWN: [&str; 11] = [
    "roundrobin",
    "static-rr",
    "leastconn",
    "first",
    "source",
    "random",
    "uri",
    "url_param",
    "hdr(name)",
    "hash",
    "rdp-cookie",
];

const ONLY: &str = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                    'hdr(name)' and 'rdp-cookie(name)' options.";

/// The name of the cookie that the clients of Microsoft's remote desktop send.
const RDP_COOKIE: &str = "mstshash";

pub(super) fn parse(cx: &mut Cx<'_>) {
    let algorithm = cx.arg(1).to_owned();
    // The algorithm, and how many words it takes; what follows those has no meaning.
    let read = match algorithm.as_str() {
        "" | "roundrobin" => Ok((Balance::RoundRobin, 1)),
        "static-rr" => Ok((Balance::StaticRr, 1)),
        "leastconn" => Ok((Balance::LeastConn, 1)),
        "first" => Ok((Balance::First, 1)),
        "source" => Ok((Balance::Source, 1)),
        "uri" => uri(cx),
        "url_param" => url_param(cx),
        "hash" => return hash(cx),
        other if other.starts_with("random") => {
            draws(other).map(|draws| (Balance::Random { draws }, 1)).map_err(|text| (1, text))
        }
        other if other.starts_with("hdr(") => header(cx, other),
        other if other.starts_with("rdp-cookie") => {
            cookie(other).map(|name| (Balance::RdpCookie { name }, 1)).map_err(|text| (1, text))
        }
        other => {
            let near = suggest::nearest(other, KNOWN);
            return cx.diags.alert_suggest(cx.line, cx.first + 1, ONLY, near);
        }
    };
    match read {
        Ok((balance, words)) => {
            no_effect(cx, &algorithm, words + 1);
            choose(cx, balance);
        }
        Err((at, text)) => cx.alert(at, text),
    }
}

/// What was read, or which word is wrong and why.
type Read = Result<(Balance, usize), (usize, String)>;

fn choose(cx: &mut Cx<'_>, balance: Balance) {
    cx.config().balance = balance;
    cx.draft.balance_said = true;
    cx.draft.hash_line = None;
}

/// HAProxy reads no further.
fn no_effect(cx: &mut Cx<'_>, algorithm: &str, at: usize) {
    if !cx.arg(at).is_empty() {
        let text = format!("'balance {algorithm}' : argument '{}' has no effect.", cx.arg(at));
        cx.warning(at, text);
    }
}

/// `balance hash <expression>`. The expression may name what stands behind it.
fn hash(cx: &mut Cx<'_>) {
    if cx.arg(2).is_empty() {
        return cx.alert(2, "balance hash requires a sample expression.");
    }
    if !cx.arg(3).is_empty() {
        let text = format!("balance hash takes no other argument (got '{}').", cx.arg(3));
        return cx.alert(3, text);
    }
    choose(cx, Balance::Unset);
    cx.draft.hash_line = Some(cx.line.clone());
}

fn uri(cx: &mut Cx<'_>) -> Read {
    let mut key = UriKey::default();
    let mut at = 2;
    loop {
        match cx.arg(at) {
            "" => return Ok((Balance::Uri(key), at)),
            "whole" => key.whole = true,
            "path-only" => key.path_only = true,
            word @ ("len" | "depth") => {
                let value = positive(word, cx.arg(at + 1)).map_err(|text| (at + 1, text))?;
                if word == "len" {
                    key.len = Some(value);
                } else {
                    key.depth = Some(value);
                }
                at += 1;
            }
            other => {
                let text = format!(
                    "balance uri only accepts parameters 'len', 'depth', 'path-only', and 'whole' (got '{other}')."
                );
                return Err((at, text));
            }
        }
        at += 1;
    }
}

fn positive(word: &str, text: &str) -> Result<u32, String> {
    let (value, trailing) = leading_integer(text);
    if value <= 0 {
        return Err(format!("balance uri : '{word}' expects a positive integer (got '{text}')."));
    }
    match trailing {
        Some(c) => Err(format!("balance uri : '{word}' : unexpected character '{c}' in integer value '{text}'.")),
        None => Ok(u32::try_from(value).unwrap_or(u32::MAX)),
    }
}

fn url_param(cx: &mut Cx<'_>) -> Read {
    let name = cx.arg(2).to_owned();
    if name.is_empty() {
        return Err((2, "balance url_param requires an URL parameter name.".to_owned()));
    }
    match cx.arg(3) {
        "" => Ok((Balance::UrlParam { name, check_post: false }, 3)),
        "check_post" => {
            // `max_wait` has no meaning any more, as the manual says.
            let wait = !cx.arg(4).is_empty() && cx.arg(4).bytes().all(|byte| byte.is_ascii_digit());
            Ok((Balance::UrlParam { name, check_post: true }, if wait { 4 } else { 3 }))
        }
        other => Err((3, format!("balance url_param only accepts 'check_post' modifier (got '{other}')."))),
    }
}

fn header(cx: &mut Cx<'_>, algorithm: &str) -> Read {
    let name = algorithm.strip_prefix("hdr(").and_then(|rest| rest.split_once(')')).map_or("", |(name, _)| name);
    if name.is_empty() {
        return Err((1, "balance hdr requires an http header field name.".to_owned()));
    }
    let domain_only = match cx.arg(2) {
        "" => false,
        "use_domain_only" => true,
        other => {
            let text = format!("balance hdr({name}) only accepts 'use_domain_only' modifier (got '{other}').");
            return Err((2, text));
        }
    };
    Ok((Balance::Header { name: name.to_owned(), domain_only }, 2))
}

/// `rdp-cookie` or `rdp-cookie(name)`.
fn cookie(text: &str) -> Result<String, String> {
    let argument = text.strip_prefix("rdp-cookie").unwrap_or_default();
    if argument.is_empty() {
        return Ok(RDP_COOKIE.to_owned());
    }
    match argument.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        Some((name, _)) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err("balance rdp-cookie : missing cookie name.".to_owned()),
    }
}

/// `random` or `random(draws)`; two draws unless said.
fn draws(text: &str) -> Result<u32, String> {
    let Some(argument) = text.strip_prefix("random(") else { return Ok(2) };
    let Some((number, _)) = argument.split_once(')') else {
        return Err("balance random : missing closing parenthesis.".to_owned());
    };
    if number.is_empty() {
        return Ok(2);
    }
    if let Some(c) = number.chars().find(|c| !c.is_ascii_digit()) {
        return Err(format!("balance random : unexpected character '{c}' after argument."));
    }
    match number.parse::<u32>() {
        Ok(draws) if draws > 0 => Ok(draws),
        _ => Err("balance random : number of draws must be at least 1.".to_owned()),
    }
}

pub(super) fn hash_type(cx: &mut Cx<'_>) {
    let method = match cx.arg(1) {
        "map-based" => HashMethod::MapBased,
        "consistent" => HashMethod::Consistent,
        "avalanche" => {
            let text = "experimental feature 'hash-type avalanche' is not supported anymore, please use 'hash-type \
                        map-based sdbm avalanche' instead.";
            return cx.alert(1, text);
        }
        _ => return cx.alert(1, "'hash-type' only supports 'consistent' and 'map-based'."),
    };
    let function = match cx.arg(2) {
        // The manual: "consistent hash uses sdbm and avalanche if no hash function is specified".
        "" => {
            let avalanche = method == HashMethod::Consistent;
            cx.config().hash_type = HashType { method, function: HashFunction::Sdbm, avalanche };
            return;
        }
        "sdbm" => HashFunction::Sdbm,
        "djb2" => HashFunction::Djb2,
        "crc32" => HashFunction::Crc32,
        "wt6" => return cx.alert(2, "'hash-type' : 'wt6' is not supported yet."),
        _ => return cx.alert(2, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', or 'wt6' hash functions."),
    };
    let avalanche = match cx.arg(3) {
        "" => false,
        "avalanche" => true,
        _ => return cx.alert(3, "'hash-type' only supports 'avalanche' as a modifier for hash functions."),
    };
    if !cx.arg(4).is_empty() {
        let text = format!("'hash-type' : argument '{}' has no effect.", cx.arg(4));
        cx.warning(4, text);
    }
    cx.config().hash_type = HashType { method, function, avalanche };
}

pub(super) fn hash_balance_factor(cx: &mut Cx<'_>) {
    let text = cx.arg(1).to_owned();
    if text.is_empty() {
        return cx.alert(1, "'hash-balance-factor' expects an integer argument.");
    }
    let (value, trailing) = leading_integer(&text);
    if let Some(c) = trailing {
        return cx.alert(1, format!("'hash-balance-factor' : unexpected character '{c}' in integer value '{text}'."));
    }
    match u32::try_from(value) {
        Ok(factor) if factor == 0 || factor > 100 => cx.config().hash_balance_factor = factor,
        _ => return cx.alert(1, "'hash-balance-factor' must be 0 or greater than 100."),
    }
    if !cx.arg(2).is_empty() {
        let text = format!("'hash-balance-factor' : argument '{}' has no effect.", cx.arg(2));
        cx.warning(2, text);
    }
}

/// What can be said of an algorithm only now: the expression of `hash`, and keys that need HTTP.
pub(super) fn check_balance(draft: &mut Draft, names: &Names, diags: &mut Diagnostics) {
    if draft.section.has_backend() && draft.config.balance.needs_http() && !draft.is_http() {
        let text = format!(
            "Layer 7 hash not possible for {} '{}' (needs 'mode http'). Falling back to round robin.",
            draft.section.label(),
            draft.config.name
        );
        warning(diags, &draft.header, 0, text);
        draft.config.balance = Balance::RoundRobin;
    }
    let Some(line) = draft.hash_line.take() else { return };
    let word = line.words.iter().position(|word| word.text == "hash").map_or(0, |at| at + 1);
    let text = line.arg(word);
    let place = &draft.header.place;
    let who = format!("{} '{}' [{}:{}]: ", draft.section.label(), draft.config.name, place.file, place.line);
    let scope = Scope {
        names,
        proxy: draft.number,
        section: &draft.config.name,
        file: &line.place.file,
        line: line.place.line,
        keyword: "use-server or balance expression",
        ignore_case: false,
    };
    let read = Expression::parse_words([text], &scope);
    draft.late.arguments(&line, names.late.take());
    match read {
        Err(error) => {
            let text = format!("{who}failed to parse 'balance hash' expression '{text}' in : {}.", error.message);
            alert(diags, &line, word, text);
        }
        Ok((expression, _)) if !expression.places().contains(Place::UseServer) => {
            let text = format!(
                "{who}error detected while parsing 'balance hash' expression '{text}' which requires information from \
                 {}, which is not available here.",
                expression.needs()
            );
            alert(diags, &line, word, text);
        }
        Ok((expression, _)) => {
            if draft.is_http() && expression.needs() == "request buffer" {
                let name = expression.fetch_name();
                let text =
                    format!("{who}L6 sample fetch <{name}> will be ignored in 'balance hash' expression in HTTP mode.");
                warning(diags, &line, word, text);
            }
            draft.config.balance = Balance::Hash(expression);
        }
    }
}
