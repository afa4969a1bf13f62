//! Section headers: names, `from`, and which defaults a proxy starts with (configuration.txt, section 4).

use super::ProxyState;
use super::draft::{Draft, SectionKind};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::{Line, Place};
use crate::config::sections::bad_name_character;
use crate::config::suggest;

/// A `defaults` section that was read.
#[derive(Debug)]
pub(super) struct Defaults {
    draft: Draft,
    /// A proxy named it with `from`.
    explicit: bool,
    /// The mix of explicit and implicit use was reported.
    reported: bool,
}

/// Starts a section; `None` where its header is wrong, after saying why.
pub(super) fn open(header: &Line, state: &mut ProxyState, diags: &mut Diagnostics) -> Option<Draft> {
    let section = SectionKind::from_keyword(header.keyword())?;
    let (name, from) =
        if section.is_defaults() { defaults_header(header, diags)? } else { proxy_header(header, diags)? };
    let base = match from {
        Some(at) => Some(explicit_base(header, at, section, name, state, diags)?),
        // A defaults section resets everything; other sections start from the latest one before them.
        None if section.is_defaults() => None,
        None => implicit_base(header, state, diags),
    };
    let mut draft = match base.and_then(|index| state.defaults.get(index)) {
        Some(defaults) => Draft::inherit(&defaults.draft, section, header.clone()),
        None => Draft::new(section, header.clone()),
    };
    name.clone_into(&mut draft.config.name);
    if section == SectionKind::Listen && draft.has_rules() {
        diags.alert_line(header, 0, "a listen section cannot inherit from a defaults section defining TCP/HTTP rules.");
    }
    if !section.is_defaults() {
        check_duplicate(&draft, state, diags);
    }
    Some(draft)
}

/// Keeps a section that was read to its end.
pub(super) fn close(draft: Draft, state: &mut ProxyState) {
    if draft.section.is_defaults() {
        state.defaults.push(Defaults { draft, explicit: false, reported: false });
    } else {
        state.by_name.entry(draft.config.name.clone()).or_default().push(state.proxies.len());
        state.proxies.push(draft);
    }
}

fn defaults_header<'a>(header: &'a Line, diags: &mut Diagnostics) -> Option<(&'a str, Option<usize>)> {
    let from = match (header.arg(1), header.arg(2)) {
        ("from", name) if !name.is_empty() => return Some(("", Some(2))),
        (_, "from") => 3,
        (name, _) => return Some((name, None)),
    };
    if header.arg(from).is_empty() {
        diags.alert(header, from, "'from' expects the name of a defaults section.");
        return None;
    }
    Some((header.arg(1), Some(from)))
}

fn proxy_header<'a>(header: &'a Line, diags: &mut Diagnostics) -> Option<(&'a str, Option<usize>)> {
    let (keyword, name) = (header.keyword(), header.arg(1));
    if name.is_empty() {
        diags.alert(header, 1, format!("'{keyword}' expects an <id> argument"));
        return None;
    }
    if let Some(bad) = bad_name_character(name) {
        let text = format!("character '{bad}' is not permitted in '{keyword}' name '{name}'.");
        diags.alert(header, 1, text);
        return None;
    }
    if header.arg(2).is_empty() {
        return Some((name, None));
    }
    if header.arg(2) != "from" || header.arg(3).is_empty() {
        diags.alert(header, 2, "please use the 'bind' keyword for listening addresses.");
        return None;
    }
    if !header.arg(4).is_empty() {
        let text = format!("'{keyword}' cannot handle unexpected argument '{}'.", header.arg(4));
        diags.alert(header, 4, text);
        return None;
    }
    Some((name, Some(3)))
}

fn explicit_base(
    header: &Line,
    at: usize,
    section: SectionKind,
    name: &str,
    state: &mut ProxyState,
    diags: &mut Diagnostics,
) -> Option<usize> {
    let wanted = header.arg(at);
    let found: Vec<(usize, Place)> = state
        .defaults
        .iter()
        .enumerate()
        .filter(|(_, d)| d.draft.config.name == wanted)
        .map(|(index, d)| (index, d.draft.header.place.clone()))
        .collect();
    let label = section.label();
    match found.as_slice() {
        [] => {
            let known = state.defaults.iter().map(|d| d.draft.config.name.as_str());
            let near = suggest::nearest(wanted, known);
            let text = format!("defaults section '{wanted}' not found for {label} '{name}'.");
            diags.alert_suggest(header, at, text, near);
            None
        }
        [(index, place)] => {
            if let Some(bad) = bad_name_character(wanted) {
                let text = format!(
                    "character '{bad}' is not permitted in defaults section name '{wanted}' when designated by \
                     its name (section found at {}:{}).",
                    place.file, place.line
                );
                diags.alert(header, at, text);
                return None;
            }
            if let Some(defaults) = state.defaults.get_mut(*index) {
                defaults.explicit = true;
            }
            Some(*index)
        }
        [(_, one), .., (_, two)] => {
            let text = format!(
                "ambiguous defaults section name '{wanted}' referenced by {label} '{name}' exists at least at \
                 {}:{} and {}:{}.",
                one.file, one.line, two.file, two.line
            );
            diags.alert(header, at, text);
            None
        }
    }
}

fn implicit_base(header: &Line, state: &mut ProxyState, diags: &mut Diagnostics) -> Option<usize> {
    let index = state.defaults.len().checked_sub(1)?;
    let last = state.defaults.last_mut()?;
    if last.explicit && !last.reported {
        last.reported = true;
        let place = &last.draft.header.place;
        // HAProxy prints this one as an alert, yet starts: the manual calls it a warning.
        let text = format!(
            "defaults section '{}' (declared at {}:{}) is explicitly referenced by another proxy and implicitly \
             used here. To avoid any ambiguity don't mix both usage. Add a last defaults section not explicitly \
             used or always use explicit references.",
            last.draft.config.name, place.file, place.line
        );
        diags.warning(header, 0, text);
    }
    Some(index)
}

fn check_duplicate(draft: &Draft, state: &ProxyState, diags: &mut Diagnostics) {
    let overlaps = |other: &SectionKind| {
        (other.has_frontend() && draft.section.has_frontend()) || (other.has_backend() && draft.section.has_backend())
    };
    let same_name = state.by_name.get(&draft.config.name).into_iter().flatten();
    let same = same_name.filter_map(|index| state.proxies.get(*index)).find(|p| overlaps(&p.section));
    if let Some(other) = same {
        let text = format!(
            "{} '{}' has the same name as {} '{}' declared at {}:{}.",
            draft.section.label(),
            draft.config.name,
            other.section.label(),
            other.config.name,
            other.header.place.file,
            other.header.place.line
        );
        diags.push(Diagnostic::about(Severity::Alert, &draft.header, 1, text).heading(Heading::Name));
    }
}
