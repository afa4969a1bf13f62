//! HAProxy's words of flags, from what is known of a stream.
//!
//! The bits were read off HAProxy 2.6.12 with streams in known states; each is named after the state that sets it.

use super::{Channel, HttpMethod, SessionInfo, SessionProtocol, SessionStage};

/// Of a direction: the words `f=` in `rq[]` and `rp[]`.
mod channel {
    /// It is the response's.
    pub(super) const RESPONSE: u32 = 0x8000_0000;
    /// The whole message was received.
    pub(super) const COMPLETE: u32 = 0x4000_0000;
    /// Nothing has to be waited for before it is forwarded to its end.
    pub(super) const FORWARD_ALL: u32 = 0x0800_0000;
    /// What is there was not taken yet.
    pub(super) const UNTAKEN: u32 = 0x0400_0000;
    /// Nothing more is to be read.
    pub(super) const NO_READ: u32 = 0x0100_0000;
    /// The server may be connected to.
    pub(super) const CONNECT: u32 = 0x0080_0000;
    /// A message is waited for, or held.
    pub(super) const MESSAGE: u32 = 0x0040_0000;
    /// Something was moved.
    pub(super) const MOVED: u32 = 0x0004_0000;
    /// Much was moved at once.
    pub(super) const STREAMING: u32 = 0x0003_0000;
    /// The end of one side is the end of the other.
    pub(super) const AUTO_CLOSE: u32 = 0x0000_8000;
    /// Closing is to be passed on.
    pub(super) const CLOSING: u32 = 0x0000_4000;
    /// Closing was passed on.
    pub(super) const CLOSED: u32 = 0x0000_2000;
    /// Something was sent since the stream last took a step.
    pub(super) const SENT: u32 = 0x0000_0200;
    /// The head of the request was sent.
    pub(super) const HEAD_SENT: u32 = 0x0000_0080;
    /// The sender has closed.
    pub(super) const ENDED: u32 = 0x0000_0020;
    /// Something was received since the stream last took a step.
    pub(super) const RECEIVED: u32 = 0x0000_0002;
}

/// Of a direction: what works on it, the words `an=`.
mod analyser {
    pub(super) const INSPECT: u32 = 0x22;
    pub(super) const TARPIT: u32 = 0x200;
    pub(super) const WAIT_BODY: u32 = 0x908;
    pub(super) const REQUEST_BODY: u32 = 0x8000;
    pub(super) const WAIT_RESPONSE: u32 = 0x0140_0000;
    pub(super) const RESPONSE_BODY: u32 = 0x0400_0000;
}

/// What each word of a stream is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// `flags=` of the stream.
    pub(super) stream: u32,
    /// `flags=` of the exchange.
    pub(super) exchange: u32,
    pub(super) request: u32,
    pub(super) request_analysers: u32,
    pub(super) response: u32,
    pub(super) response_analysers: u32,
    /// Number and name of the state of the end towards the server.
    pub(super) state: (u8, &'static str),
    /// Of both ends of the stream.
    pub(super) front: u32,
    pub(super) back: u32,
    /// Of what is behind them.
    pub(super) front_endpoint: u32,
    pub(super) back_endpoint: u32,
    /// What they wait for: 1 for data, 2 for room.
    pub(super) front_waits: u8,
    pub(super) back_waits: u8,
}

impl Words {
    pub(super) fn of(session: &SessionInfo) -> Self {
        let (request, request_analysers) = match &session.http {
            _ if is_cli(session.stage) => (cli_request(session), 0),
            Some(_) => http_request(session),
            None => tcp_request(session),
        };
        let (response, response_analysers) = match &session.http {
            _ if is_cli(session.stage) => (cli_response(session), 0),
            Some(_) => http_response(session),
            None => (channel::RESPONSE | tcp_direction(session, &session.response), 0),
        };
        let mut words = Self {
            stream: stream(session),
            exchange: exchange(session),
            request,
            request_analysers,
            response,
            response_analysers,
            state: state(session.stage),
            ..Self::default()
        };
        words.ends(session);
        words
    }

    /// The words of the two ends.
    fn ends(&mut self, session: &SessionInfo) {
        let judged = !matches!(session.stage, SessionStage::Rules | SessionStage::Buffering | SessionStage::Tarpit);
        let complete = session.http.is_some() && session.request.finished && judged && session.backend.is_some();
        let no_body = session.http.as_ref().is_some_and(|http| !http.has_body());
        let tunnel = session.stage == SessionStage::Tunnel && session.http.is_some();
        self.front = match () {
            () if tunnel || is_cli(session.stage) => 0,
            () => {
                let waits =
                    matches!(session.stage, SessionStage::Queue | SessionStage::Connect | SessionStage::TurnAround);
                let stuck = session.request.blocked || (waits && complete);
                bits(complete && no_body, 0x80) | bits(stuck, 0x200)
            }
        };
        let upgrade = session.http.as_ref().is_some_and(|http| tunnel && http.method != HttpMethod::Connect);
        let done = complete && !tunnel && session.stage != SessionStage::TurnAround;
        self.back = 1 | bits(done || upgrade, 0x10) | bits(session.response.blocked, 0x200);
        let waits = |reads: &Channel, writes: &Channel| {
            if writes.blocked { 2 | u8::from(!reads.blocked) } else { u8::from(!reads.blocked) }
        };
        self.front_waits = waits(&session.request, &session.response);
        self.back_waits = match self.state.0 {
            8 if is_cli(session.stage) => 0,
            8 => waits(&session.response, &session.request),
            5 => 2,
            _ => 0,
        };
        self.front_endpoint = endpoint(session, &session.request, &session.response, session.client.protocol)
            | bits(session.http.is_some() && session.request.finished && no_body, 0x4000)
            | bits(session.http.as_ref().is_some_and(|http| http.later), 0x1000);
        self.back_endpoint = match (self.state.0, &session.server_end) {
            (8, Some(end)) => endpoint(session, &session.response, &session.request, end.protocol),
            (8, None) => 0x0280_0002,
            (5, _) => 1,
            _ => 0x10,
        };
    }
}

/// `bits` where `yes`.
fn bits(yes: bool, bits: u32) -> u32 {
    if yes { bits } else { 0 }
}

/// The flags of what is behind one end: 1 is a connection, 0x02000000 data is wanted, 0x00800000 nothing is stuck in
/// front of it, 0x00180000 what came from it is stuck, 0x00040000 bytes may be moved without a look at them.
fn endpoint(session: &SessionInfo, reads: &Channel, writes: &Channel, protocol: SessionProtocol) -> u32 {
    let bytes = matches!(protocol, SessionProtocol::Tcp | SessionProtocol::Cli);
    let bulk = bytes || session.stage == SessionStage::Tunnel;
    1 | bits(!reads.blocked, 0x0200_0000)
        | bits(!writes.blocked, 0x0080_0000)
        | bits(reads.blocked, 0x0018_0000)
        | bits(bulk, 0x0004_0000)
        | bits(bytes, 0x0008_0000)
}

fn state(stage: SessionStage) -> (u8, &'static str) {
    match stage {
        SessionStage::Rules | SessionStage::Buffering | SessionStage::Tarpit | SessionStage::Reply => (0, "INI"),
        SessionStage::Queue => (2, "QUE"),
        SessionStage::TurnAround => (3, "TAR"),
        SessionStage::Connect => (5, "CON"),
        SessionStage::Response | SessionStage::Data | SessionStage::Tunnel | SessionStage::Cli { .. } => (8, "EST"),
    }
}

fn is_cli(stage: SessionStage) -> bool {
    matches!(stage, SessionStage::Cli { .. })
}

/// Whether a command has come, as a whole or up to its payload.
fn has_begun(session: &SessionInfo) -> bool {
    let under_way = matches!(session.stage, SessionStage::Cli { running, payload, .. } if running || payload);
    under_way || session.response.total > 0
}

/// What came of commands and went of answers: both directions know of both.
fn cli_request(session: &SessionInfo) -> u32 {
    use channel::*;
    let came = has_begun(session);
    CONNECT | AUTO_CLOSE | bits(came, MESSAGE | RECEIVED) | bits(session.request.active, MOVED | SENT)
}

fn cli_response(session: &SessionInfo) -> u32 {
    use channel::*;
    let came = has_begun(session);
    RESPONSE | AUTO_CLOSE | bits(came, RECEIVED) | bits(session.response.active, MOVED | SENT)
}

fn is_connecting(stage: SessionStage) -> bool {
    matches!(stage, SessionStage::Queue | SessionStage::TurnAround | SessionStage::Connect)
}

fn http_request(session: &SessionInfo) -> (u32, u32) {
    use channel::*;
    let flow = &session.request;
    let body = session.http.as_ref().is_some_and(|http| http.has_body());
    let complete = if flow.finished { COMPLETE } else { 0 };
    match session.stage {
        SessionStage::Buffering => (MESSAGE | UNTAKEN | complete, analyser::WAIT_BODY),
        SessionStage::Tarpit => (MESSAGE | complete, analyser::TARPIT),
        SessionStage::Tunnel => (FORWARD_ALL | CONNECT | MESSAGE | MOVED | AUTO_CLOSE | moved(flow) | closed(flow), 0),
        _ if session.backend.is_none() => (MESSAGE | complete, 0),
        stage => {
            let sent = if is_connecting(stage) { UNTAKEN } else { MOVED | HEAD_SENT };
            let all = if flow.finished { FORWARD_ALL | complete } else { 0 };
            let no_read = if flow.finished && !body { NO_READ } else { 0 };
            let held = if flow.blocked { STREAMING | SENT | RECEIVED } else { MESSAGE };
            (CONNECT | sent | all | no_read | held, analyser::REQUEST_BODY)
        }
    }
}

fn http_response(session: &SessionInfo) -> (u32, u32) {
    use channel::*;
    let flow = &session.response;
    let word = |bits| RESPONSE | bits;
    match session.stage {
        SessionStage::Response => (word(MESSAGE), analyser::WAIT_RESPONSE),
        SessionStage::Data => {
            let streaming = if flow.blocked { STREAMING } else { 0 };
            (word(MOVED | streaming | moved(flow)), analyser::RESPONSE_BODY)
        }
        SessionStage::Tunnel => (word(FORWARD_ALL | MOVED | AUTO_CLOSE | moved(flow) | closed(flow)), 0),
        _ => (word(0), 0),
    }
}

fn tcp_request(session: &SessionInfo) -> (u32, u32) {
    use channel::*;
    let flow = &session.request;
    match session.stage {
        SessionStage::Rules => (0, analyser::INSPECT),
        stage if is_connecting(stage) => {
            let ended = if flow.finished { CLOSING | ENDED } else { 0 };
            (CONNECT | AUTO_CLOSE | ended, 0)
        }
        _ => (CONNECT | tcp_direction(session, flow), 0),
    }
}

fn tcp_direction(session: &SessionInfo, flow: &Channel) -> u32 {
    use channel::*;
    if session.stage != SessionStage::Tunnel {
        return 0;
    }
    let some = if flow.total > 0 { MOVED } else { 0 };
    let streaming = if flow.blocked { STREAMING } else { 0 };
    AUTO_CLOSE | some | streaming | moved(flow) | closed(flow)
}

fn moved(flow: &Channel) -> u32 {
    if flow.active || flow.blocked { channel::SENT | channel::RECEIVED } else { 0 }
}

fn closed(flow: &Channel) -> u32 {
    if flow.finished { channel::CLOSED | channel::ENDED } else { 0 }
}

/// 8: a backend was chosen, 2 and 0x40: and a server, 0x800: HTTP, 0x400: the method only reads, 0x400000: the protocol
/// was changed.
fn stream(session: &SessionInfo) -> u32 {
    if is_cli(session.stage) {
        return 8;
    }
    let upgraded = session.http.as_ref().is_some_and(|http| http.status == Some(101));
    bits(session.backend.is_some(), 8)
        | bits(session.server.is_some() || state(session.stage).0 >= 5, 0x42)
        | bits(session.http.is_some(), 0x800)
        | bits(session.http.as_ref().is_some_and(|http| http.method.is_safe()), 0x400)
        | bits(upgraded, 0x40_0000)
}

/// 0x3000: the method only reads, 0x10: it is tarpitted, 0x8000: it became a tunnel, 0x40000: not the first of its
/// connection.
fn exchange(session: &SessionInfo) -> u32 {
    let Some(http) = &session.http else { return 0 };
    let later = bits(http.later, 0x4_0000);
    match session.stage {
        SessionStage::Tunnel => 0x8000 | later,
        SessionStage::Tarpit => bits(http.method.is_safe(), 0x3000) | 0x10 | later,
        _ => bits(http.method.is_safe(), 0x3000) | later,
    }
}
