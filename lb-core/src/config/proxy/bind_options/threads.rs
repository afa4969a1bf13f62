//! Words about the threads that serve a listener.

use super::{BindCx, MAX_THREADS};
use crate::config::model::Shards;
use crate::config::proxy::settings::leading_integer;

pub(super) fn shards(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.required("missing value")?;
    cx.options.shards = Some(match text.as_str() {
        "by-thread" => Shards::ByThread,
        _ => {
            let (value, trailing) = leading_integer(&text);
            match u16::try_from(value) {
                Ok(count) if trailing.is_none() && (1..=MAX_THREADS).contains(&count) => Shards::Count(count),
                _ => {
                    return Err(format!(
                        "'shards' : invalid value {value}, allowed range is 1..{MAX_THREADS} or 'by-thread'"
                    ));
                }
            }
        }
    });
    Ok(())
}

pub(super) fn process(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.value().to_owned();
    let (processes, threads) = match text.split_once('/') {
        Some((processes, threads)) => (processes, Some(threads)),
        None => (text.as_str(), None),
    };
    number_set(processes, 1).map_err(|message| format!("'process' : {message}"))?;
    let instead = match threads {
        Some(set) => format!(" Please use 'thread {set}' instead."),
        None => String::new(),
    };
    let warning =
        format!("{} : 'process {text}' on 'bind' lines is deprecated and will be removed in 2.7.{instead}", cx.prefix);
    cx.diags.warning(cx.line, cx.at, warning);
    if let Some(set) = threads {
        let set = number_set(set, MAX_THREADS).map_err(|message| format!("'process' : {message}"))?;
        add_threads(cx, set);
    }
    Ok(())
}

pub(super) fn thread(cx: &mut BindCx<'_>) -> Result<(), String> {
    let text = cx.value().to_owned();
    let set = match text.split_once('/') {
        None => text.as_str(),
        Some((group, set)) => {
            let (number, trailing) = leading_integer(group);
            if number != 1 || trailing.is_some() {
                return Err(format!("'{text}' thread-group number must be between 1 and 1 (was {group})"));
            }
            set
        }
    };
    let set = number_set(set, MAX_THREADS).map_err(|message| format!("'{text}' : {message}"))?;
    add_threads(cx, set);
    Ok(())
}

/// The directive may be repeated; the sets add up.
fn add_threads(cx: &mut BindCx<'_>, set: Vec<u16>) {
    cx.options.threads.extend(set);
    cx.options.threads.sort_unstable();
    cx.options.threads.dedup();
}

/// `all | odd | even | number[-[number]]`.
pub(in crate::config) fn number_set(text: &str, max: u16) -> Result<Vec<u16>, String> {
    let out_of_range = || format!("'{text}' is not a valid number/range. It supports numbers from 1 to {max}.");
    match text {
        "" => return Err(out_of_range()),
        "all" => return Ok((1..=max).collect()),
        "odd" => return Ok((1..=max).step_by(2).collect()),
        "even" => return Ok((2..=max).step_by(2).collect()),
        _ => {}
    }
    let (low, high) = text.split_once('-').map_or((text, None), |(low, high)| (low, Some(high)));
    let invalid = || format!("'{text}' is not a valid number/range.");
    if !low.bytes().all(|b| b.is_ascii_digit()) || !high.unwrap_or("").bytes().all(|b| b.is_ascii_digit()) {
        return Err(invalid());
    }
    let number = |text: &str| text.parse::<u16>().ok().filter(|n| (1..=max).contains(n)).ok_or_else(out_of_range);
    let low = number(low)?;
    let high = match high {
        None => low,
        Some("") => max,
        Some(high) => number(high)?,
    };
    Ok((low.min(high)..=low.max(high)).collect())
}
