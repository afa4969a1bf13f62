//! The answers of commands, cut into what is compared one by one, without what differs from run to run.

use std::collections::HashSet;

use lb_tests::columns;

/// Fields of `show info` that tell of the moment, of the machine or of the program itself.
const INFO_VOLATILE: &[&str] = &[
    "Version",
    "Release_date",
    "Pid",
    "Uptime",
    "Uptime_sec",
    "PoolAlloc_MB",
    "PoolUsed_MB",
    "Ulimit-n",
    "Maxsock",
    "ConnRate",
    "SessRate",
    "Run_queue",
    "Idle_pct",
    "BytesOutRate",
    "Build info",
    "PoolAlloc_bytes",
    "PoolUsed_bytes",
    "Start_time_sec",
];

/// Fields of `show info` that are some number or none.
const INFO_COUNTS: &[&str] = &["CumConns", "CumReq", "Tasks", "TotalBytesOut", "MaxConnRate", "MaxSessRate", "Jobs"];

/// The pieces of an answer to a command.
pub(crate) fn normal(command: &str, text: &str) -> Vec<String> {
    let words: Vec<&str> = command.split(' ').collect();
    match words[..] {
        ["show", "info", ..] => info(&words, text),
        ["show", "stat", ..] => stat(&words, text),
        ["show", "servers", "state", ..] => servers(text, &[9]),
        ["show", "servers", "conn", ..] => servers(text, &[7, 8]),
        ["show", "sess", ..] => sessions(text),
        ["help", ..] => Vec::new(),
        // HAProxy has patterns of a client of its own.
        ["show", "acl" | "map", ..] => text.lines().filter(|line| !line.contains("httpclient")).map(pattern).collect(),
        _ => text.lines().map(|line| until(line, "2.6.12")).collect(),
    }
}

/// What differs between two answers: the pieces that only one of them has.
pub(crate) fn differences(expected: &[String], got: &[String]) -> Vec<String> {
    let (theirs, ours): (HashSet<_>, HashSet<_>) = (expected.iter().collect(), got.iter().collect());
    let missing = expected.iter().filter(|piece| !ours.contains(piece)).map(|piece| format!("HAProxy: {piece:?}"));
    let more = got.iter().filter(|piece| !theirs.contains(piece)).map(|piece| format!("lb:      {piece:?}"));
    let wrong: Vec<String> = missing.chain(more).collect();
    if wrong.is_empty() && expected != got {
        return vec![format!("another order, HAProxy: {expected:?}, lb: {got:?}")];
    }
    wrong
}

/// An entry without its name, which is where it is in memory; a list without the name of the configuration.
fn pattern(line: &str) -> String {
    if let Some((_, entry)) = line.strip_prefix("0x").and_then(|rest| rest.split_once(' ')) {
        return entry.to_owned();
    }
    match line.rsplit_once("' line ").and_then(|(before, after)| Some((before.rsplit_once("file '")?.0, after))) {
        Some((before, after)) => format!("{before}file line {after}"),
        None => line.to_owned(),
    }
}

fn until(line: &str, end: &str) -> String {
    line.find(end).and_then(|at| line.get(..at + end.len())).unwrap_or(line).to_owned()
}

/// Whether a value is some number or none, or nothing at all.
fn some(value: &str) -> &'static str {
    match value {
        "" => "",
        "0" => "none",
        _ => "some",
    }
}

fn info_value(name: &str, value: &str) -> String {
    if INFO_VOLATILE.contains(&name) {
        return "volatile".to_owned();
    }
    if INFO_COUNTS.contains(&name) { some(value).to_owned() } else { value.to_owned() }
}

fn info(words: &[&str], text: &str) -> Vec<String> {
    let json = words.contains(&"json");
    let text = if json { text.replace("},{\"field\"", "}\n{\"field\"") } else { text.to_owned() };
    let lines = text.lines().filter(|line| !line.contains("Product"));
    lines.map(|line| if json { json_field(line, info_value) } else { info_line(words, line) }).collect()
}

fn info_line(words: &[&str], line: &str) -> String {
    let (line, about) = match words.contains(&"desc") {
        true => line.split_once(":\"").unwrap_or((line, "")),
        false => (line, ""),
    };
    if words.contains(&"typed") {
        // 17.CurrConns.1:MGP:u32:0
        let Some((place, value)) = line.rsplit_once(':') else { return line.to_owned() };
        let name = place.split('.').nth(1).unwrap_or_default();
        return format!("{place}:{}{about}", info_value(name, value));
    }
    match line.split_once(": ") {
        Some((name, value)) => format!("{name}: {}{about}", info_value(name, value)),
        None => line.to_owned(),
    }
}

/// A field in JSON: its value stands last.
fn json_field(text: &str, normal: impl Fn(&str, &str) -> String) -> String {
    let name = text.split("\"name\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let Some((before, value)) = text.rsplit_once("\"value\":") else { return text.to_owned() };
    let value = value.trim_end_matches([']', '}', ',', '[']).trim_matches('"');
    format!("{before}{}", normal(name, value))
}

fn stat_value(name: &str, value: &str) -> String {
    if columns::VOLATILE.contains(&name) {
        return if value.is_empty() { "" } else { "volatile" }.to_owned();
    }
    if columns::SIZES.contains(&name) { some(value).to_owned() } else { value.to_owned() }
}

fn stat(words: &[&str], text: &str) -> Vec<String> {
    if words.contains(&"json") {
        let text = text.replace("},{\"objType\"", "}\n{\"objType\"");
        return text.lines().map(|line| json_field(line, stat_value)).collect();
    }
    if words.contains(&"typed") {
        return text.lines().map(|line| typed_cell(words, line)).collect();
    }
    let mut lines = text.lines();
    let Some(header) = lines.next() else { return Vec::new() };
    let names: Vec<&str> = header.trim_start_matches("# ").split(',').collect();
    let mut cells = vec![header.to_owned()];
    for line in lines.filter(|line| !line.is_empty()) {
        let values: Vec<&str> = line.split(',').collect();
        let row = values.get(..2).unwrap_or(&values).join("/");
        cells
            .extend(names.iter().zip(&values).map(|(name, value)| format!("{row} {name}={}", stat_value(name, value))));
    }
    cells
}

/// F.2.0.0.pxname.1:KNSV:str:f
fn typed_cell(words: &[&str], line: &str) -> String {
    let (line, about) = match words.contains(&"desc") {
        true => line.split_once(":\"").unwrap_or((line, "")),
        false => (line, ""),
    };
    let name = line.split('.').nth(4).unwrap_or_default();
    let mut parts = line.splitn(4, ':');
    let (place, tags, kind) = (parts.next(), parts.next(), parts.next());
    let value = stat_value(name, parts.next().unwrap_or_default());
    format!("{}:{}:{}:{value}{about}", place.unwrap_or_default(), tags.unwrap_or_default(), kind.unwrap_or_default())
}

/// Lines of words, some of which tell of the moment.
fn servers(text: &str, volatile: &[usize]) -> Vec<String> {
    let word = |(at, word): (usize, &str)| if volatile.contains(&at) { "volatile".to_owned() } else { word.to_owned() };
    let line = |line: &str| match line.starts_with('#') {
        true => line.to_owned(),
        false => line.split(' ').enumerate().map(word).collect::<Vec<_>>().join(" "),
    };
    text.lines().map(line).collect()
}

/// The sessions of proxies: which there are. What is told of each has a test of its own.
fn sessions(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| line.contains("fe=") && !line.contains("fe=GLOBAL"));
    lines
        .map(|line| {
            line.split(' ').filter(|word| ["fe=", "be=", "srv="].iter().any(|name| word.starts_with(name))).collect()
        })
        .collect()
}
