//! `balance` (configuration.txt, section 4.2).

use super::Cx;
use crate::config::model::Balance;
use crate::config::suggest;

const KNOWN: [&str; 9] =
    ["roundrobin", "static-rr", "leastconn", "first", "source", "random", "uri", "url_param", "rdp-cookie"];

pub(super) fn parse(cx: &mut Cx<'_>) {
    let algorithm = cx.arg(1).to_owned();
    let balance = match algorithm.as_str() {
        "" | "roundrobin" => Balance::RoundRobin,
        "static-rr" => Balance::StaticRr,
        "leastconn" => Balance::LeastConn,
        "first" => Balance::First,
        "source" => Balance::Source,
        other if other == "random" || other.starts_with("random(") => match draws(other) {
            Ok(draws) => Balance::Random { draws },
            Err(message) => return cx.alert(1, format!("balance random : {message}")),
        },
        other if other == "uri" || other == "url_param" || other.starts_with("hdr(") => {
            return cx.alert(1, format!("'balance {other}' is not supported yet."));
        }
        other if other == "rdp-cookie" || other.starts_with("rdp-cookie(") => {
            return cx.alert(1, format!("'balance {other}' is not supported yet."));
        }
        other => {
            let text = "balance only supports 'roundrobin', 'static-rr', 'leastconn', 'source', 'uri', 'url_param', \
                        'hdr(name)' and 'rdp-cookie(name)' options.";
            return cx.diags.alert_suggest(cx.line, cx.first + 1, text, suggest::nearest(other, KNOWN));
        }
    };
    // HAProxy reads no further: what follows has no meaning for these algorithms.
    if !cx.arg(2).is_empty() {
        let text = format!("'balance {algorithm}' : argument '{}' has no effect.", cx.arg(2));
        cx.warning(2, text);
    }
    cx.config().balance = balance;
    cx.draft.balance_said = true;
}

/// `random` or `random(draws)`; two draws unless said.
fn draws(text: &str) -> Result<u32, String> {
    let Some(argument) = text.strip_prefix("random(") else { return Ok(2) };
    let Some((number, _)) = argument.split_once(')') else {
        return Err("missing closing parenthesis.".to_owned());
    };
    if number.is_empty() {
        return Ok(2);
    }
    if let Some(c) = number.chars().find(|c| !c.is_ascii_digit()) {
        return Err(format!("unexpected character '{c}' after argument."));
    }
    match number.parse::<u32>() {
        Ok(draws) if draws > 0 => Ok(draws),
        _ => Err("number of draws must be at least 1.".to_owned()),
    }
}
