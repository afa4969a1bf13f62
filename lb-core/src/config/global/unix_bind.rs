//! `unix-bind`: what UNIX sockets of `bind` lines have in common (configuration.txt, section 3.1).

use super::Cx;
use crate::config::account;
use crate::config::proxy::{leading_integer, socket_mode};

/// `unix-bind [ prefix <prefix> ] [ mode <mode> ] [ user <user> ] [ uid <uid> ] [ group <group> ] [ gid <gid> ]`
pub(super) fn unix_bind(cx: &mut Cx<'_>) {
    let mut at = 1;
    while !cx.arg(at).is_empty() {
        if let Err(message) = setting(cx, at) {
            // Without the words behind it, which may belong to the fault.
            return cx.alert(at + 1, message);
        }
        at += 2;
    }
}

/// Reads the setting at argument `at`.
fn setting(cx: &mut Cx<'_>, at: usize) -> Result<(), String> {
    let value = cx.arg(at + 1).to_owned();
    match cx.arg(at) {
        "prefix" if value.is_empty() => return Err("unix_bind 'prefix' expects a path as an argument.".to_owned()),
        "prefix" if cx.global.unix_bind.prefix.is_some() => {
            cx.warning(at, "unix-bind 'prefix' already specified. Continuing.");
        }
        "prefix" => cx.global.unix_bind.prefix = Some(value),
        "mode" => {
            let mode = socket_mode(&value);
            cx.global.unix_bind.mode = Some(mode.map_err(|fault| format!("'unix-bind' : {fault}"))?);
        }
        "uid" => cx.global.unix_bind.uid = Some(number(cx, at)?),
        "gid" => cx.global.unix_bind.gid = Some(number(cx, at)?),
        "user" => {
            let found = account::user_id(&value);
            cx.global.unix_bind.uid = Some(found.ok_or_else(|| format!("'unix-bind' : '{value}' unknown user."))?);
        }
        "group" => {
            let found = account::group_id(&value);
            cx.global.unix_bind.gid = Some(found.ok_or_else(|| format!("'unix-bind' : '{value}' unknown group."))?);
        }
        _ => {
            let known = "only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.";
            cx.alert(at, format!("'unix-bind' {known}"));
        }
    }
    Ok(())
}

/// A numeric account. HAProxy takes any text, with 0 (root) for what is no number.
fn number(cx: &Cx<'_>, at: usize) -> Result<u32, String> {
    let text = cx.arg(at + 1);
    match leading_integer(text) {
        (value, None) if !text.is_empty() => u32::try_from(value).ok(),
        _ => None,
    }
    .ok_or_else(|| format!("'unix-bind' : '{}' expects a number, not '{text}'.", cx.arg(at)))
}
