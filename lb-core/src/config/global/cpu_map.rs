//! `cpu-map [auto:]<thread-group>[/<thread-set>] <cpu-set>...` (configuration.txt, section 3.1).

use std::collections::BTreeSet;

use crate::config::model::CpuMap;

use super::Cx;

/// Threads and groups are numbered from 1 to this.
const MAX_THREADS: u16 = 64;
/// CPUs are numbered from 0 to below this, which is what the kernel's CPU sets hold.
const MAX_CPUS: u16 = 1024;

pub(super) fn cpu_map(cx: &mut Cx<'_>) {
    let (auto, sets) = match cx.arg(1).strip_prefix("auto:") {
        Some(rest) => (true, rest),
        None => (false, cx.arg(1)),
    };
    if cx.arg(1).is_empty() || cx.arg(2).is_empty() {
        return cx.alert(
            1,
            "cpu-map expects a process number  ('all', 'odd', 'even', a number from 1 to 64 or a range),  followed by \
             a list of CPU ranges with numbers from 0 to 63.",
        );
    }
    let (groups, threads) = sets.split_once('/').unwrap_or((sets, "all"));
    let (groups, threads) = match (numbers(groups), numbers(threads)) {
        (Ok(groups), Ok(threads)) => (groups, threads),
        (Err(fault), _) | (_, Err(fault)) => return cx.alert(1, format!("cpu-map : {fault}")),
    };
    let mut cpus = BTreeSet::new();
    for at in 2..cx.line.words.len() - cx.first {
        match cpu_set(cx.arg(at)) {
            Some(set) => cpus.extend(set),
            None => {
                let text = format!("cpu-map : '{}' is not a CPU range.", cx.arg(at));
                return cx.alert(at, text);
            }
        }
    }
    if auto {
        bind_one_by_one(cx, &groups, &threads, &cpus);
    } else if groups.contains(&1) {
        let cpus: Vec<u16> = cpus.into_iter().collect();
        threads.iter().for_each(|&thread| set(cx, thread, cpus.clone()));
    }
}

/// The first thread to the first CPU and so on. There is one group, so that a range of groups names its threads once.
fn bind_one_by_one(cx: &mut Cx<'_>, groups: &BTreeSet<u16>, threads: &BTreeSet<u16>, cpus: &BTreeSet<u16>) {
    let size = if groups.len() > 1 { groups.len() } else { threads.len() };
    if size != cpus.len() {
        return cx
            .alert(1, "cpu-map : PROC/THREAD range and CPU sets must have the same size to be automatically bound");
    }
    if groups.len() == 1 && groups.contains(&1) {
        for (&thread, &cpu) in threads.iter().zip(cpus) {
            set(cx, thread, vec![cpu]);
        }
    } else if let (true, Some(&cpu)) = (groups.contains(&1), cpus.first()) {
        threads.iter().for_each(|&thread| set(cx, thread, vec![cpu]));
    }
}

/// A later line replaces an earlier one for the same thread.
fn set(cx: &mut Cx<'_>, thread: u16, cpus: Vec<u16>) {
    let map = &mut cx.global.cpu_map;
    match map.iter_mut().find(|known| known.thread == thread) {
        Some(known) => known.cpus = cpus,
        None => map.push(CpuMap { thread, cpus }),
    }
}

/// `all`, `odd`, `even`, a number from 1, or a range of two that may leave out its end.
fn numbers(text: &str) -> Result<BTreeSet<u16>, String> {
    let all = 1..=MAX_THREADS;
    match text {
        "all" => return Ok(all.collect()),
        "odd" => return Ok(all.step_by(2).collect()),
        "even" => return Ok((2..=MAX_THREADS).step_by(2).collect()),
        _ => {}
    }
    let bound = |text: &str| match text.parse::<u16>() {
        Ok(number) if (1..=MAX_THREADS).contains(&number) => Ok(number),
        Ok(_) => Err(outside(text)),
        Err(_) if text.is_empty() || text.bytes().all(|b| b.is_ascii_digit()) => Err(outside(text)),
        Err(_) => Err(format!("'{text}' is not a valid number/range.")),
    };
    let (low, high) = match text.split_once('-') {
        None => (bound(text)?, bound(text)?),
        Some((low, "")) => (bound(low)?, MAX_THREADS),
        Some((low, high)) => match (bound(low), bound(high)) {
            (Ok(low), Ok(high)) => (low, high),
            _ if !text.bytes().all(|b| b.is_ascii_digit() || b == b'-') => {
                return Err(format!("'{text}' is not a valid number/range."));
            }
            _ => return Err(outside(text)),
        },
    };
    Ok((low.min(high)..=low.max(high)).collect())
}

fn outside(text: &str) -> String {
    format!("'{text}' is not a valid number/range. It supports numbers from 1 to {MAX_THREADS}.")
}

/// CPU numbers or ranges, separated by commas; the end of a range may be left out.
fn cpu_set(text: &str) -> Option<BTreeSet<u16>> {
    let mut set = BTreeSet::new();
    for part in text.split(',') {
        let (low, high) = match part.split_once('-') {
            None => (part.parse().ok()?, part.parse().ok()?),
            Some((low, "")) => (low.parse().ok()?, MAX_THREADS - 1),
            Some((low, high)) => (low.parse::<u16>().ok()?, high.parse::<u16>().ok()?),
        };
        if low.max(high) >= MAX_CPUS {
            return None;
        }
        set.extend(low.min(high)..=low.max(high));
    }
    Some(set)
}
