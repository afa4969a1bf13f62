//! Words about the health of a server: how it is asked, and what its answers do.

use std::time::Duration;

use super::{ServerCx, to_u32};
use crate::config::address::parse_ip;
use crate::config::model::{Observe, OnError, ServerConfig, Track};
use crate::units::{TimeUnit, UnitError, parse_time};

pub(super) fn delay(
    cx: &mut ServerCx<'_>,
    field: fn(&mut ServerConfig) -> &mut Option<Duration>,
) -> Result<(), String> {
    let text = cx.required("expects a delay as argument.")?;
    let (name, server) = (cx.name(), &cx.draft.config.name);
    let time = parse_time(&text, TimeUnit::Milliseconds).map_err(|error| match error {
        UnitError::Unexpected(c) => format!("unexpected character '{c}' in '{name}' argument of server {server}."),
        _ => format!(
            "timer overflow in argument <{text}> to <{name}> of server {server}, maximum value is 2147483647 ms \
             (~24.8 days)."
        ),
    })?;
    if time.is_zero() {
        return Err(format!("invalid value 0 for argument '{name}' of server {server}."));
    }
    *field(&mut cx.draft.config) = Some(time);
    Ok(())
}

pub(super) fn count(cx: &mut ServerCx<'_>, field: fn(&mut ServerConfig) -> &mut Option<u32>) -> Result<(), String> {
    cx.required("expects an integer argument.")?;
    let value = to_u32(cx.number());
    if value == 0 {
        return Err(format!("'{}' has to be > 0.", cx.name()));
    }
    *field(&mut cx.draft.config) = Some(value);
    Ok(())
}

pub(super) fn addr(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects <ipv4|ipv6> as argument.")?;
    let ip = parse_ip(&text).map_err(|error| format!("'addr' : {error}"))?;
    cx.draft.config.check_addr = Some(ip);
    Ok(())
}

pub(super) fn port(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects a port number as argument.")?;
    match u16::try_from(cx.number()) {
        // 0 keeps the service's port.
        Ok(port) => cx.draft.config.check_port = (port != 0).then_some(port),
        Err(_) => return Err(format!("'port' : invalid port '{text}'")),
    }
    Ok(())
}

pub(super) fn agent_addr(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects an address as argument.")?;
    // A port, which has a word of its own, does not belong here.
    let ip = text.parse().ok().or_else(|| parse_ip(&text).ok().filter(|_| !text.contains(':')));
    let ip = ip.ok_or_else(|| format!("parsing agent-addr failed. Check if '{text}' is correct address."))?;
    cx.draft.config.agent_addr = Some(ip);
    Ok(())
}

pub(super) fn agent_port(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects a port number as argument.")?;
    match u16::try_from(cx.number()) {
        Ok(port) => cx.draft.config.agent_port = (port != 0).then_some(port),
        Err(_) => return Err(format!("'agent-port' : invalid port '{text}'")),
    }
    Ok(())
}

pub(super) fn agent_send(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.agent_send = Some(cx.required("expects a string as argument.")?);
    Ok(())
}

pub(super) fn error_limit(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.required("expects an integer argument.")?;
    let value = to_u32(cx.number());
    if value == 0 {
        return Err("error-limit has to be > 0.".to_owned());
    }
    cx.draft.config.error_limit = Some(value);
    Ok(())
}

pub(super) fn observe(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let mode = cx.required("expects <mode> as argument.")?;
    cx.draft.config.observe = match mode.as_str() {
        "none" => None,
        "layer4" => Some(Observe::Layer4),
        "layer7" if cx.http => Some(Observe::Layer7),
        "layer7" => return Err("'layer7' can only be used in http proxies.".to_owned()),
        _ => return Err(format!("'observe' expects one of 'none', 'layer4', 'layer7' but got '{mode}'")),
    };
    Ok(())
}

pub(super) fn on_error(cx: &mut ServerCx<'_>) -> Result<(), String> {
    cx.draft.config.on_error = match cx.value() {
        "fastinter" => OnError::FastInter,
        "fail-check" => OnError::FailCheck,
        "sudden-death" => OnError::SuddenDeath,
        "mark-down" => OnError::MarkDown,
        other => {
            return Err(format!(
                "'on-error' expects one of 'fastinter', 'fail-check', 'sudden-death' or 'mark-down' but got '{other}'"
            ));
        }
    };
    Ok(())
}

pub(super) fn on_marked_down(cx: &mut ServerCx<'_>) -> Result<(), String> {
    match cx.value() {
        "shutdown-sessions" => cx.set(|s| s.shutdown_when_down = true),
        other => Err(format!("'on-marked-down' expects 'shutdown-sessions' but got '{other}'")),
    }
}

pub(super) fn on_marked_up(cx: &mut ServerCx<'_>) -> Result<(), String> {
    match cx.value() {
        "shutdown-backup-sessions" => cx.set(|s| s.shutdown_backups_when_up = true),
        other => Err(format!("'on-marked-up' expects 'shutdown-backup-sessions' but got '{other}'")),
    }
}

pub(super) fn track(cx: &mut ServerCx<'_>) -> Result<(), String> {
    let text = cx.required("expects [<proxy>/]<server> as argument.")?;
    let track = match text.rsplit_once('/') {
        Some((proxy, server)) => Track { proxy: Some(proxy.to_owned()), server: server.to_owned() },
        None => Track { proxy: None, server: text },
    };
    cx.draft.config.track = Some(track);
    Ok(())
}
