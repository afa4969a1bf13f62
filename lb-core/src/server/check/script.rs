//! The script of a backend's checks: its own lines, or those that an option stands for.

use crate::config::model::{
    CheckConfig, CheckConnect, CheckData, CheckExpect, CheckPattern, CheckProtocol, CheckRequest, CheckSend, CheckStep,
    CheckText, MysqlUser,
};
use crate::log::{FormatUse, LogFormat};
use crate::regex::Regex;
use crate::sample::names::Names;
use crate::sample::{Expression, Place, Places, Scope};
use crate::server::check::CheckStatus;

/// How results are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// The status alone: a check of layer 4, and the options that bring a script of their own.
    #[default]
    Plain,
    /// With the step that failed (`option tcp-check`).
    Steps,
    /// With code and reason of the response (`option httpchk`).
    Http,
}

/// What a check does, step by step. The first step is a connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) steps: Vec<CheckStep>,
    /// Steps in front of those that were written: they are not counted.
    pub(crate) implicit: usize,
    pub(crate) style: Style,
    pub(crate) disable_on_404: bool,
    pub(crate) send_state: bool,
}

impl Script {
    /// As a section says. `option external-check` has none.
    pub(crate) fn new(config: &CheckConfig) -> Self {
        let own = match &config.protocol {
            CheckProtocol::Connect | CheckProtocol::External => Self::default(),
            CheckProtocol::Tcp => Self { steps: config.tcp.clone(), style: Style::Steps, ..Self::default() },
            CheckProtocol::Http => http(config),
            CheckProtocol::Redis => plain(redis()),
            CheckProtocol::Smtp(command) => plain(smtp(command)),
            CheckProtocol::Mysql(user) => plain(mysql(user.as_ref())),
            CheckProtocol::Pgsql(user) => plain(pgsql(user)),
            CheckProtocol::Ldap => plain(ldap()),
            CheckProtocol::SslHello => plain(ssl_hello()),
        };
        own.connected()
    }

    /// Adds what is not written: the connection, and what a script without it is.
    fn connected(mut self) -> Self {
        let acts = |step: &&CheckStep| {
            matches!(step, CheckStep::Connect(_) | CheckStep::Send(_) | CheckStep::Request(_) | CheckStep::Expect(_))
        };
        match self.steps.iter().find(acts) {
            Some(CheckStep::Connect(_)) => {}
            Some(_) => {
                self.steps.insert(0, connect(false));
                self.implicit += 1;
            }
            // Nothing is said at all.
            None => self = Self { steps: vec![connect(false)], implicit: 1, style: self.style, ..Self::default() },
        }
        self
    }

    /// The number of a step as messages have it; 0 is the connection that nobody wrote.
    pub(crate) fn number(&self, index: usize) -> usize {
        (index + 1).saturating_sub(self.implicit)
    }

    /// The comment on a step: its own, or one that stands in front of it and others of its kind.
    pub(crate) fn comment(&self, index: usize) -> Option<&str> {
        let step = self.steps.get(index)?;
        let own = match step {
            CheckStep::Connect(connect) => &connect.comment,
            CheckStep::Send(send) => &send.comment,
            CheckStep::Request(request) => &request.comment,
            CheckStep::Expect(expect) => &expect.comment,
            _ => &None,
        };
        if let Some(own) = own {
            return Some(own);
        }
        let before = self.steps.get(..index)?.iter().rev();
        let kind = std::mem::discriminant(step);
        let mut others = before.skip_while(|other| std::mem::discriminant(*other) == kind);
        match others.next() {
            Some(CheckStep::Comment(text)) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is said on the only connection.
    pub(crate) fn only_connects(&self) -> bool {
        self.steps.iter().filter(|step| !matches!(step, CheckStep::Comment(_))).count() == 1
    }

    /// Whether the check is the first to say something on its `index`th connection.
    pub(crate) fn speaks_first(&self, index: usize) -> bool {
        let is_connect = |step: &&CheckStep| matches!(step, CheckStep::Connect(_));
        let connects = |(at, step)| is_connect(&step).then_some(at);
        let Some(at) = self.steps.iter().enumerate().filter_map(connects).nth(index) else { return false };
        let speaks = |step: &CheckStep| match step {
            CheckStep::Send(_) | CheckStep::Request(_) => Some(true),
            CheckStep::Connect(_) | CheckStep::Expect(_) => Some(false),
            _ => None,
        };
        self.steps.iter().skip(at + 1).find_map(speaks).unwrap_or(false)
    }

    /// Its connections, in order.
    pub(crate) fn connections(&self) -> impl Iterator<Item = &CheckConnect> {
        self.steps.iter().filter_map(|step| match step {
            CheckStep::Connect(connect) => Some(&**connect),
            _ => None,
        })
    }
}

fn plain(steps: Vec<CheckStep>) -> Script {
    Script { steps, ..Script::default() }
}

fn connect(linger: bool) -> CheckStep {
    CheckStep::Connect(Box::new(CheckConnect { default: true, linger, ..CheckConnect::default() }))
}

fn send(bytes: impl Into<Vec<u8>>) -> CheckStep {
    CheckStep::Send(CheckSend { data: CheckData::Bytes(bytes.into()), comment: None })
}

fn expect(pattern: CheckPattern, change: impl FnOnce(&mut CheckExpect)) -> CheckStep {
    let mut expect = CheckExpect::new(pattern);
    change(&mut expect);
    CheckStep::Expect(Box::new(expect))
}

fn format(text: &str) -> Option<LogFormat> {
    let names = Names::default();
    let scope = Scope::of(&names, "check");
    LogFormat::parse_in(
        text,
        &FormatUse { http: true, messages: false, rule: true, places: Places::one(Place::Check), scope },
    )
    .ok()
}

fn expression(text: &str) -> Option<Expression> {
    let names = Names::default();
    Expression::parse_words([text], &Scope::of(&names, "check")).ok().map(|(expression, _)| expression)
}

/// A regular expression of this file: a test compiles all of them.
fn regex(text: &str) -> Option<Regex> {
    Regex::new(text, false).ok()
}

/// `option httpchk`: its request goes first where no `send` stands, and any 2xx or 3xx is good where no `expect` does.
fn http(config: &CheckConfig) -> Script {
    let mut steps = config.http.clone();
    let acts = |step: &CheckStep| matches!(step, CheckStep::Connect(_) | CheckStep::Request(_) | CheckStep::Expect(_));
    let first = steps.iter_mut().find_map(|step| match step {
        CheckStep::Request(request) => Some(request),
        _ => None,
    });
    match first {
        Some(request) => {
            let own = std::mem::take(&mut **request);
            let CheckRequest { mut headers, method, uri, version, body, .. } = config.request.clone();
            headers.extend(own.headers);
            **request = CheckRequest {
                method: own.method.or(method),
                uri: own.uri.or(uri),
                version: own.version.or(version),
                headers,
                body: own.body.or(body),
                comment: own.comment,
            };
        }
        None => {
            let first = steps.iter().position(acts);
            let behind = first.filter(|at| matches!(steps.get(*at), Some(CheckStep::Connect(_))));
            steps.insert(behind.map_or(0, |at| at + 1), CheckStep::Request(Box::new(config.request.clone())));
        }
    }
    let last = steps.iter().rev().find(|step| acts(step));
    if let Some(CheckStep::Request(_)) = last {
        steps.push(expect(CheckPattern::Status(vec![(200, 399)]), |_| {}));
    }
    Script {
        steps,
        style: Style::Http,
        disable_on_404: config.disable_on_404,
        send_state: config.send_state,
        ..Script::default()
    }
}

/// `option redis-check`.
fn redis() -> Vec<CheckStep> {
    vec![
        send(b"*1\r\n$4\r\nPING\r\n"),
        expect(CheckPattern::Text(b"+PONG\r\n".to_vec()), |expect| {
            expect.error_status = Some(CheckStatus::L7WrongStatus);
            expect.on_success = format("Redis server is ok");
            expect.on_error = format("%[res.payload(0,0),cut_crlf]");
        }),
    ]
}

/// `option smtpchk`.
fn smtp(command: &str) -> Vec<CheckStep> {
    let text = || format("%[res.payload(4,0),ltrim(' '),cut_crlf]");
    let reply = |pattern: &str, min: Option<u32>| {
        Some(expect(CheckPattern::Regex(regex(pattern)?), |expect| {
            expect.min_recv = min;
            expect.error_status = Some(CheckStatus::L7WrongStatus);
            expect.on_error = text();
            expect.on_success = text();
            expect.status_code = expression("res.payload(0,3)");
        }))
    };
    let banner = regex(r"^[0-9]{3}[ \r]").map(|banner| {
        expect(CheckPattern::Regex(banner), |expect| {
            expect.min_recv = Some(4);
            expect.on_error = format("%[res.payload(0,0),cut_crlf]");
        })
    });
    let steps = [
        Some(connect(true)),
        banner,
        reply(r"^2[0-9]{2}[ \r]", Some(4)),
        Some(send(format!("{command}\r\n"))),
        reply(r"^(2[0-9]{2}-[^\r]*\r\n)*2[0-9]{2}[ \r]", None),
        Some(send("QUIT\r\n")),
        reply(r"^2[0-9]{2}[- \r]", Some(4)),
    ];
    steps.into_iter().flatten().collect()
}

/// `option pgsql-check`.
fn pgsql(user: &str) -> Vec<CheckStep> {
    let startup = [b"\0\x03\0\0user\0", user.as_bytes(), b"\0\0"].concat();
    let length = u32::try_from(startup.len() + 4).unwrap_or(u32::MAX).to_be_bytes();
    let refused = regex("^E").map(|refused| {
        expect(CheckPattern::Regex(refused), |expect| {
            expect.negated = true;
            expect.min_recv = Some(5);
            expect.on_error = format("%[res.payload(6,0)]");
        })
    });
    let asked = regex("^52000000[A-Fa-f0-9]{2}000000(00|02|03|04|05|06|07|09|0A)").map(|asked| {
        expect(CheckPattern::BinaryRegex(asked), |expect| {
            expect.min_recv = Some(9);
            expect.error_status = Some(CheckStatus::L7WrongStatus);
            expect.on_success = format("PostgreSQL server is ok");
            expect.on_error = format("PostgreSQL unknown error");
        })
    });
    [Some(connect(true)), Some(send([&length[..], &startup].concat())), refused, asked].into_iter().flatten().collect()
}

/// `option mysql-check`: a user who logs in without a password, and quits.
fn mysql(user: Option<&MysqlUser>) -> Vec<CheckStep> {
    const QUIT: &[u8] = b"\x01\0\0\0\x01";
    let Some(user) = user else {
        return vec![connect(true), expect(CheckPattern::MysqlGreeting { last: true }, |_| {})];
    };
    let name = user.name.as_bytes();
    let (login, end): (Vec<u8>, &[u8]) = match user.pre_41 {
        // Capabilities, the greatest packet.
        true => ([b"\0\x80\0\0\x01", name].concat(), b"\0\0"),
        // The same, the character set, and 23 bytes that are reserved.
        false => ([&b"\0\x82\0\0\0\x80\0\x01\x21"[..], &[0; 23], name].concat(), b"\0\0"),
    };
    let length = u32::try_from(login.len() + end.len()).unwrap_or(u32::MAX).to_le_bytes();
    let header = [length.first_chunk::<3>().map_or(&[][..], |length| &length[..]), b"\x01"].concat();
    vec![
        connect(true),
        send([&header[..], &login, end, QUIT].concat()),
        expect(CheckPattern::MysqlGreeting { last: false }, |_| {}),
        expect(CheckPattern::MysqlAnswer, |_| {}),
    ]
}

/// `option ldap-check`: an anonymous bind.
fn ldap() -> Vec<CheckStep> {
    vec![send(b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), expect(CheckPattern::Ldap, |_| {})]
}

/// `option ssl-hello-chk`: a ClientHello of SSLv3 with the time and every cipher suite of old.
fn ssl_hello() -> Vec<CheckStep> {
    let suites = (1..=0x1b).chain(0x2f..=0x3a).map(|suite| format!("{suite:04x}")).collect::<String>();
    let random: String = b"HAPROXYSSLCHK\nHAPROXYSSLCHK\n".iter().map(|byte| format!("{byte:02x}")).collect();
    let hello = format!("1603000079010000750300%[date(),htonl,hex]{random}00004e{suites}0100");
    let hello = format(&hello).map(|hello| CheckStep::Send(CheckSend { data: CheckData::Hex(hello), comment: None }));
    let answer = regex("^1[56]").map(|answer| {
        expect(CheckPattern::BinaryRegex(answer), |expect| {
            expect.min_recv = Some(5);
            expect.ok_status = Some(CheckStatus::L6Ok);
            expect.error_status = Some(CheckStatus::L6InvalidResponse);
            expect.timeout_status = Some(CheckStatus::L6Timeout);
            expect.on_error = Some(LogFormat::constant(""));
        })
    });
    [hello, answer].into_iter().flatten().collect()
}

/// The request line's parts where nothing is said.
pub(super) fn request_defaults(request: &CheckRequest) -> (&str, &str) {
    (request.method.as_deref().unwrap_or("OPTIONS"), request.version.as_deref().unwrap_or("HTTP/1.0"))
}

/// The target where nothing is said.
pub(super) fn default_uri() -> CheckText {
    CheckText::Fixed("/".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn steps(protocol: CheckProtocol) -> usize {
        Script::new(&CheckConfig { protocol, ..CheckConfig::default() }).steps.len()
    }

    #[test]
    fn every_protocol_has_its_script() {
        assert_eq!(steps(CheckProtocol::Connect), 1);
        assert_eq!(steps(CheckProtocol::Http), 3);
        assert_eq!(steps(CheckProtocol::Redis), 3);
        assert_eq!(steps(CheckProtocol::Smtp("HELO a".into())), 7);
        assert_eq!(steps(CheckProtocol::Mysql(None)), 2);
        assert_eq!(steps(CheckProtocol::Mysql(Some(MysqlUser { name: "u".into(), pre_41: true }))), 4);
        assert_eq!(steps(CheckProtocol::Pgsql("u".into())), 4);
        assert_eq!(steps(CheckProtocol::Ldap), 3);
        assert_eq!(steps(CheckProtocol::SslHello), 3);
        assert!(format("%[res.payload(4,0),ltrim(' '),cut_crlf]").is_some());
        assert!(format("%[date(),htonl,hex]").is_some() && expression("res.payload(0,3)").is_some());
    }

    #[test]
    fn a_comment_is_for_the_steps_of_one_kind_behind_it() {
        let comment = CheckStep::Comment("c".into());
        let expecting = || expect(CheckPattern::Text(b"a".to_vec()), |_| {});
        let script = plain(vec![comment.clone(), expecting(), expecting(), send("x"), expecting()]).connected();
        assert_eq!(script.implicit, 1);
        let comments: Vec<_> = (0..6).map(|index| script.comment(index)).collect();
        assert_eq!(comments, [None, None, Some("c"), Some("c"), None, None]);
        assert_eq!((script.number(0), script.number(1), script.number(5)), (0, 1, 5));
    }
}
