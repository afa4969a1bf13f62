//! `log`, `log-tag`, `log-format` and its kin (configuration.txt, section 4.2, `log`). The `log` line of `global` has the
//! same syntax and uses [`parse_target`] too.

use std::net::SocketAddr;

use super::draft::Draft;
use super::{Cx, Prefix};
use crate::config::address::{AddressRules, ParsedAddress, Port, parse_address};
use crate::config::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use crate::config::document::Line;
use crate::config::model::{LogDestination, LogFormatChoice, LogSample, LogTarget, LogTargetFormat, ProxyLog};
use crate::config::suggest;
use crate::log::{FormatUse, LogFormat};
use crate::sample::names::Names as SectionNames;
use crate::sample::{Places, Scope};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp", "audit",
    "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
pub(super) const LEVELS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
const FORMATS: [(&str, LogTargetFormat); 8] = [
    ("local", LogTargetFormat::Local),
    ("rfc3164", LogTargetFormat::Rfc3164),
    ("rfc5424", LogTargetFormat::Rfc5424),
    ("priority", LogTargetFormat::Priority),
    ("short", LogTargetFormat::Short),
    ("timed", LogTargetFormat::Timed),
    ("iso", LogTargetFormat::Iso),
    ("raw", LogTargetFormat::Raw),
];
const DEFAULT_PORT: u16 = 514;
const DEFAULT_LENGTH: u32 = 1024;

pub(super) fn parse(cx: &mut Cx<'_>) {
    if cx.prefix == Prefix::No {
        if !cx.arg(1).is_empty() {
            return cx.alert(1, "log : 'no log' does not expect arguments");
        }
        cx.config().logs.clear();
        return;
    }
    if cx.prefix == Prefix::Default {
        return cx.alert(1, "log : expects <address> and <facility> or global as arguments");
    }
    if cx.arg(1) == "global" {
        let extra = cx.arg(2);
        if !extra.is_empty() {
            let text = format!("log : unknown log facility '{extra}'");
            return cx.alert(2, text);
        }
        return cx.config().logs.push(ProxyLog::Global);
    }
    if let Some(target) = parse_target(cx.line, cx.first + 1, cx.diags) {
        cx.config().logs.push(ProxyLog::Target(target));
    }
}

pub(super) fn log_tag(cx: &mut Cx<'_>) {
    let tag = cx.arg(1).to_owned();
    if tag.is_empty() {
        return cx.alert(1, "'log-tag' expects a tag for use in syslog.");
    }
    cx.config().log_tag = Some(tag);
}

pub(super) fn log_format(cx: &mut Cx<'_>) {
    let Some(format) = format_argument(cx, "log-format") else { return };
    cx.config().log_format = LogFormatChoice::Custom(format);
    cx.draft.httplog_line = None;
    cx.draft.log_format_lines.log_format = Some(cx.line.clone());
}

pub(super) fn error_log_format(cx: &mut Cx<'_>) {
    let Some(format) = format_argument(cx, "error-log-format") else { return };
    cx.config().error_log_format = Some(format);
    cx.draft.log_format_lines.error_log_format = Some(cx.line.clone());
}

pub(super) fn log_format_sd(cx: &mut Cx<'_>) {
    let Some(format) = format_argument(cx, "log-format-sd") else { return };
    cx.config().log_format_sd = Some(format);
    cx.draft.log_format_lines.log_format_sd = Some(cx.line.clone());
}

/// The only argument of a format's keyword, which means nothing in a backend.
fn format_argument(cx: &mut Cx<'_>, keyword: &str) -> Option<String> {
    let format = cx.arg(1).to_owned();
    if format.is_empty() {
        cx.alert(1, format!("{keyword} expects an argument."));
    } else if !cx.arg(2).is_empty() {
        cx.alert(2, format!("{keyword} expects only one argument, don't forget to escape spaces!"));
    } else if !cx.draft.section.has_frontend() {
        let text = format!("backend '{}' : '{keyword}' directive is ignored in backends.", cx.draft.config.name);
        cx.warning(0, text);
        // HAProxy compiles it all the same.
        return (keyword == "error-log-format").then_some(format);
    } else {
        return Some(format);
    }
    None
}

/// Compiles the formats of a proxy, now that its mode is known: what is wrong in them is said with their lines. Whether
/// all are right.
pub(super) fn check_formats(draft: &mut Draft, names: &SectionNames, diags: &mut Diagnostics) -> bool {
    let mut right = true;
    let (config, lines) = (&draft.config, &draft.log_format_lines);
    let log_format = match &config.log_format {
        LogFormatChoice::Custom(text) => Some(text),
        _ => None,
    };
    let formats = [
        ("log-format", "log-format string", log_format, &lines.log_format),
        ("log-format-sd", "log-format-sd string", config.log_format_sd.as_ref(), &lines.log_format_sd),
        ("error-log-format", "log-format string", config.error_log_format.as_ref(), &lines.error_log_format),
    ];
    for (keyword, called, text, line) in formats {
        let Some(text) = text else { continue };
        let scope = Scope { proxy: draft.number, section: &draft.config.name, ..Scope::of(names, called) };
        let usage = FormatUse { http: draft.is_http(), messages: false, rule: false, places: Places::LOG, scope };
        let line = line.as_ref().unwrap_or(&draft.header);
        let read = LogFormat::parse_in(text, &usage);
        draft.late.arguments(line, names.late.take());
        if let Err(error) = read {
            right = false;
            let text = format!("failed to parse {keyword} : {error}");
            diags.push(Diagnostic::about(Severity::Alert, line, 1, text).heading(Heading::Name));
        }
    }
    right
}

/// Reads `<address> [len n] [format f] [sample ranges:size] <facility> [level [minlevel]]`, which starts at word
/// `first_word`; says what is wrong otherwise.
pub fn parse_target(line: &Line, first_word: usize, diags: &mut Diagnostics) -> Option<LogTarget> {
    match read_target(line, first_word) {
        Ok(target) => Some(target),
        Err(fault) => {
            diags.alert_suggest(line, fault.word, format!("log : {}", fault.message), fault.suggestion);
            None
        }
    }
}

struct Fault {
    word: usize,
    message: String,
    suggestion: Option<&'static str>,
}

fn fault<T>(word: usize, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { word, message: message.into(), suggestion: None })
}

fn read_target(line: &Line, first: usize) -> Result<LogTarget, Fault> {
    if line.arg(first).is_empty() || line.arg(first + 1).is_empty() {
        return fault(first, "expects <address> and <facility> or global as arguments");
    }
    let mut at = first + 1;
    let mut length = DEFAULT_LENGTH;
    if line.arg(at) == "len" {
        let text = line.arg(at + 1);
        length = match text.parse::<u32>() {
            Ok(length @ 80..=65535) => length,
            _ => return fault(at + 1, format!("invalid log length '{text}', must be between 80 and 65535")),
        };
        at += 2;
    }
    let mut format = None;
    if line.arg(at) == "format" {
        let name = line.arg(at + 1);
        let known = FORMATS.iter().map(|(known, _)| *known);
        let Some((_, found)) = FORMATS.iter().find(|(known, _)| *known == name) else {
            let message = format!("unknown log format '{name}'");
            return Err(Fault { word: at + 1, message, suggestion: suggest::nearest(name, known) });
        };
        format = Some(*found);
        at += 2;
    }
    let mut sample = None;
    if line.arg(at) == "sample" {
        sample = Some(read_sample(line.arg(at + 1)).or_else(|message| fault(at + 1, message))?);
        at += 2;
    }
    let facility = lookup(line, at, &FACILITIES, "facility")?.unwrap_or_default();
    let level = match line.arg(at + 1) {
        "" => 7,
        _ => lookup(line, at + 1, &LEVELS, "level")?.unwrap_or(7),
    };
    let minlevel = match line.arg(at + 2) {
        "" => 0,
        _ => lookup(line, at + 2, &LEVELS, "minlevel")?.unwrap_or(0),
    };
    if !line.arg(at + 3).is_empty() {
        return fault(at + 3, format!("cannot handle unexpected argument '{}'", line.arg(at + 3)));
    }
    let destination = read_destination(line.arg(first)).or_else(|message| fault(first, message))?;
    Ok(LogTarget { destination, length, format, sample, facility, level, minlevel })
}

fn lookup(line: &Line, at: usize, known: &[&'static str], what: &str) -> Result<Option<u8>, Fault> {
    let name = line.arg(at);
    if let Some(index) = known.iter().position(|k| *k == name) {
        return Ok(u8::try_from(index).ok());
    }
    let message = match what {
        "facility" => format!("unknown log facility '{name}'"),
        "level" => format!("unknown optional log level '{name}'"),
        _ => format!("unknown optional minimum log level '{name}'"),
    };
    Err(Fault { word: at, message, suggestion: suggest::nearest(name, known.iter().copied()) })
}

fn read_destination(text: &str) -> Result<LogDestination, String> {
    match text {
        "stdout" => return Ok(LogDestination::Stdout),
        "stderr" => return Ok(LogDestination::Stderr),
        _ => {}
    }
    // HAProxy leaves room for a temporary name here, too.
    let rules = AddressRules { fd: true, local: true, datagram: true, bound: true, ..AddressRules::default() };
    match parse_address(text, rules).map_err(|error| error.to_string())? {
        ParsedAddress::Inet(ip, Port::Fixed(port)) if port != 0 => Ok(LogDestination::Udp(SocketAddr::new(ip, port))),
        ParsedAddress::Inet(ip, _) => Ok(LogDestination::Udp(SocketAddr::new(ip, DEFAULT_PORT))),
        ParsedAddress::Name(host, _) => Err(format!("invalid address: '{}' in '{text}'", host.name)),
        ParsedAddress::Unix(path) => Ok(LogDestination::Unix(path)),
        ParsedAddress::Fd(fd) => Ok(LogDestination::Fd(fd)),
        ParsedAddress::Abstract(name) => Ok(LogDestination::Abstract(name)),
    }
}

/// `ranges:size`, ranges as `n` or `low-high` separated by commas.
fn read_sample(text: &str) -> Result<LogSample, String> {
    let Some((ranges_text, size_text)) = text.split_once(':') else {
        return Err("Missing sample size".to_owned());
    };
    let number = |text: &str| match text.parse::<u32>() {
        Ok(value) if value > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Some(value),
        _ => None,
    };
    let Some(size) = number(size_text) else {
        return Err(format!("wrong sample size '{size_text}' for sample range '{ranges_text}'"));
    };
    if ranges_text.is_empty() {
        return Err("no sampling ranges given".to_owned());
    }
    let mut ranges = Vec::new();
    // A comma at the end is no range.
    let mut parts = ranges_text.strip_suffix(',').unwrap_or(ranges_text).split(',');
    while let Some(part) = parts.next() {
        let range = match part.split_once('-') {
            Some((low, high)) => number(low).zip(number(high)),
            None => number(part).map(|one| (one, one)),
        };
        match range {
            Some((low, high)) if low <= high => ranges.push((low, high)),
            // Its place is shown by what follows.
            _ if part.is_empty() => return Err(format!("wrong sample range ',{}'", parts.next().unwrap_or_default())),
            _ => return Err(format!("wrong sample range '{part}'")),
        }
    }
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| matches!(pair, [(_, high), (low, _)] if low <= high)) {
        return Err("ranges are overlapping".to_owned());
    }
    let highest = ranges.last().map_or(0, |(_, high)| *high);
    if highest > size {
        return Err(format!(
            "sample size {size} should be greater or equal to {highest} the maximum of the high ranges limits"
        ));
    }
    Ok(LogSample { ranges, size })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::document::Word;

    fn line(text: &str) -> Line {
        let words = text.split_whitespace().map(|w| Word { text: w.to_owned(), column: 1 }).collect();
        Line { words, ..Line::default() }
    }

    #[test]
    fn targets() {
        let mut diags = Diagnostics::new();
        let all = "log 127.0.0.1:5514 len 100 format rfc5424 sample 1,2-3:5 local7 notice err";
        let target = parse_target(&line(all), 1, &mut diags).unwrap();
        assert_eq!(
            target,
            LogTarget {
                destination: LogDestination::Udp("127.0.0.1:5514".parse().unwrap()),
                length: 100,
                format: Some(LogTargetFormat::Rfc5424),
                sample: Some(LogSample { ranges: vec![(1, 1), (2, 3)], size: 5 }),
                facility: 23,
                level: 5,
                minlevel: 3,
            }
        );
        for (text, destination) in [
            ("log stdout daemon", LogDestination::Stdout),
            ("log stderr daemon", LogDestination::Stderr),
            ("log fd@3 daemon", LogDestination::Fd(3)),
            ("log 10.0.0.1 daemon", LogDestination::Udp("10.0.0.1:514".parse().unwrap())),
            ("log [::1]:515 daemon", LogDestination::Udp("[::1]:515".parse().unwrap())),
            ("log /dev/log daemon", LogDestination::Unix("/dev/log".into())),
            ("log abns@journal daemon", LogDestination::Abstract(b"journal".to_vec())),
            ("log 10.0.0.1 sample 1,:2 daemon", LogDestination::Udp("10.0.0.1:514".parse().unwrap())),
        ] {
            let target = parse_target(&line(text), 1, &mut diags).unwrap();
            assert_eq!((target.destination, target.facility, target.level), (destination, 3, 7), "{text}");
        }
        assert!(diags.is_empty());
    }

    #[test]
    fn errors() {
        for (text, message) in [
            ("log", "log : expects <address> and <facility> or global as arguments"),
            ("log stdout", "log : expects <address> and <facility> or global as arguments"),
            ("log stdout foo", "log : unknown log facility 'foo'"),
            ("log stdout local0 foo", "log : unknown optional log level 'foo'"),
            ("log stdout local0 debug foo", "log : unknown optional minimum log level 'foo'"),
            ("log stdout local0 debug err x", "log : cannot handle unexpected argument 'x'"),
            ("log stdout len 79 local0", "log : invalid log length '79', must be between 80 and 65535"),
            ("log stdout format x local0", "log : unknown log format 'x'"),
            ("log stdout sample 1 local0", "log : Missing sample size"),
            ("log stdout sample :5 local0", "log : no sampling ranges given"),
            ("log stdout sample 1-3,2:5 local0", "log : ranges are overlapping"),
            ("log stdout sample 0:5 local0", "log : wrong sample range '0'"),
            ("log stdout sample 3-2:5 local0", "log : wrong sample range '3-2'"),
            ("log stdout sample 1:a local0", "log : wrong sample size 'a' for sample range '1'"),
            (
                "log stdout sample 7:5 local0",
                "log : sample size 5 should be greater or equal to 7 the maximum of the high ranges limits",
            ),
            ("log stdout format raw len 100 daemon", "log : unknown log facility 'len'"),
            ("log 127.0.0.1:+1 local0", "log : port offset not permitted here in '127.0.0.1:+1'"),
            ("log fd@x local0", "log : file descriptor 'x' is not a valid integer in 'fd@x'"),
        ] {
            let mut diags = Diagnostics::new();
            assert!(parse_target(&line(text), 1, &mut diags).is_none(), "{text}");
            assert_eq!(diags.iter().next().unwrap().message, message);
        }
    }
}
