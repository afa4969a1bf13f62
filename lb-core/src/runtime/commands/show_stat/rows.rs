//! A row of `show stat` for each frontend, listener, server and backend: which columns it fills, and with what.

use std::time::Duration;

use super::super::typed::Value;
use super::columns::Field;
use crate::config::{Address, Mode};
use crate::server::check::CheckResult;
use crate::stats::{
    AgentSnapshot, BackendSnapshot, CheckSnapshot, FrontendSnapshot, ListenerSnapshot, MuxTotals, ProxySnapshot,
    ServerSnapshot, TlsTotals,
};

/// What a row is about; its number is the bit of the command's filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Frontend,
    Backend,
    Server,
    Listener,
}

impl Kind {
    /// Bit of the filter.
    pub(super) fn bit(self) -> u32 {
        match self {
            Self::Frontend => 1,
            Self::Backend => 2,
            Self::Server => 4,
            Self::Listener => 8,
        }
    }

    /// Value of the column `type`.
    fn number(self) -> u32 {
        self.bit().trailing_zeros()
    }

    /// Its letter in the typed form.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Frontend => 'F',
            Self::Backend => 'B',
            Self::Server => 'S',
            Self::Listener => 'L',
        }
    }

    /// Its name in the JSON form.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Frontend => "Frontend",
            Self::Backend => "Backend",
            Self::Server => "Server",
            Self::Listener => "Listener",
        }
    }
}

/// A row: the columns that apply, in order. The others stay empty.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) kind: Kind,
    /// Number of the proxy.
    pub(super) proxy: u32,
    /// Number of the server or listener; 0 else.
    pub(super) id: u32,
    pub(super) values: Vec<(Field, Value)>,
}

impl Row {
    fn new(kind: Kind, proxy: &ProxySnapshot, name: &str, id: u32) -> Self {
        let mut row = Self { kind, proxy: proxy.id, id, values: Vec::with_capacity(96) };
        row.text(Field::Pxname, &*proxy.name);
        row.text(Field::Svname, name);
        row.u32s(&[(Field::Pid, 1), (Field::Iid, proxy.id), (Field::Sid, id), (Field::Type, kind.number())]);
        row.text(Field::Mode, if proxy.mode == Mode::Http { "http" } else { "tcp" });
        row
    }

    fn done(mut self) -> Self {
        self.values.sort_by_key(|(field, _)| *field);
        self
    }

    fn text(&mut self, field: Field, text: impl Into<String>) {
        self.values.push((field, Value::Str(text.into())));
    }

    fn u32s(&mut self, values: &[(Field, u32)]) {
        self.values.extend(values.iter().map(|(field, value)| (*field, Value::U32(*value))));
    }

    fn u64s(&mut self, values: &[(Field, u64)]) {
        self.values.extend(values.iter().map(|(field, value)| (*field, Value::U64(*value))));
    }

    fn tls(&mut self, tls: &TlsTotals) {
        self.u64s(&[
            (Field::SslSess, tls.sessions),
            (Field::SslReusedSess, tls.resumed),
            (Field::SslFailedHandshake, tls.failed_handshakes),
        ]);
    }

    fn mux(&mut self, mux: &MuxTotals) {
        self.u64s(&[
            (Field::H2HeadersRcvd, mux.h2_headers_received),
            (Field::H2DataRcvd, mux.h2_data_received),
            (Field::H2SettingsRcvd, mux.h2_settings_received),
            (Field::H2RstStreamRcvd, mux.h2_rst_stream_received),
            (Field::H2GoawayRcvd, mux.h2_goaway_received),
            (Field::H2DetectedConnProtocolErrors, mux.h2_connection_protocol_errors),
            (Field::H2DetectedStrmProtocolErrors, mux.h2_stream_protocol_errors),
            (Field::H2RstStreamResp, mux.h2_rst_stream_sent),
            (Field::H2GoawayResp, mux.h2_goaway_sent),
            (Field::H2OpenConnections, mux.h2_open_connections),
            (Field::H2BackendOpenStreams, mux.h2_open_streams),
            (Field::H2TotalConnections, mux.h2_connections),
            (Field::H2BackendTotalStreams, mux.h2_streams),
            (Field::H1OpenConnections, mux.h1_open_connections),
            (Field::H1OpenStreams, mux.h1_open_streams),
            (Field::H1TotalConnections, mux.h1_connections),
            (Field::H1TotalStreams, mux.h1_streams),
            (Field::H1BytesIn, mux.h1_bytes_in),
            (Field::H1BytesOut, mux.h1_bytes_out),
            (Field::H1SplicedBytesIn, mux.h1_spliced_bytes_in),
            (Field::H1SplicedBytesOut, mux.h1_spliced_bytes_out),
        ]);
    }
}

/// Columns of HTTP responses, by class.
fn classes(totals: [u64; 6]) -> [(Field, u64); 6] {
    let fields = [Field::Hrsp1xx, Field::Hrsp2xx, Field::Hrsp3xx, Field::Hrsp4xx, Field::Hrsp5xx, Field::HrspOther];
    std::array::from_fn(|index| (fields[index], totals[index]))
}

pub(super) fn frontend(proxy: &ProxySnapshot, frontend: &FrontendSnapshot) -> Row {
    let mut row = Row::new(Kind::Frontend, proxy, "FRONTEND", 0);
    let totals = &frontend.totals;
    row.text(Field::Status, frontend.status.word());
    row.u32s(&[
        (Field::Scur, frontend.sessions.current),
        (Field::Smax, frontend.sessions.max),
        (Field::Slim, frontend.sessions.limit),
        (Field::Rate, frontend.session_rate.current),
        (Field::RateLim, frontend.session_rate.limit),
        (Field::RateMax, frontend.session_rate.max),
        (Field::ReqRate, frontend.request_rate.current),
        (Field::ReqRateMax, frontend.request_rate.max),
        (Field::ConnRate, frontend.connection_rate.current),
        (Field::ConnRateMax, frontend.connection_rate.max),
    ]);
    // What has no counter belongs to something that cannot be configured yet.
    row.u64s(&[
        (Field::Stot, totals.sessions),
        (Field::Bin, totals.bytes_in),
        (Field::Bout, totals.bytes_out),
        (Field::Dreq, totals.denied_requests),
        (Field::Dresp, totals.denied_responses),
        (Field::Ereq, totals.request_errors),
        (Field::ReqTot, totals.requests),
        (Field::CompIn, 0),
        (Field::CompOut, 0),
        (Field::CompByp, 0),
        (Field::CompRsp, 0),
        (Field::ConnTot, totals.connections),
        (Field::Dcon, totals.denied_connections),
        (Field::Dses, totals.denied_sessions),
        (Field::Wrew, 0),
        (Field::Eint, 0),
    ]);
    if proxy.mode == Mode::Http {
        row.u64s(&classes([
            totals.responses_1xx,
            totals.responses_2xx,
            totals.responses_3xx,
            totals.responses_4xx,
            totals.responses_5xx,
            totals.responses_other,
        ]));
        row.u64s(&[(Field::Intercepted, totals.intercepted), (Field::CacheLookups, 0), (Field::CacheHits, 0)]);
    }
    row.tls(&frontend.tls);
    row.mux(&frontend.mux);
    row.done()
}

pub(super) fn listener(proxy: &ProxySnapshot, listener: &ListenerSnapshot, brief: bool) -> Row {
    let mut row = Row::new(Kind::Listener, proxy, &listener.name, listener.id);
    let (sessions, totals) = (&listener.sessions, &listener.totals);
    let full = sessions.limit != 0 && sessions.current >= sessions.limit;
    row.text(Field::Status, if full { "FULL" } else { "OPEN" });
    row.u32s(&[(Field::Scur, sessions.current), (Field::Smax, sessions.max), (Field::Slim, sessions.limit)]);
    row.u64s(&[
        (Field::Stot, totals.sessions),
        (Field::Bin, totals.bytes_in),
        (Field::Bout, totals.bytes_out),
        (Field::Dreq, totals.denied_requests),
        (Field::Dresp, totals.denied_responses),
        (Field::Ereq, totals.request_errors),
        (Field::Dcon, totals.denied_connections),
        (Field::Dses, totals.denied_sessions),
        (Field::Wrew, 0),
        (Field::Eint, 0),
    ]);
    if !brief {
        row.text(Field::Addr, address(&listener.address));
    }
    row.tls(&listener.tls);
    row.done()
}

pub(super) fn server(proxy: &ProxySnapshot, server: &ServerSnapshot, brief: bool) -> Row {
    let mut row = Row::new(Kind::Server, proxy, &server.name, server.id);
    let totals = &server.totals;
    row.text(Field::Status, server.status.to_string());
    row.u32s(&[
        (Field::Qcur, server.queue.current),
        (Field::Qmax, server.queue.max),
        (Field::Scur, server.sessions.current),
        (Field::Smax, server.sessions.max),
        (Field::Weight, server.weight),
        (Field::Act, u32::from(!server.backup)),
        (Field::Bck, u32::from(server.backup)),
        (Field::Lastchg, seconds(server.since_change)),
        (Field::Rate, server.session_rate.current),
        (Field::RateMax, server.session_rate.max),
        (Field::SrvIcur, server.idle),
        (Field::IdleConnCur, server.idle.saturating_sub(server.idle_reused)),
        (Field::SafeConnCur, server.idle_reused),
        (Field::UsedConnCur, server.used),
        (Field::NeedConnEst, server.needed),
        (Field::Uweight, server.user_weight),
        (Field::Qtime, milliseconds(totals.queue_time)),
        (Field::Ctime, milliseconds(totals.connect_time)),
        (Field::Rtime, milliseconds(totals.response_time)),
        (Field::Ttime, milliseconds(totals.total_time)),
        (Field::QtimeMax, milliseconds(totals.queue_time_max)),
        (Field::CtimeMax, milliseconds(totals.connect_time_max)),
        (Field::RtimeMax, milliseconds(totals.response_time_max)),
        (Field::TtimeMax, milliseconds(totals.total_time_max)),
    ]);
    let limits = [
        (Field::Slim, (server.sessions.limit != 0).then_some(server.sessions.limit)),
        (Field::Qlimit, (server.queue.limit != 0).then_some(server.queue.limit)),
        (Field::SrcIlim, server.idle_limit),
        (Field::Throttle, server.throttle),
    ];
    for (field, limit) in limits {
        if let Some(limit) = limit {
            row.u32s(&[(field, limit)]);
        }
    }
    row.values.push((Field::Lastsess, Value::S32(last_session(server.last_session))));
    row.u64s(&[
        (Field::Stot, totals.sessions),
        (Field::Bin, totals.bytes_in),
        (Field::Bout, totals.bytes_out),
        (Field::Dresp, totals.denied_responses),
        (Field::Econ, totals.connection_errors),
        (Field::Eresp, totals.response_errors),
        (Field::Wretr, totals.retries),
        (Field::Wredis, totals.redispatches),
        (Field::Lbtot, totals.picked),
        (Field::CliAbrt, totals.client_aborts),
        (Field::SrvAbrt, totals.server_aborts),
        (Field::Wrew, 0),
        (Field::Connect, totals.connects),
        (Field::Reuse, totals.reuses),
        (Field::Eint, 0),
    ]);
    if proxy.mode == Mode::Http {
        row.u64s(&classes([
            totals.responses_1xx,
            totals.responses_2xx,
            totals.responses_3xx,
            totals.responses_4xx,
            totals.responses_5xx,
            totals.responses_other,
        ]));
        row.u64s(&[(Field::ReqTot, totals.requests)]);
    }
    if let Some(tracked) = &server.tracked {
        row.text(Field::Tracked, &**tracked);
    }
    if !brief {
        row.text(Field::Addr, server.address.as_ref().map(address).unwrap_or_default());
        if let Some(cookie) = &server.cookie {
            row.text(Field::Cookie, cookie.as_str());
        }
    }
    if let Some(check) = &server.check {
        checks(&mut row, check);
    }
    if let Some(failures) = server.observed_failures {
        row.u64s(&[(Field::Hanafail, failures)]);
    }
    if let Some(asked) = &server.agent {
        agent(&mut row, asked);
    }
    row.tls(&server.tls);
    row.done()
}

/// Columns of a server with `check`.
fn checks(row: &mut Row, check: &CheckSnapshot) {
    row.u64s(&[(Field::Chkfail, check.failed), (Field::Chkdown, check.down_transitions)]);
    row.u32s(&[(Field::Downtime, seconds(check.downtime))]);
    // In maintenance no check is made, unless they were enabled there.
    if check.paused {
        return;
    }
    let health = &check.health;
    row.u32s(&[
        (Field::CheckRise, health.rise()),
        (Field::CheckFall, health.fall()),
        (Field::CheckHealth, health.value()),
    ]);
    let fields = [Field::CheckStatus, Field::CheckCode, Field::CheckDuration, Field::CheckDesc, Field::LastChk];
    // While a check is under way there is neither a code nor a text of it.
    found(row, fields, check.last.as_ref(), check.running, check.running);
}

/// Columns of a server whose agent is asked.
fn agent(row: &mut Row, agent: &AgentSnapshot) {
    let health = &agent.health;
    row.u32s(&[
        (Field::AgentRise, health.rise()),
        (Field::AgentFall, health.fall()),
        (Field::AgentHealth, health.value()),
    ]);
    let fields = [Field::AgentStatus, Field::AgentCode, Field::AgentDuration, Field::AgentDesc, Field::LastAgt];
    found(row, fields, agent.last.as_ref(), agent.running, false);
}

/// What a check or an agent said last: status, code, duration, description and more about it.
fn found(row: &mut Row, fields: [Field; 5], last: Option<&CheckResult>, running: bool, hidden: bool) {
    let [status, code, duration, description, more] = fields;
    let running = if running { "* " } else { "" };
    let Some(last) = last else {
        row.text(status, format!("{running}INI"));
        return row.text(description, "Initializing");
    };
    row.text(status, format!("{running}{}", last.status.word()));
    if let Some(value) = last.shown_code() {
        row.u64s(&[(code, if hidden { 0 } else { u64::try_from(value).unwrap_or(0) })]);
    }
    // Where nothing was checked HAProxy shows -1 in 64 bits.
    let took = last.duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    row.u64s(&[(duration, took.unwrap_or(u64::MAX))]);
    row.text(description, last.status.description());
    row.text(more, last.info.clone().filter(|_| last.kept && !hidden).unwrap_or_default());
}

/// `counted`: with how many of its servers are up, and how many there are. HAProxy tells that where some are left out.
pub(super) fn backend(proxy: &ProxySnapshot, backend: &BackendSnapshot, brief: bool, counted: bool) -> Row {
    let mut row = Row::new(Kind::Backend, proxy, "BACKEND", 0);
    let totals = &backend.totals;
    let status = if backend.up { "UP" } else { "DOWN" };
    match counted {
        true => {
            let up = backend.servers.iter().filter(|server| !server.status.is_down()).count();
            row.text(Field::Status, format!("{status} ({up}/{})", backend.servers.len()));
        }
        false => row.text(Field::Status, status),
    }
    row.u32s(&[
        (Field::Qcur, backend.queue.current),
        (Field::Qmax, backend.queue.max),
        (Field::Scur, backend.sessions.current),
        (Field::Smax, backend.sessions.max),
        (Field::Slim, backend.sessions.limit),
        (Field::Weight, backend.weight),
        (Field::Act, backend.active),
        (Field::Bck, backend.backup),
        (Field::Lastchg, seconds(backend.since_change)),
        (Field::Rate, backend.session_rate.current),
        (Field::RateMax, backend.session_rate.max),
        (Field::Uweight, backend.user_weight),
        (Field::AggServerStatus, 0),
        (Field::AggServerCheckStatus, 0),
        (Field::AggCheckStatus, 0),
        (Field::Qtime, milliseconds(totals.queue_time)),
        (Field::Ctime, milliseconds(totals.connect_time)),
        (Field::Rtime, milliseconds(totals.response_time)),
        (Field::Ttime, milliseconds(totals.total_time)),
        (Field::QtimeMax, milliseconds(totals.queue_time_max)),
        (Field::CtimeMax, milliseconds(totals.connect_time_max)),
        (Field::RtimeMax, milliseconds(totals.response_time_max)),
        (Field::TtimeMax, milliseconds(totals.total_time_max)),
    ]);
    if let Some(downtime) = backend.downtime {
        row.u32s(&[(Field::Downtime, seconds(downtime))]);
    }
    row.values.push((Field::Lastsess, Value::S32(last_session(backend.last_session))));
    row.u64s(&[
        (Field::Stot, totals.sessions),
        (Field::Bin, totals.bytes_in),
        (Field::Bout, totals.bytes_out),
        (Field::Dreq, totals.denied_requests),
        (Field::Dresp, totals.denied_responses),
        (Field::Econ, totals.connection_errors),
        (Field::Eresp, totals.response_errors),
        (Field::Wretr, totals.retries),
        (Field::Wredis, totals.redispatches),
        (Field::Chkdown, backend.down_transitions),
        (Field::Lbtot, totals.picked),
        (Field::CliAbrt, totals.client_aborts),
        (Field::SrvAbrt, totals.server_aborts),
        (Field::CompIn, 0),
        (Field::CompOut, 0),
        (Field::CompByp, 0),
        (Field::CompRsp, 0),
        (Field::Wrew, 0),
        (Field::Connect, totals.connects),
        (Field::Reuse, totals.reuses),
        (Field::Eint, 0),
    ]);
    if proxy.mode == Mode::Http {
        row.u64s(&classes([
            totals.responses_1xx,
            totals.responses_2xx,
            totals.responses_3xx,
            totals.responses_4xx,
            totals.responses_5xx,
            totals.responses_other,
        ]));
        row.u64s(&[(Field::ReqTot, totals.requests), (Field::CacheLookups, 0), (Field::CacheHits, 0)]);
    }
    if !brief {
        if let Some(cookie) = &backend.cookie {
            row.text(Field::Cookie, cookie.as_str());
        }
        row.text(Field::Algo, backend.algorithm);
    }
    row.tls(&backend.tls);
    row.mux(&backend.mux);
    row.done()
}

/// An address as the statistics show it: where a socket file is, is not told.
fn address(address: &Address) -> String {
    match address {
        Address::Inet(inet) => inet.to_string(),
        _ => "unix".to_owned(),
    }
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn milliseconds(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn last_session(ago: Option<Duration>) -> i32 {
    ago.map_or(-1, |ago| i32::try_from(ago.as_secs()).unwrap_or(i32::MAX))
}
