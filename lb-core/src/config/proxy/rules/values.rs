//! Actions that set a property of the stream, keep a value, or wait.

use super::super::draft::RuleSet;
use super::{Fault, Reader, Style};
use crate::config::model::{Action, AddressPart, Proto, TimeoutKind, TimeoutValue};
use crate::units;

pub(super) fn set_status(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    if reader.word(0).is_empty() {
        return Err(reader.fault(0, "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>"));
    }
    let status = reader.word(0).parse().ok().filter(|status| (100..=999).contains(status));
    let status = status.ok_or_else(|| reader.fault(0, "expects an integer status code between 100 and 999"))?;
    reader.next += 1;
    let mut reason = None;
    // A reason that could be the beginning of a condition is none: what follows is no condition either, which is said.
    if reader.word(0) == "reason" && !matches!(reader.word(1), "" | "if" | "unless") {
        reader.next += 1;
        reason = Some(reader.take().to_owned());
    }
    Ok(Action::SetStatus { status, reason })
}

pub(super) fn set_log_level(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let word = reader.word(0);
    let level = match word {
        "silent" => None,
        word => {
            let known = crate::log::LEVEL_NAMES.iter().position(|name| *name == word);
            let known = known.and_then(|level| u8::try_from(level).ok());
            Some(known.ok_or_else(|| reader.fault(0, "expects exactly 1 argument (log level name or 'silent')"))?)
        }
    };
    reader.next += 1;
    Ok(Action::SetLogLevel(level))
}

pub(super) fn set_tos(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let number = number(reader)?;
    u8::try_from(number)
        .map(Action::SetTos)
        .map_err(|_| reader.fault(0, format!("'{number}' is not between 0 and 255")))
}

pub(super) fn set_mark(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let number = number(reader)?;
    u32::try_from(number).map(Action::SetMark).map_err(|_| reader.fault(0, format!("'{number}' is above 2^32-1")))
}

/// Takes a number: decimal, octal behind a `0`, hexadecimal behind `0x`.
fn number(reader: &mut Reader<'_, '_>) -> Result<u64, Fault> {
    let word = reader.word(0);
    if word.is_empty() {
        return Err(reader.fault(0, "expects exactly 1 argument (integer/hex value)"));
    }
    let (digits, radix) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        // Without a digit behind it, it is the number 0 and an `x`.
        Some(digits) if digits.starts_with(|c: char| c.is_ascii_hexdigit()) => (digits, 16),
        _ if word.starts_with('0') => (word, 8),
        _ => (word, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (number, rest) = digits.split_at(end);
    if !rest.is_empty() || number.is_empty() {
        let text = format!("invalid character starting at '{rest}' (integer/hex value expected)");
        return Err(reader.fault(0, text));
    }
    let number = u64::from_str_radix(number, radix).map_err(|_| reader.fault(0, format!("'{word}' is too large")))?;
    reader.next += 1;
    Ok(number)
}

pub(super) fn set_nice(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let word = reader.word(0);
    if word.is_empty() {
        return Err(reader.fault(0, "expects exactly 1 argument (integer value)"));
    }
    let nice = word.parse::<i64>().map_err(|_| reader.fault(0, format!("'{word}' is not an integer")))?;
    reader.next += 1;
    Ok(Action::SetNice(i32::try_from(nice.clamp(-1024, 1024)).unwrap_or_default()))
}

pub(super) fn set_src(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression().map(|value| Action::SetAddress(AddressPart::Source, value))
}

pub(super) fn set_src_port(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression().map(|value| Action::SetAddress(AddressPart::SourcePort, value))
}

pub(super) fn set_dst(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression().map(|value| Action::SetAddress(AddressPart::Destination, value))
}

pub(super) fn set_dst_port(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression().map(|value| Action::SetAddress(AddressPart::DestinationPort, value))
}

pub(super) fn set_priority_class(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression_shown("set-priority-class").map(Action::SetPriorityClass)
}

pub(super) fn set_priority_offset(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    reader.expression_shown("set-priority-offset").map(Action::SetPriorityOffset)
}

pub(super) fn set_timeout(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    if reader.word(0).is_empty() || reader.word(1).is_empty() {
        return Err(reader.fault(0, "expects exactly 2 arguments"));
    }
    if !reader.cx.draft.section.has_backend() {
        let name = &reader.cx.draft.config.name;
        return Err(reader.fault(0, format!("proxy '{name}' has no backend capability")));
    }
    let kind = match reader.word(0) {
        "server" => TimeoutKind::Server,
        "tunnel" => TimeoutKind::Tunnel,
        other => {
            let text = format!("'set-timeout' rule supports 'server'/'tunnel' (got '{other}')");
            return Err(reader.fault(0, text));
        }
    };
    reader.next += 1;
    if let Ok(time) = units::parse_time(reader.word(0), units::TimeUnit::Milliseconds) {
        reader.next += 1;
        return Ok(Action::SetTimeout(kind, TimeoutValue::Fixed(time)));
    }
    reader.expression().map(|value| Action::SetTimeout(kind, TimeoutValue::Expression(value)))
}

pub(super) fn strict_mode(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let on = match reader.word(0) {
        "" => return Err(reader.fault(0, "expects exactly 1 arguments")),
        "on" => true,
        "off" => false,
        other => {
            let text = format!("Unexpected value '{other}'. Only 'on' and 'off' are supported");
            return Err(reader.fault(0, text));
        }
    };
    reader.next += 1;
    Ok(Action::StrictMode(on))
}

pub(super) fn disable_l7_retry(_: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::DisableL7Retry)
}

pub(super) fn switch_mode(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let whole = |word: usize, message: String| Fault { word, message, style: Style::Keyword };
    if !reader.cx.draft.section.has_frontend() {
        let name = &reader.cx.draft.config.name;
        let text = format!("'tcp-request switch-mode' not allowed because backend '{name}' has no frontend capability");
        return Err(whole(reader.next, text));
    }
    let mode = reader.word(0);
    if mode.is_empty() {
        return Err(whole(reader.next, "'tcp-request switch-mode' expects a mode as argument.".to_owned()));
    }
    if mode != "http" {
        return Err(whole(reader.next, format!("'tcp-request switch-mode' expects a valid mode (got '{mode}').")));
    }
    reader.next += 1;
    if reader.word(0) != "proto" {
        return Ok(Action::SwitchMode(None));
    }
    let proto = match reader.word(1) {
        "h1" => Proto::H1,
        "h2" => Proto::H2,
        "" => {
            let text = "'tcp-request switch-mode': 'proto' expects a protocol as argument.".to_owned();
            return Err(whole(reader.next + 1, text));
        }
        other @ ("none" | "fcgi") => {
            let name = &reader.cx.draft.config.name;
            let text = format!("Proxy '{name}': MUX protocol '{other}' is not compatible with the selected mode.");
            reader.late_reference(reader.next + 1, text);
            Proto::H1
        }
        other => {
            let text = format!(
                "'tcp-request switch-mode': 'proto' expects a valid MUX protocol, if specified (got '{other}')"
            );
            return Err(whole(reader.next + 1, text));
        }
    };
    reader.next += 2;
    Ok(Action::SwitchMode(Some(proto)))
}

pub(super) fn wait_for_handshake(_: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    Ok(Action::WaitForHandshake)
}

pub(super) fn wait_for_body(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let (mut time, mut at_least) = (None, 0);
    loop {
        let word = reader.word(0);
        if !matches!(word, "time" | "at-least") {
            break;
        }
        let value = reader.word(1);
        if value.is_empty() {
            return Err(reader.fault(1, format!("missing argument for '{word}'")));
        }
        let unexpected = |_| reader.fault(1, format!("unexpected character '{}'", value.get(..1).unwrap_or_default()));
        match word {
            "time" => {
                time = Some(
                    units::parse_time(value, units::TimeUnit::Milliseconds).map_err(|e| unexpected(e.to_string()))?,
                );
            }
            _ => at_least = units::parse_size(value).map_err(|e| unexpected(e.to_string()))?,
        }
        reader.next += 2;
    }
    let time = time.ok_or_else(|| reader.fault(0, "expects time <time> [ at-least <bytes> ]"))?;
    Ok(Action::WaitForBody { time, at_least })
}

pub(super) fn capture(reader: &mut Reader<'_, '_>) -> Result<Action, Fault> {
    let request = reader.set == RuleSet::HttpRequest;
    let usage = match request {
        true => "expects <expression> [ 'len' <length> | id <idx> ]",
        false => "expects <expression> id <idx>",
    };
    if reader.words_before_condition() < 3 {
        return Err(reader.fault(0, usage));
    }
    let start = reader.next;
    let expression = reader.expression()?;
    let (word, value) = (reader.word(0), reader.word(1));
    if word.is_empty() || value.is_empty() {
        reader.next = start;
        return Err(reader.fault(0, usage));
    }
    let (slot, length) = match word {
        "len" if request => {
            // The slots are the frontend's; a backend could only declare one that nothing ever fills.
            if !reader.cx.draft.section.has_frontend() {
                let name = &reader.cx.draft.config.name;
                return Err(reader.fault(0, format!("proxy '{name}' has no frontend capability")));
            }
            let length = value.parse::<usize>().ok().filter(|length| *length > 0);
            let length = length.ok_or_else(|| reader.fault(1, "length must be > 0"))?;
            (reader.cx.draft.config.captures.declare(true, length, None), length)
        }
        "id" => {
            let id = value.parse::<usize>().map_err(|_| reader.fault(1, format!("cannot parse id '{value}'")))?;
            let slots = &reader.cx.draft.config.captures;
            let slots = if request { &slots.request } else { &slots.response };
            let declared = slots.get(id).map(|slot| slot.length);
            // A backend's rules keep in the slots of whichever frontend leads there.
            let declared = declared.or((!reader.cx.draft.section.has_frontend()).then_some(usize::MAX));
            if declared.is_none() {
                let (name, set) = (&reader.cx.draft.config.name, reader.set.keyword());
                let text =
                    format!("Proxy '{name}': unable to find capture id '{id}' referenced by {set} capture rule.");
                reader.late_reference(reader.next + 1, text);
            }
            (id, declared.unwrap_or(0))
        }
        found if request => return Err(reader.fault(0, format!("expects 'len' or 'id', found '{found}'"))),
        found => return Err(reader.fault(0, format!("expects 'id', found '{found}'"))),
    };
    reader.next += 2;
    Ok(Action::Capture { expression, slot, length, request })
}
