//! Appends the items of a format to a line, each as its flags ask.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::date::DateStyle;
use super::encode::{Encoding, decimal, encode, hexadecimal, padded};
use super::format::{Flags, Item, LogFormat};
use super::record::ServerAddress;
use super::render::LogContext;
use super::request_line::RequestParts;
use super::source::RecordSource;
use super::variable::Variable;
use crate::sample::Expression;

/// A line in the making.
pub(super) struct Line<'a, R> {
    record: &'a R,
    context: &'a mut LogContext,
    out: &'a mut Vec<u8>,
    flags: Flags,
    /// Whether the line ends with a separator, so that the next one is dropped.
    after_space: bool,
    /// It is a rule's text: what is missing is nothing.
    rule: bool,
    /// The request line, once an item asked for it: several print a part of it.
    request_line: Option<Cow<'a, [u8]>>,
}

impl<'a, R: RecordSource> Line<'a, R> {
    /// An empty line; `rule` says that it is a rule's text, in which what is missing is nothing.
    pub(super) fn new(record: &'a R, context: &'a mut LogContext, out: &'a mut Vec<u8>, rule: bool) -> Self {
        Self { record, context, out, flags: Flags::default(), after_space: true, rule, request_line: None }
    }

    /// Appends what a format comes to; `sample` appends what an expression yields.
    pub(super) fn items(&mut self, format: &LogFormat, mut sample: impl FnMut(&mut Self, &Expression)) {
        for item in &format.items {
            match item {
                Item::Text(text) => {
                    match **text {
                        // As most texts between variables are.
                        [byte] => self.out.push(byte),
                        _ => self.out.extend_from_slice(text),
                    }
                    self.after_space = false;
                }
                // Formats of identifiers and log lines have them; other rules keep their blanks.
                Item::Separator => {
                    if !self.after_space {
                        self.out.push(b' ');
                        self.after_space = true;
                    }
                }
                Item::Variable(variable, flags) => {
                    self.flags = *flags;
                    self.variable(*variable);
                }
                Item::Sample(expression, flags) => {
                    self.flags = *flags;
                    self.after_space = false;
                    sample(self, expression);
                }
            }
        }
    }

    /// What a rule's expression yields: never quoted, and nothing in place of nothing.
    pub(super) fn value(&mut self, value: &[u8]) {
        encode(self.out, value, Encoding::Http, Flags { quote: false, ..self.flags });
    }

    /// Most items of a line are variables: a call for each would cost more than what it does.
    #[inline(always)]
    fn variable(&mut self, variable: Variable) {
        let record = self.record;
        let after_space = std::mem::take(&mut self.after_space);
        match variable {
            Variable::BytesRead => self.growing(record.bytes_to_client()),
            Variable::BytesUploaded => decimal(self.out, record.bytes_from_client()),
            Variable::CapturedRequestCookie => self.text(record.cookie_captured_request(), Encoding::Plain),
            Variable::CapturedResponseCookie => self.text(record.cookie_captured_response(), Encoding::Plain),
            Variable::Hostname => {
                let hostname = self.context.hostname.clone();
                self.text(Some(hostname.as_bytes()), Encoding::Plain);
            }
            Variable::UniqueId => self.text(record.unique_id(), Encoding::Plain),
            Variable::Backend => self.text(Some(record.backend().as_bytes()), Encoding::Plain),
            Variable::Frontend => self.text(Some(record.frontend().as_bytes()), Encoding::Plain),
            Variable::FrontendTransport => self.frontend_transport(),
            Variable::Server => {
                self.text(Some(record.server().map_or("<NOSRV>", |name| name).as_bytes()), Encoding::Plain);
            }
            Variable::TlsCipher => self.text(record.tls().map(|(_, cipher)| cipher.as_bytes()), Encoding::Plain),
            Variable::TlsVersion => self.text(record.tls().map(|(version, _)| version.as_bytes()), Encoding::Plain),
            Variable::Method
            | Variable::UriWithoutQuery
            | Variable::Path
            | Variable::Query
            | Variable::Uri
            | Variable::HttpVersion
            | Variable::Request => self.request(variable),
            Variable::TerminationState => self.termination(false),
            Variable::TerminationStateCookie => self.termination(true),
            // Without captures nothing is written, and the separators on both sides become one.
            Variable::RequestHeaders | Variable::RequestHeadersList if record.captured_request().is_empty() => {
                self.after_space = after_space;
            }
            Variable::ResponseHeaders | Variable::ResponseHeadersList if record.captured_response().is_empty() => {
                self.after_space = after_space;
            }
            Variable::RequestHeaders => self.headers(record.captured_request()),
            Variable::ResponseHeaders => self.headers(record.captured_response()),
            Variable::RequestHeadersList => self.header_list(record.captured_request()),
            Variable::ResponseHeadersList => self.header_list(record.captured_response()),
            Variable::BackendIp => self.ip(record.backend_address()),
            Variable::BackendPort => self.port(record.backend_address()),
            Variable::ServerIp => match record.server_address() {
                Some(ServerAddress::Unix) => self.text(Some(b"unix"), Encoding::Plain),
                address => self.ip(inet(address)),
            },
            Variable::ServerPort => match record.server_address() {
                Some(ServerAddress::Unix) => self.number(0, 4),
                address => self.port(inet(address)),
            },
            Variable::ClientIp => self.client_side_ip(record.client()),
            Variable::FrontendIp => self.client_side_ip(record.frontend_address()),
            Variable::ClientPort => self.client_side_port(record.client()),
            Variable::FrontendPort => self.client_side_port(record.frontend_address()),
            _ => self.number_or_date(variable),
        }
    }

    #[inline(always)]
    fn number_or_date(&mut self, variable: Variable) {
        let record = self.record;
        match variable {
            Variable::Status if record.status() == 0 && record.http() => self.out.extend_from_slice(b"-1"),
            Variable::Status => decimal(self.out, record.status().into()),
            Variable::ActiveTime => self.growing_time(record.ta()),
            Variable::TotalTime => self.growing_time(record.tt()),
            Variable::UserTime => self.growing_time(record.user_time()),
            Variable::ConnectTime => self.time(record.tc()),
            Variable::DataTime => self.time(record.td()),
            Variable::HandshakeTime => self.time(record.th()),
            Variable::IdleTime => self.time(record.ti()),
            Variable::RequestTime => self.time(record.tr_request()),
            Variable::QueryTime => self.time(record.query_time()),
            Variable::ResponseTime => self.time(record.tr()),
            Variable::QueueTime => self.time(record.tw()),
            Variable::Timestamp => self.number(record.accept_date().as_secs(), 4),
            Variable::Milliseconds => {
                let milliseconds = u64::from(record.accept_date().subsec_millis());
                if self.flags.hex {
                    hexadecimal(self.out, milliseconds, 2);
                } else {
                    padded(self.out, milliseconds, 3);
                }
            }
            Variable::ProcessConnections => decimal(self.out, record.actconn().into()),
            Variable::FrontendConnections => decimal(self.out, record.feconn().into()),
            Variable::BackendConnections => decimal(self.out, record.beconn().into()),
            Variable::ServerConnections => decimal(self.out, record.srvconn().into()),
            Variable::ServerQueue => decimal(self.out, record.server_queue().into()),
            Variable::BackendQueue => decimal(self.out, record.backend_queue().into()),
            Variable::Retries => {
                if record.redispatched() {
                    self.out.push(b'+');
                }
                decimal(self.out, record.retries().into());
            }
            Variable::RequestCounter => self.number(record.request_counter(), 4),
            Variable::LogCounter => self.number(self.context.log_counter, 4),
            Variable::Pid => self.number(self.context.pid.into(), 4),
            Variable::AcceptDateGmt => self.date(DateStyle::LogGmt, record.accept_date()),
            Variable::AcceptDateLocal => self.date(DateStyle::LogZone, record.accept_date()),
            Variable::RequestDateGmt => self.date(DateStyle::LogGmt, record.request_date()),
            Variable::RequestDateLocal => self.date(DateStyle::LogZone, record.request_date()),
            Variable::AcceptDate => self.date_milliseconds(record.accept_date()),
            Variable::RequestDate => self.date_milliseconds(record.request_date()),
            _ => {}
        }
    }

    fn date(&mut self, style: DateStyle, date: Duration) {
        self.out.extend_from_slice(self.context.dates.get(style, date));
    }

    fn date_milliseconds(&mut self, date: Duration) {
        self.date(DateStyle::Log, date);
        self.out.push(b'.');
        padded(self.out, date.subsec_millis().into(), 3);
    }

    fn quote(&mut self) {
        if self.flags.quote {
            self.out.push(b'"');
        }
    }

    /// A string; one that is missing or empty is `-`, or an empty pair of quotes.
    #[inline]
    pub(super) fn text(&mut self, value: Option<&[u8]>, encoding: Encoding) {
        match value {
            Some(value) if !value.is_empty() && encoding == Encoding::Plain && self.flags == Flags::default() => {
                self.out.extend_from_slice(value);
            }
            value => self.text_as_flags_say(value, encoding),
        }
    }

    fn text_as_flags_say(&mut self, value: Option<&[u8]>, encoding: Encoding) {
        self.quote();
        match value {
            Some(value) if !value.is_empty() => encode(self.out, value, encoding, self.flags),
            _ if !self.flags.quote && !self.rule => self.out.push(b'-'),
            _ => {}
        }
        self.quote();
    }

    /// A string that is written as nothing when it is empty.
    fn text_or_nothing(&mut self, value: &[u8], encoding: Encoding) {
        self.quote();
        encode(self.out, value, encoding, self.flags);
        self.quote();
    }

    fn frontend_transport(&mut self) {
        self.quote();
        encode(self.out, self.record.frontend().as_bytes(), Encoding::Plain, self.flags);
        if self.record.frontend_tls() {
            self.out.push(b'~');
        }
        self.quote();
    }

    /// The states are never quoted.
    fn termination(&mut self, cookies: bool) {
        let record = self.record;
        self.out.extend_from_slice(&[record.cause() as u8, record.stage() as u8]);
        if cookies {
            self.out.extend_from_slice(&[record.cookie_request().max(b'-'), record.cookie_response().max(b'-')]);
        }
    }

    /// The request line or a part of it; all of them are `<BADREQ>` when no request was understood.
    fn request(&mut self, variable: Variable) {
        let record: &'a R = self.record;
        if let (Variable::Request, None, Some(parts)) = (variable, &self.request_line, record.request_parts()) {
            self.quote();
            for (index, part) in parts.into_iter().enumerate() {
                if index > 0 {
                    self.out.push(b' ');
                }
                encode(self.out, part, Encoding::Uri, self.flags);
            }
            self.quote();
            return;
        }
        let whole = self.request_line.take().unwrap_or_else(|| record.request_line());
        if whole.is_empty() {
            return self.text_or_nothing(b"<BADREQ>", Encoding::Plain);
        }
        let line = &*whole;
        let parts = RequestParts::split(line);
        let part = match variable {
            Variable::Method => parts.method,
            Variable::Uri => parts.uri,
            Variable::HttpVersion => parts.version,
            Variable::UriWithoutQuery => parts.uri_without_query(),
            Variable::Path => parts.path(),
            Variable::Query => parts.query(),
            _ => line,
        };
        self.text_or_nothing(part, Encoding::Uri);
        self.request_line = Some(whole);
    }

    fn headers(&mut self, values: &[Option<Vec<u8>>]) {
        self.quote();
        self.out.push(b'{');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.push(b'|');
            }
            encode(self.out, value.as_deref().unwrap_or_default(), Encoding::Header, self.flags);
        }
        self.out.push(b'}');
        self.quote();
    }

    fn header_list(&mut self, values: &[Option<Vec<u8>>]) {
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.out.push(b' ');
            }
            // A field that was there without a value is not missing.
            match value {
                Some(value) => self.text_or_nothing(value, Encoding::Header),
                None => self.text(None, Encoding::Header),
            }
        }
    }

    fn number(&mut self, value: u64, width: usize) {
        if self.flags.hex {
            hexadecimal(self.out, value, width);
        } else {
            decimal(self.out, value);
        }
    }

    fn growing(&mut self, value: u64) {
        if self.record.early() {
            self.out.push(b'+');
        }
        decimal(self.out, value);
    }

    fn growing_time(&mut self, value: Option<Duration>) {
        if self.record.early() {
            self.out.push(b'+');
        }
        self.time(value);
    }

    fn time(&mut self, value: Option<Duration>) {
        match value {
            Some(value) => {
                decimal(self.out, value.as_secs().saturating_mul(1000).saturating_add(value.subsec_millis().into()))
            }
            None => self.out.extend_from_slice(b"-1"),
        }
    }

    fn ip(&mut self, address: Option<SocketAddr>) {
        let Some(address) = address else { return self.text(None, Encoding::Plain) };
        match (self.flags.hex, address.ip()) {
            (true, IpAddr::V4(v4)) => v4.octets().iter().for_each(|octet| hexadecimal(self.out, (*octet).into(), 2)),
            (true, IpAddr::V6(v6)) => v6.octets().iter().for_each(|octet| hexadecimal(self.out, (*octet).into(), 2)),
            (false, ip) => {
                self.quote();
                write_ip(self.out, ip);
                self.quote();
            }
        }
    }

    fn port(&mut self, address: Option<SocketAddr>) {
        match address {
            Some(address) => self.number(address.port().into(), 4),
            None => self.text(None, Encoding::Plain),
        }
    }

    fn client_side_ip(&mut self, address: Option<SocketAddr>) {
        match address {
            None => self.text(Some(b"unix"), Encoding::Plain),
            Some(_) => self.ip(address),
        }
    }

    fn client_side_port(&mut self, address: Option<SocketAddr>) {
        match address {
            None => decimal(self.out, self.record.listener_id().into()),
            Some(_) => self.port(address),
        }
    }
}

fn inet(address: Option<ServerAddress>) -> Option<SocketAddr> {
    match address {
        Some(ServerAddress::Inet(address)) => Some(address),
        _ => None,
    }
}

/// An address, without brackets.
pub(super) fn write_ip(out: &mut Vec<u8>, ip: IpAddr) {
    use std::io::Write;
    match ip {
        IpAddr::V4(v4) => {
            for (index, octet) in v4.octets().into_iter().enumerate() {
                if index > 0 {
                    out.push(b'.');
                }
                decimal(out, octet.into());
            }
        }
        // Writing into a Vec cannot fail.
        IpAddr::V6(v6) => drop(write!(out, "{v6}")),
    }
}
