//! Life, rights and identity of the process, and what it logs (configuration.txt, section 3.1).

use std::path::PathBuf;
use std::time::Duration;

use crate::config::DefaultPath;
use crate::config::account;
use crate::config::files;
use crate::config::model::{CloseSpread, Global, Identity};
use crate::units::{TimeUnit, UnitError, parse_time};

use super::Cx;

pub(super) fn daemon(cx: &mut Cx<'_>) {
    cx.global.daemon |= cx.no_more_than(0);
}

pub(super) fn quiet(cx: &mut Cx<'_>) {
    cx.global.quiet |= cx.no_more_than(0);
}

pub(super) fn pp2_never_send_local(cx: &mut Cx<'_>) {
    cx.global.pp2_never_send_local |= cx.no_more_than(0);
}

pub(super) fn expose_experimental_directives(cx: &mut Cx<'_>) {
    cx.global.expose_experimental_directives |= cx.no_more_than(0);
}

pub(super) fn zero_warning(cx: &mut Cx<'_>) {
    cx.global.zero_warning |= cx.no_more_than(0);
}

pub(super) fn nosplice(cx: &mut Cx<'_>) {
    cx.global.nosplice |= cx.no_more_than(0);
}

pub(super) fn hide_connect_protocol(cx: &mut Cx<'_>) {
    cx.global.tune.h2_hide_connect_protocol |= cx.no_more_than(0);
}

pub(super) fn noreuseport(cx: &mut Cx<'_>) {
    cx.global.noreuseport |= cx.no_more_than(0);
}

pub(super) fn strict_limits(cx: &mut Cx<'_>) {
    if cx.no_more_than(0) {
        cx.global.strict_limits = Some(!cx.negated);
    }
}

/// A path that counts once.
fn path(cx: &mut Cx<'_>, wanted: &str, field: fn(&mut Global) -> &mut Option<PathBuf>) {
    let Some(value) = cx.one_argument(wanted) else { return };
    if field(cx.global).is_some() {
        return cx.already(&format!("'{}'", cx.keyword()));
    }
    *field(cx.global) = Some(value.into());
}

pub(super) fn chroot(cx: &mut Cx<'_>) {
    path(cx, "a directory as an argument.", |global| &mut global.chroot);
}

pub(super) fn pidfile(cx: &mut Cx<'_>) {
    path(cx, "a file name as an argument.", |global| &mut global.pidfile);
}

pub(super) fn server_state_base(cx: &mut Cx<'_>) {
    state_path(cx, "expects one argument: a directory path.", |global| &mut global.server_state_base);
}

pub(super) fn server_state_file(cx: &mut Cx<'_>) {
    state_path(cx, "expect one argument: a file path.", |global| &mut global.server_state_file);
}

/// A path that counts once; what is behind it does not matter.
fn state_path(cx: &mut Cx<'_>, wanted: &str, field: fn(&mut Global) -> &mut Option<PathBuf>) {
    let (keyword, path) = (cx.keyword().to_owned(), PathBuf::from(cx.arg(1)));
    if field(cx.global).is_some() {
        return cx.already(&format!("'{keyword}'"));
    }
    if path.as_os_str().is_empty() {
        return cx.alert(0, format!("'{keyword}' {wanted}"));
    }
    *field(cx.global) = Some(path);
}

pub(super) fn default_path(cx: &mut Cx<'_>) {
    let mode = cx.arg(1);
    let modes = "supported modes include 'current', 'config', 'parent', and 'origin'.";
    let (arguments, mode) = match mode {
        "current" => (1, DefaultPath::Current),
        "config" => (1, DefaultPath::Config),
        "parent" => (1, DefaultPath::Parent),
        "origin" => match cx.arg(2) {
            "" => return cx.alert(1, "'default-path origin' expects a directory as an argument."),
            path => match std::fs::read_dir(path) {
                Ok(_) => (2, DefaultPath::Origin(path.into())),
                Err(error) => {
                    let text = format!("couldn't set 'default-path' to origin '{path}': {}.", files::reason(&error));
                    return cx.alert(2, text);
                }
            },
        },
        _ => {
            let fault = if mode.is_empty() { "missing" } else { "unsupported" };
            return cx.alert(1, format!("{fault} default-path mode '{mode}' for 'default-path', {modes}"));
        }
    };
    if !cx.no_more_than(arguments) {
        return;
    }
    cx.names.directories.set(mode.clone(), &cx.line.place.file);
    cx.global.default_path = mode;
}

pub(super) fn uid(cx: &mut Cx<'_>) {
    let hint = "You might want to use the 'user' parameter to use a system user name.";
    numeric_id(cx, hint, "user/uid", |global| &mut global.uid);
}

pub(super) fn gid(cx: &mut Cx<'_>) {
    let hint = "You might want to use the 'group' parameter to use a system group name.";
    numeric_id(cx, hint, "group/gid", |global| &mut global.gid);
}

fn numeric_id(cx: &mut Cx<'_>, hint: &str, what: &str, field: fn(&mut Global) -> &mut Option<u32>) {
    let Some(value) = cx.one_argument("an integer argument.") else { return };
    if field(cx.global).is_some() {
        return cx.already(what);
    }
    match value.parse() {
        Ok(id) => *field(cx.global) = Some(id),
        Err(_) => {
            let text = format!(" {}: string '{value}' is not a number.\n   | {hint}", cx.keyword());
            cx.warning(1, text);
        }
    }
}

pub(super) fn user(cx: &mut Cx<'_>) {
    named_id(cx, "user/uid", account::user_id, |global| &mut global.uid);
}

pub(super) fn group(cx: &mut Cx<'_>) {
    named_id(cx, "group/gid", account::group_id, |global| &mut global.gid);
}

fn named_id(cx: &mut Cx<'_>, what: &str, find: fn(&str) -> Option<u32>, field: fn(&mut Global) -> &mut Option<u32>) {
    if !cx.no_more_than(1) {
        return;
    }
    if field(cx.global).is_some() {
        return cx.already(what);
    }
    match find(cx.arg(1)) {
        Some(id) => *field(cx.global) = Some(id),
        None => {
            let text = format!("cannot find {} id for '{}' (0:Success)", cx.keyword(), cx.arg(1));
            cx.alert(1, text);
        }
    }
}

pub(super) fn external_check(cx: &mut Cx<'_>) {
    if cx.no_more_than(0) {
        cx.global.external_check = true;
    }
}

pub(super) fn insecure_fork_wanted(cx: &mut Cx<'_>) {
    if cx.no_more_than(0) {
        cx.global.insecure_fork_wanted = !cx.negated;
    }
}

pub(super) fn node(cx: &mut Cx<'_>) {
    let name = cx.arg(1);
    if !cx.no_more_than(1) {
        return;
    }
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if name.is_empty() || !name.chars().all(valid) {
        return cx.alert_line(
            1,
            "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), \
             hyphen(-) or underscode(_).",
        );
    }
    cx.global.node = Some(name.to_owned());
}

/// All words of the line, with one space between them.
pub(super) fn identity(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    cx.global.identity = match cx.arg(1) {
        "haproxy" => Identity::HaProxy,
        "lb" => Identity::Lb,
        other => {
            let text = format!("'identity' expects 'haproxy' or 'lb' (got '{other}').");
            return cx.alert_line(1, text);
        }
    };
}

pub(super) fn description(cx: &mut Cx<'_>) {
    let words: Vec<&str> = cx.line.words.iter().skip(1).map(|word| word.text.as_str()).collect();
    if words.iter().all(|word| word.is_empty()) {
        return cx.alert_line(1, "'description' expects a string argument.");
    }
    cx.global.description = Some(words.join(" "));
}

pub(super) fn localpeer(cx: &mut Cx<'_>) {
    if let Some(name) = cx.one_argument("a name as an argument.") {
        cx.global.localpeer = Some(name.to_owned());
    }
}

pub(super) fn hard_stop_after(cx: &mut Cx<'_>) {
    cx.global.hard_stop_after = time(cx).or(cx.global.hard_stop_after);
}

pub(super) fn grace(cx: &mut Cx<'_>) {
    cx.global.grace = time(cx).or(cx.global.grace);
}

pub(super) fn close_spread_time(cx: &mut Cx<'_>) {
    let spread = match cx.arg(1) {
        "infinite" => Some(CloseSpread::Never),
        _ => time(cx).map(CloseSpread::Within),
    };
    cx.global.close_spread_time = spread.or(cx.global.close_spread_time);
}

fn time(cx: &mut Cx<'_>) -> Option<Duration> {
    let text = cx.one_argument("<time> as argument.")?;
    let keyword = cx.keyword();
    match parse_time(text, TimeUnit::Milliseconds) {
        Ok(time) => return Some(time),
        Err(UnitError::Unexpected(c)) => {
            cx.alert(1, format!("unexpected character '{c}' in argument to <{keyword}>."));
        }
        Err(_) => cx.alert(
            1,
            format!(
                "timer overflow in argument '{text}' to '{keyword}' (maximum value is 2147483647 ms or ~24.8 days)"
            ),
        ),
    }
    None
}

/// `setenv` and `presetenv` took effect when the line was read.
pub(super) fn set_environment(cx: &mut Cx<'_>) {
    if cx.no_more_than(3) && cx.arg(2).is_empty() {
        let text = format!("'{}' expects a name and a value.", cx.keyword());
        cx.alert_line(1, text);
    }
}

/// `unsetenv` took effect when the line was read.
pub(super) fn unset_environment(cx: &mut Cx<'_>) {
    if cx.arg(1).is_empty() {
        cx.alert_line(1, "'unsetenv' expects at least one variable name.");
    }
}

/// `resetenv` took effect when the line was read; it may name nothing.
pub(super) fn reset_environment(_: &mut Cx<'_>) {}

/// `log <target>`, and `no log` which forgets those before it.
pub(super) fn log(cx: &mut Cx<'_>) {
    if cx.negated {
        return cx.global.logs.clear();
    }
    if cx.arg(1).is_empty() || cx.arg(2).is_empty() {
        return cx.alert(1, "log : expects <address> and <facility>  as arguments");
    }
    if let Some(target) = crate::config::proxy::log::parse_target(cx.line, cx.first + 1, cx.diags) {
        cx.global.logs.push(target);
    }
}

pub(super) fn log_tag(cx: &mut Cx<'_>) {
    if let Some(tag) = cx.one_argument("a tag for use in syslog.") {
        cx.global.log_tag = Some(tag.to_owned());
    }
}

/// `log-send-hostname [<string>]`
pub(super) fn log_send_hostname(cx: &mut Cx<'_>) {
    if !cx.no_more_than(1) {
        return;
    }
    if cx.global.log_send_hostname.is_some() {
        return cx.already("'log-send-hostname'");
    }
    cx.global.log_send_hostname = Some(cx.arg(1).to_owned());
}
