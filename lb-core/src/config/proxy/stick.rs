//! `stick on`, `stick match`, `stick store-request` and `stick store-response` (configuration.txt, section 4.2).

use super::Cx;
use super::rules::condition;
use crate::config::model::StickRule;
use crate::sample::{Arg, ArgKind, Expression, Place, Places};

pub(super) fn parse(cx: &mut Cx<'_>) {
    if !cx.draft.section.has_backend() {
        // It was said that the line is ignored.
        return;
    }
    let line = cx.line;
    let (matches, request, response) = match cx.arg(1) {
        "on" => (true, true, false),
        "match" => (true, false, false),
        "store-request" => (false, true, false),
        "store-response" => (false, false, true),
        _ => return cx.alert(1, "'stick' expects 'on', 'match', or 'store'."),
    };
    let start = cx.first + 2;
    if line.arg(start).is_empty() {
        return cx.alert(2, "'stick' expects a fetch method.");
    }
    let words = (start..line.words.len()).map(|word| line.arg(word));
    let mut first = true;
    let words = words.take_while(|word| std::mem::take(&mut first) || !matches!(*word, "if" | "unless" | "table"));
    let (key, taken) = match Expression::parse_words(words, &cx.scope("stick rule")) {
        Ok(read) => read,
        Err(error) => return cx.alert(2, format!("'stick': {}", error.message)),
    };
    let (place, when) = if response { (Place::StickStore, "response") } else { (Place::UseServer, "request") };
    if !key.places().contains(place) && !response {
        let text = format!(
            "'stick': fetch method '{}' extracts information from '{}', none of which is available during {when}.",
            key.fetch_name(),
            key.needs()
        );
        return cx.alert(2, text);
    }
    let mut next = start + taken;
    let own = cx.draft.config.name.clone();
    let mut name = own.as_str();
    if line.arg(next) == "table" {
        name = line.arg(next + 1);
        next += 2;
    }
    let found = cx.names.resolve(ArgKind::Table, name, None, "");
    let table = if let Ok(Arg::Proxy(table)) = found {
        table
    } else {
        let what = if response { "store table" } else { "stick-table" };
        let text = format!("Proxy '{own}': unable to find {what} '{name}'.");
        cx.draft.late.reference(line, next.saturating_sub(1), text);
        0
    };
    let condition = match line.arg(next) {
        "" => None,
        "if" | "unless" => {
            let what = |message: &str| format!("'stick': error detected while parsing sticking condition : {message}.");
            match condition(cx, next, Places::one(place), None, &what) {
                Some(condition) => Some(condition),
                None => return,
            }
        }
        other => {
            let text = format!("'stick': unknown keyword '{other}'.");
            return cx.alert(next - cx.first, text);
        }
    };
    let place = line.place.clone();
    cx.config().sticks.push(StickRule { matches, request, response, key, table, condition, place });
}
