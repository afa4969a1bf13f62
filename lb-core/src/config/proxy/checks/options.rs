//! `option tcp-check`, `option httpchk` and the other protocols of checks.

use crate::config::model::{CheckProtocol, CheckRequest, CheckText, MysqlUser};
use crate::config::proxy::Cx;
use crate::log::LogFormat;

fn set(cx: &mut Cx<'_>, protocol: CheckProtocol) {
    cx.config().checks.protocol = protocol;
    // Lines above this one are known to be for something else.
    (cx.draft.tcp_check_unused, cx.draft.http_check_unused) = (false, false);
}

/// An option without arguments.
fn plain(cx: &mut Cx<'_>, name: &str, protocol: CheckProtocol) {
    if !cx.too_many(1, &format!("option {name}")) {
        set(cx, protocol);
    }
}

pub(in crate::config::proxy) fn tcp_check(cx: &mut Cx<'_>) {
    plain(cx, "tcp-check", CheckProtocol::Tcp);
}

pub(in crate::config::proxy) fn redis(cx: &mut Cx<'_>) {
    plain(cx, "redis-check", CheckProtocol::Redis);
}

pub(in crate::config::proxy) fn ldap(cx: &mut Cx<'_>) {
    plain(cx, "ldap-check", CheckProtocol::Ldap);
}

pub(in crate::config::proxy) fn ssl_hello(cx: &mut Cx<'_>) {
    plain(cx, "ssl-hello-chk", CheckProtocol::SslHello);
}

pub(in crate::config::proxy) fn external(cx: &mut Cx<'_>) {
    plain(cx, "external-check", CheckProtocol::External);
}

pub(in crate::config::proxy) fn smtpchk(cx: &mut Cx<'_>) {
    if cx.too_many(3, "option smtpchk") {
        return;
    }
    let (hello, domain) = (cx.arg(2), cx.arg(3));
    // Without a domain, or with another command, it is the default one.
    let command = match hello {
        "EHLO" | "HELO" if !domain.is_empty() => format!("{hello} {domain}"),
        _ => "HELO localhost".to_owned(),
    };
    set(cx, CheckProtocol::Smtp(command));
}

pub(in crate::config::proxy) fn mysql(cx: &mut Cx<'_>) {
    let (word, name, version) = (cx.arg(2).to_owned(), cx.arg(3).to_owned(), cx.arg(4).to_owned());
    if cx.too_many(4, "option mysql-check") {
        return;
    }
    let user = match (word.as_str(), name.as_str(), version.as_str()) {
        ("", ..) => None,
        ("user", "", _) => return cx.alert(2, "'option mysql-check user' expects <username> as argument."),
        ("user", _, "" | "post-41") => Some(MysqlUser { name, pre_41: false }),
        ("user", _, "pre-41") => Some(MysqlUser { name, pre_41: true }),
        ("user", _, other) => {
            return cx.alert(4, format!("keyword 'user' only supports 'post-41' and 'pre-41' (got '{other}')."));
        }
        (other, ..) => {
            let text = format!("'option mysql-check' only supports optional values: 'user' (got '{other}').");
            return cx.alert(2, text);
        }
    };
    set(cx, CheckProtocol::Mysql(user));
}

pub(in crate::config::proxy) fn pgsql(cx: &mut Cx<'_>) {
    if cx.too_many(3, "option pgsql-check") {
        return;
    }
    let (word, user) = (cx.arg(2).to_owned(), cx.arg(3).to_owned());
    match (word.as_str(), user.as_str()) {
        ("", _) | (_, "") => cx.alert(1, "'option pgsql-check' expects 'user <username>' as argument."),
        ("user", _) => set(cx, CheckProtocol::Pgsql(user)),
        _ => cx.alert(2, "'option pgsql-check' only supports optional values: 'user'."),
    }
}

pub(in crate::config::proxy) fn httpchk(cx: &mut Cx<'_>) {
    if cx.too_many(4, "option httpchk") {
        return;
    }
    let words: Vec<String> = (2..5).map(|index| cx.arg(index).to_owned()).filter(|word| !word.is_empty()).collect();
    let (method, uri, version) = match words.as_slice() {
        [] => (None, None, None),
        [uri] => (None, Some(uri), None),
        [method, uri] => (Some(method), Some(uri), None),
        [method, uri, version, ..] => (Some(method), Some(uri), Some(version)),
    };
    let mut request = CheckRequest {
        method: method.cloned(),
        uri: uri.map(|uri| CheckText::Fixed(uri.clone())),
        ..CheckRequest::default()
    };
    if let Some(version) = version {
        let (version, hidden) = version.split_once("\r\n").unwrap_or((version, ""));
        request.version = Some(version.to_owned());
        if !hidden.is_empty() {
            if let Err(text) = read_hidden(hidden, &mut request) {
                return cx.alert(4, text);
            }
            let text = "'option httpchk' : hiding headers or body at the end of the version string is deprecated. \
                        Please, consider to use 'http-check send' directive instead.";
            let place = format!("parsing [{}:{}]: ", cx.line.place.file, cx.line.place.line);
            let warning = crate::config::diagnostic::Diagnostic::about(
                crate::config::diagnostic::Severity::Warning,
                cx.line,
                cx.first + 4,
                format!("{place}{text}"),
            );
            cx.diags.push(warning.heading(crate::config::diagnostic::Heading::Whole));
        }
    }
    set(cx, CheckProtocol::Http);
    cx.config().checks.request = request;
}

/// Headers and a body that stand behind the version.
fn read_hidden(hidden: &str, request: &mut CheckRequest) -> Result<(), String> {
    let (fields, body) = match hidden.strip_prefix("\r\n") {
        Some(body) => ("", body),
        None => hidden.split_once("\r\n\r\n").unwrap_or((hidden, "")),
    };
    for field in fields.split("\r\n").filter(|field| !field.is_empty()) {
        let Some((name, value)) = field.split_once(':') else {
            return Err(format!("'option httpchk' : unable to parse the request '{hidden}\r\n\r\n'.."));
        };
        let name = name.trim().to_ascii_lowercase();
        if !matches!(name.as_str(), "content-length" | "transfer-encoding") {
            request.headers.push((name, LogFormat::constant(value.trim())));
        }
    }
    if !body.is_empty() {
        request.body = Some(CheckText::Fixed(body.to_owned()));
    }
    Ok(())
}
