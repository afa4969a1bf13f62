//! `email-alert` (configuration.txt, section 4.2): which changes of servers are mailed, by whom and to whom.

use super::Cx;
use super::draft::Draft;
use super::log::LEVELS;
use crate::config::diagnostic::Diagnostics;
use crate::config::model::{EmailAlert, MailersConfig};

pub(super) fn parse(cx: &mut Cx<'_>) {
    let value = cx.arg(2).to_owned();
    let what = cx.arg(1).to_owned();
    match what.as_str() {
        "" => return cx.alert(1, "missing argument after 'email-alert'."),
        "level" => {
            let Some(level) = LEVELS.iter().position(|level| *level == value) else {
                let near = crate::config::suggest::nearest(&value, LEVELS);
                // HAProxy takes the two for each other.
                let text = format!("unknown log level 'level' after '{value}'");
                return cx.diags.alert_suggest(cx.line, cx.first + 2, text, near);
            };
            cx.config().email_alert.level = u8::try_from(level).ok();
            return warn_of_more(cx, &what);
        }
        _ => {}
    }
    let alert = &mut cx.config().email_alert;
    let field = match what.as_str() {
        "from" => &mut alert.from,
        "mailers" => &mut alert.mailers,
        "myhostname" => &mut alert.myhostname,
        "to" => &mut alert.to,
        _ => {
            let near = crate::config::suggest::nearest(&what, ["from", "level", "mailers", "myhostname", "to"]);
            let text = format!("email-alert: unknown argument '{what}'.");
            return cx.diags.alert_suggest(cx.line, cx.first + 1, text, near);
        }
    };
    *field = Some(value);
    warn_of_more(cx, &what);
}

fn warn_of_more(cx: &mut Cx<'_>, what: &str) {
    if !cx.arg(3).is_empty() {
        cx.warning(3, format!("'email-alert {what}' : argument '{}' has no effect.", cx.arg(3)));
    }
}

/// Looks for the section of mailers, and warns where something is missing.
pub(super) fn finish(draft: &mut Draft, all: &[MailersConfig], diags: &mut Diagnostics) {
    let (label, name) = (draft.section.label(), draft.config.name.clone());
    let alert = &mut draft.config.email_alert;
    if *alert == EmailAlert::default() {
        return;
    }
    let (Some(mailers), Some(_), Some(_)) = (&alert.mailers, &alert.from, &alert.to) else {
        diags.warning_global(format!(
            "'email-alert' will be ignored for {label} '{name}' (the presence any of 'email-alert from', 'email-alert \
             level' 'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert \
             from', 'email-alert mailers' and 'email-alert to' to be present)."
        ));
        return;
    };
    alert.section = all.iter().position(|known| known.name == *mailers);
    if alert.section.is_none() {
        diags.alert_global(format!("Proxy '{name}': unable to find mailers '{mailers}'."));
    }
}
