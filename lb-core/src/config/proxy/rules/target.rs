//! Actions on the request line.

use std::sync::Arc;

use super::{Fault, Reader, Style};
use crate::config::model::{Action, TargetPart, UriNormalizer};
use crate::regex::Regex;

pub(super) fn set_method(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    set(reader, TargetPart::Method)
}

pub(super) fn set_uri(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    set(reader, TargetPart::Uri)
}

pub(super) fn set_path(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    set(reader, TargetPart::Path)
}

pub(super) fn set_pathq(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    set(reader, TargetPart::PathQuery)
}

pub(super) fn set_query(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    set(reader, TargetPart::Query)
}

fn set(reader: &mut Reader<'_, '_>, part: TargetPart) -> Result<Action, Fault> {
    let one = !reader.word(0).is_empty() && matches!(reader.word(1), "" | "if" | "unless");
    if !one {
        return Err(reader.fault(0, "expects exactly 1 argument <format>"));
    }
    Ok(Action::SetTarget(part, reader.format()?))
}

pub(super) fn replace_path(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    replace(reader, TargetPart::Path)
}

pub(super) fn replace_pathq(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    replace(reader, TargetPart::PathQuery)
}

pub(super) fn replace_uri(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    replace(reader, TargetPart::Uri)
}

fn replace(reader: &mut Reader<'_, '_>, part: TargetPart) -> Result<Action, Fault> {
    let two = !reader.word(0).is_empty() && !reader.word(1).is_empty();
    if !two || !matches!(reader.word(2), "" | "if" | "unless") {
        return Err(reader.fault(0, "expects exactly 2 arguments <match-regex> and <replace-format>"));
    }
    let regex = Regex::new(reader.word(0), false)
        .map_err(|message| reader.fault(0, format!("failed to parse the regex : {message}")))?;
    reader.next += 1;
    let by = reader.format()?;
    Ok(Action::ReplaceTarget { part, regex: Arc::new(regex), by })
}

pub(super) fn normalize_uri(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    if !reader.cx.experimental {
        let message = "'normalize-uri' action is experimental, must be allowed via a global \
                       'expose-experimental-directives'";
        return Err(Fault { word: reader.next - 1, message: message.to_owned(), style: Style::Keyword });
    }
    let word = reader.word(0);
    let (normalizer, options): (_, &[&str]) = match word {
        "" => return Err(reader.fault(0, "missing argument <normalizer>")),
        "fragment-encode" => (UriNormalizer::FragmentEncode, &[]),
        "fragment-strip" => (UriNormalizer::FragmentStrip, &[]),
        "path-merge-slashes" => (UriNormalizer::PathMergeSlashes, &[]),
        "path-strip-dot" => (UriNormalizer::PathStripDot, &[]),
        "path-strip-dotdot" => (UriNormalizer::PathStripDotdot, &["full"]),
        "percent-decode-unreserved" => (UriNormalizer::PercentDecodeUnreserved, &["strict"]),
        "percent-to-uppercase" => (UriNormalizer::PercentToUppercase, &["strict"]),
        "query-sort-by-name" => (UriNormalizer::QuerySortByName, &[]),
        word => return Err(reader.fault(0, format!("unknown normalizer '{word}'"))),
    };
    reader.next += 1;
    let option = reader.word(0);
    let (mut strict, mut full) = (false, false);
    if options.contains(&option) {
        (strict, full) = (option == "strict", option == "full");
        reader.next += 1;
    } else if !matches!(option, "" | "if" | "unless") && !options.is_empty() {
        return Err(reader.fault(0, format!("unknown argument '{option}' for '{word}' normalizer")));
    }
    Ok(Action::NormalizeUri { normalizer, strict, full })
}
