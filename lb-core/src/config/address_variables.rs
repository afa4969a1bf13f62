//! Variables in addresses: `bind :${PORT}` needs no quotes, and takes them single, too (configuration.txt, section 11:
//! addresses may hold environment variables). Everywhere else variables stand in double quotes, which the lexer sees to.

use super::document::Line;
use super::environment::Environment;

/// Puts the values of variables into the addresses of a line. An address that would be empty stays as it is and is
/// refused as it was written.
pub(super) fn expand(line: &mut Line, environment: &Environment) {
    if !line.words.iter().any(|word| word.text.contains('$')) {
        return;
    }
    for index in 1..line.words.len() {
        if !is_address(line, index) {
            continue;
        }
        let Some(word) = line.words.get_mut(index) else { continue };
        let value = expanded(&word.text, environment);
        if !value.is_empty() {
            word.text = value;
        }
    }
}

/// Whether word `index` of the line is an address.
fn is_address(line: &Line, index: usize) -> bool {
    let before = line.arg(index - 1);
    match line.keyword() {
        "bind" | "dispatch" | "log" => index == 1,
        "source" => index == 1 || before == "usesrc",
        "stats" => index == 2 && before == "socket",
        "nameserver" | "mailer" => index == 2,
        "server" => index == 2 || (index > 3 && is_before_address(before)),
        "server-template" => index == 3 || (index > 4 && is_before_address(before)),
        "default-server" => index > 1 && is_before_address(before),
        "tcp-check" | "http-check" => line.arg(1) == "connect" && before == "addr",
        _ => false,
    }
}

/// Options of servers whose value is an address.
fn is_before_address(option: &str) -> bool {
    matches!(option, "addr" | "source" | "usesrc" | "socks4")
}

/// `$NAME` and `${NAME}` replaced by the variable's value, or by nothing where there is none. A brace that is not closed
/// does not matter, as in HAProxy.
fn expanded(text: &str, environment: &Environment) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let bare = part.strip_prefix('{');
        let rest = bare.unwrap_or(part);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, behind) = rest.split_at(end);
        out.push_str(environment.get(name).unwrap_or_default());
        out.push_str(if bare.is_some() { behind.strip_prefix('}').unwrap_or(behind) } else { behind });
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::document::Word;
    use crate::config::{Address, Config};

    fn through(words: &str) -> String {
        let environment = [("H", "127.0.0.1"), ("P", "80"), ("E", "")].into_iter().collect();
        let words = words.split(' ').map(|word| Word { text: word.into(), column: 1 }).collect();
        let mut line = Line { words, ..Line::default() };
        expand(&mut line, &environment);
        line.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn where_haproxy_expands_them() {
        for (line, expected) in [
            ("bind ${H}:${P} name ${H}", "bind 127.0.0.1:80 name ${H}"),
            ("bind $H:$P,:${P}", "bind 127.0.0.1:80,:80"),
            ("bind :${P-81}", "bind :80-81}"),
            ("bind ${H[*]}:${P", "bind 127.0.0.1[*]}:80"),
            ("bind ${NONE}:${P}", "bind :80"),
            ("bind ${NONE}", "bind ${NONE}"),
            ("bind ${}${1}${E}", "bind ${}${1}${E}"),
            ("bind \\$P", "bind \\80"),
            ("server $P ${H} check addr ${H} port ${P}", "server $P 127.0.0.1 check addr 127.0.0.1 port ${P}"),
            ("server addr ${H} name", "server addr 127.0.0.1 name"),
            ("server-template s 3 ${H}:${P} socks4 ${H}:1", "server-template s 3 127.0.0.1:80 socks4 127.0.0.1:1"),
            ("default-server source ${H} usesrc ${H}", "default-server source 127.0.0.1 usesrc 127.0.0.1"),
            ("source ${H} usesrc ${H} interface ${H}", "source 127.0.0.1 usesrc 127.0.0.1 interface ${H}"),
            ("log ${H} ${P}", "log 127.0.0.1 ${P}"),
            ("stats socket /s${P} level ${P}", "stats socket /s80 level ${P}"),
            ("stats uri ${P}", "stats uri ${P}"),
            ("nameserver n ${H}:53", "nameserver n 127.0.0.1:53"),
            ("tcp-check connect port ${P} addr ${H}", "tcp-check connect port ${P} addr 127.0.0.1"),
            ("tcp-check send ${P}", "tcp-check send ${P}"),
            ("use_backend ${P}", "use_backend ${P}"),
        ] {
            assert_eq!(through(line), expected, "{line}");
        }
    }

    #[test]
    fn in_both_languages_from_the_line_on_that_sets_them() {
        let cfg = "global\n setenv PORT 8081\nfrontend f\n bind '127.0.0.1:${PORT}'\n bind 127.0.0.1:$PORT\n";
        let config = Config::parse(cfg, "t.cfg").unwrap();
        let wanted = [Address::Inet("127.0.0.1:8081".parse().unwrap())];
        assert!(config.proxies[0].binds.iter().all(|bind| bind.addresses == wanted));
        let toml = "[global]\nsetenv = \"PORT 8081\"\n[[frontend]]\nname = \"f\"\nbind = \"127.0.0.1:${PORT}\"\n";
        let config = Config::parse(toml, "t.toml").unwrap();
        assert_eq!(config.proxies[0].binds[0].addresses, wanted);
    }
}
