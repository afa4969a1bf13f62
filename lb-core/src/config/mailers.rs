//! `mailers` sections (configuration.txt, section 3.6).

use std::net::SocketAddr;
use std::time::Duration;

use super::address::{AddressRules, ParsedAddress, Port, parse_address};
use super::diagnostic::{Diagnostic, Diagnostics, Heading, Severity};
use super::document::{Line, Section};
use super::model::{MailerConfig, MailersConfig, ProxyConfig};
use super::sections::{NEGATION, bad_name_character};
use crate::units::{TimeUnit, UnitError, parse_time};

/// Keywords of the section.
pub const KEYWORDS: [&str; 2] = ["mailer", "timeout mail"];

/// Reads one section into `all`.
pub fn parse_section(section: &Section, all: &mut Vec<MailersConfig>, diags: &mut Diagnostics) {
    let header = &section.header;
    let name = header.arg(1);
    if name.is_empty() {
        diags.alert(header, 1, "missing name for mailers section.");
    } else if let Some(bad) = bad_name_character(name) {
        diags.alert(header, 1, format!("character '{bad}' is not permitted in 'mailers' name '{name}'."));
    } else if let Some(known) = all.iter().find(|known| known.name == name) {
        let text = format!(
            "mailers section '{name}' has the same name as another mailers section declared at {}:{}.",
            known.place.file, known.place.line
        );
        diags.push(Diagnostic::about(Severity::Alert, header, 1, text).heading(Heading::Name));
    }
    let mut mailers = MailersConfig { place: header.place.clone(), ..MailersConfig::new(name.to_owned()) };
    for line in &section.lines {
        match line.keyword() {
            "mailer" => mailers.mailers.extend(mailer(line, diags)),
            "timeout" => {
                if let Some(timeout) = timeout(line, diags) {
                    mailers.timeout = timeout;
                }
            }
            "no" | "default" => diags.alert_line(line, 0, NEGATION),
            _ => {
                // HAProxy names no near word here.
                let near = super::suggest::nearest(line.keyword(), ["mailer", "timeout"]);
                diags.alert_suggest(
                    line,
                    0,
                    format!("unknown keyword '{}' in 'mailers' section", line.keyword()),
                    near,
                );
            }
        }
    }
    all.push(mailers);
}

/// Once all proxies are known: warns of sections that none of them uses.
pub fn finish(all: &[MailersConfig], proxies: &[ProxyConfig], diags: &mut Diagnostics) {
    for (number, mailers) in all.iter().enumerate() {
        if !proxies.iter().any(|proxy| !proxy.disabled && proxy.email_alert.section == Some(number)) {
            diags.warning_global(format!("Removing incomplete section 'mailers {}'.", mailers.name));
        }
    }
}

/// `mailer <name> <address>:<port>`
fn mailer(line: &Line, diags: &mut Diagnostics) -> Option<MailerConfig> {
    let (name, text) = (line.arg(1), line.arg(2));
    if name.is_empty() || text.is_empty() {
        diags.alert(line, 1, "'mailer' expects <name> and <addr>[:<port>] as arguments.");
        return None;
    }
    if let Some(bad) = bad_name_character(name) {
        diags.alert(line, 1, format!("character '{bad}' is not permitted in server name '{name}'."));
        return None;
    }
    match address(text) {
        Ok(address) => {
            warn_of_more(line, &format!("mailer {name}"), diags);
            Some(MailerConfig { name: name.to_owned(), address })
        }
        Err(message) => {
            diags.alert(line, 2, format!("'mailer {name}' : {message}"));
            None
        }
    }
}

/// HAProxy takes more words and says nothing.
fn warn_of_more(line: &Line, what: &str, diags: &mut Diagnostics) {
    if !line.arg(3).is_empty() {
        diags.warning(line, 3, format!("'{what}' : argument '{}' has no effect.", line.arg(3)));
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let rules = AddressRules { port_mandatory: true, local: true, ..AddressRules::default() };
    match parse_address(text, rules).map_err(|error| error.to_string())? {
        ParsedAddress::Inet(ip, Port::Fixed(port)) => Ok(SocketAddr::new(ip, port)),
        _ => Err("TCP not supported for this address family.".to_owned()),
    }
}

/// `timeout mail <time>`
fn timeout(line: &Line, diags: &mut Diagnostics) -> Option<Duration> {
    let (event, text) = (line.arg(1), line.arg(2));
    match (event, text) {
        ("", _) => diags.alert(line, 1, "'timeout' expects 'mail' and <time> as arguments."),
        ("mail", "") => diags.alert(line, 2, "'timeout mail' expects <time> as argument."),
        ("mail", _) => match parse_time(text, TimeUnit::Milliseconds) {
            // Mails that may take no time at all would never get anywhere.
            Ok(time) => {
                warn_of_more(line, "timeout mail", diags);
                return Some(if time.is_zero() { MailersConfig::DEFAULT_TIMEOUT } else { time });
            }
            Err(UnitError::Unexpected(c)) => {
                diags.alert_line(line, 2, format!("unexpected character '{c}' in argument to <timeout mail>."));
            }
            Err(_) => {
                let text = format!(
                    "timer overflow in argument <{text}> to <timeout mail>, maximum value is 2147483647 ms (~24.8 days)."
                );
                diags.alert_line(line, 2, text);
            }
        },
        _ => {
            diags.alert(line, 1, format!("'timeout' expects 'mail' and <time> as arguments got '{event}'."));
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use crate::config::{Config, LoadOptions};

    #[test]
    fn sections_and_what_proxies_say_of_them() {
        let text = "mailers m\n timeout mail 20s\n mailer a 127.0.0.1:25\n mailer b [::1]:587\n\
                    defaults\n mode tcp\n email-alert from f@x\n email-alert level notice\n\
                    backend one\n email-alert mailers m\n email-alert to t@y\n email-alert myhostname h\n\
                    backend two\n email-alert mailers m\n";
        let config = Config::parse_with(text, "F", &LoadOptions::default()).unwrap().config;
        let mailers = &config.mailers[0];
        assert_eq!((mailers.name.as_str(), mailers.timeout), ("m", Duration::from_secs(20)));
        let addresses: Vec<String> = mailers.mailers.iter().map(|mailer| mailer.address.to_string()).collect();
        assert_eq!(addresses, ["127.0.0.1:25", "[::1]:587"]);
        let [one, two] = [&config.proxies[0].email_alert, &config.proxies[1].email_alert];
        assert_eq!((one.section, one.level, one.from.as_deref()), (Some(0), Some(5), Some("f@x")));
        assert_eq!((one.to.as_deref(), one.myhostname.as_deref()), (Some("t@y"), Some("h")));
        // Nobody to send to: nothing is mailed.
        assert_eq!((two.section, two.mailers.as_deref()), (None, Some("m")));
    }

    #[test]
    fn words_without_effect_are_warned_of() {
        let text = "mailers m\n timeout mail 20s x\n mailer a 127.0.0.1:25 y\nbackend b\n email-alert mailers m z\n \
                    email-alert from f@x t@x\n email-alert to t@y\n email-alert level alert v\n timeout server 1s\n \
                    timeout connect 1s\n";
        let loaded = Config::parse_with(text, "F", &LoadOptions::default()).unwrap();
        let warnings: Vec<&str> = loaded.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(
            warnings,
            [
                "'timeout mail' : argument 'x' has no effect.",
                "'mailer a' : argument 'y' has no effect.",
                "'email-alert mailers' : argument 'z' has no effect.",
                "'email-alert from' : argument 't@x' has no effect.",
                "'email-alert level' : argument 'v' has no effect.",
            ]
        );
    }

    #[test]
    fn no_time_at_all_is_the_default() {
        let text = "mailers m\n timeout mail 0\n mailer a 127.0.0.1:25\n";
        let config = Config::parse_with(text, "F", &LoadOptions::default()).unwrap().config;
        assert_eq!(config.mailers[0].timeout, Duration::from_secs(10));
    }
}
