//! The text of `show sess` (management.txt, section 9.3): one line for a stream, or everything.

use std::fmt::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::flags::Words;
use super::{Channel, HttpExchange, ProxyRef, ServerRef, SessionInfo, SessionProtocol, SessionStage};
use crate::config::Mode;
use crate::http::message::BodyLength;

impl SessionInfo {
    /// Appends the line of the list.
    pub(crate) fn render_line(&self, out: &mut String) {
        // Writing to a string does not fail.
        let _ = self.write_line(out);
    }

    /// Appends everything that is known, on several lines.
    pub(crate) fn render_detail(&self, out: &mut String) {
        let _ = self.write_detail(out);
    }

    fn write_line(&self, out: &mut String) -> fmt::Result {
        let words = Words::of(self);
        write!(
            out,
            "{}: proto={} src={} fe={} be={} srv={} ts=00 epoch={} age={} calls={} rate={} cpu=0 lat=0",
            self.id,
            family(self.client.source),
            Peer(self.client.source, self.client.listener),
            self.frontend.name,
            self.backend.as_ref().map_or("<NONE>", |backend| &backend.name),
            self.server.as_ref().map_or("<none>", |server| &server.name),
            Prefixed(u64::from(self.epoch)),
            Age(self.age),
            self.calls.0,
            self.calls.1,
        )?;
        write!(
            out,
            " {} {} scf=[8,{:x}h,fd={}] scb=[{},{:x}h,fd={}] exp={} rc={} c_exp={}",
            Line { name: "rq", flags: words.request, analysers: words.request_analysers, channel: &self.request },
            Line { name: "rp", flags: words.response, analysers: words.response_analysers, channel: &self.response },
            words.front,
            self.client.fd,
            words.state.0,
            words.back,
            self.server_end.as_ref().map_or(-1, |end| end.fd),
            Left(self.expires, ""),
            self.retries,
            Left(self.connection_expires(), ""),
        )?;
        out.write_char('\n')
    }

    /// Time left to be given a server, or to reach it.
    fn connection_expires(&self) -> Option<Duration> {
        use super::SessionStage::{Connect, Queue, TurnAround};
        self.stage_expires.filter(|_| matches!(self.stage, Queue | Connect | TurnAround))
    }

    fn write_detail(&self, out: &mut String) -> fmt::Result {
        let words = Words::of(self);
        self.write_identity(out, &words)?;
        self.write_ends(out, &words)?;
        self.write_channel(out, "req", words.request, words.request_analysers, &self.request)?;
        self.write_channel(out, "res", words.response, words.response_analysers, &self.response)
    }

    fn write_identity(&self, out: &mut String, words: &Words) -> fmt::Result {
        let micros = i64::try_from(self.started.as_micros()).unwrap_or(i64::MAX);
        let started = Timestamp::from_microsecond(micros).unwrap_or_default().to_zoned(TimeZone::system());
        writeln!(
            out,
            "{}: [{}] id={} proto={} source={}",
            self.id,
            started.strftime("%d/%b/%Y:%H:%M:%S.%6f"),
            self.number,
            family(self.client.source),
            Peer(self.client.source, self.client.listener),
        )?;
        let held = |yes: bool| if yes { self.id.to_string() } else { "(nil)".to_owned() };
        writeln!(
            out,
            "  flags=0x{:x}, conn_retries={}, conn_exp={} conn_et=0x000 srv_conn={}, pend_pos={} waiting=0 epoch={}",
            words.stream,
            self.retries,
            Left(self.connection_expires(), NEVER),
            held(words.state.0 >= 5 && self.server.is_some()),
            held(words.state.0 == 2),
            Prefixed(u64::from(self.epoch)),
        )?;
        writeln!(
            out,
            "  frontend={} (id={} mode={}), listener={} (id={}) addr={}",
            self.frontend.name,
            self.frontend.id,
            mode(&self.frontend),
            self.client.listener_name.as_deref().unwrap_or("?"),
            self.client.listener,
            Peer(self.client.destination, self.client.listener),
        )?;
        match &self.backend {
            None => writeln!(out, "  backend=<NONE> (id=-1 mode=-)\n  server=<NONE> (id=-1)")?,
            Some(backend) => {
                let local = self.server_end.as_ref().and_then(|end| end.local);
                writeln!(out, "  backend={} (id={} mode={}){}", backend.name, backend.id, mode(backend), At(local))?;
                match &self.server {
                    None => writeln!(out, "  server=<none> (id=0)")?,
                    Some(ServerRef { name, id, address }) => {
                        // An address is told of a connection, not of a plan.
                        let address = address.filter(|_| self.server_end.is_some());
                        writeln!(out, "  server={name} (id={id}){}", At(address))?;
                    }
                }
            }
        }
        let thread = 1u64.checked_shl(self.thread.saturating_sub(1)).unwrap_or_default();
        writeln!(
            out,
            "  task={} (state=0x00 nice={} calls={} rate={} exp={} tmask=0x{thread:x} age={})",
            self.id,
            if matches!(self.stage, SessionStage::Cli { .. }) { -64 } else { 0 },
            self.calls.0,
            self.calls.1,
            Left(self.expires, NEVER),
            Age(self.age),
        )?;
        let Some(http) = &self.http else { return Ok(()) };
        let (request, response) = self.message_states();
        writeln!(
            out,
            "  txn={} flags=0x{:x} meth={} status={} req.st={request} rsp.st={response} req.f=0x{:02x} rsp.f=0x{:02x}",
            self.id,
            words.exchange,
            http.method as u8,
            http.status.map_or(-1, i32::from),
            self.message_flags(http),
            match (http.status, http.chunked) {
                (None, _) => 0,
                (Some(_), true) => 0x0e,
                (Some(_), false) => 0x0d,
            },
        )
    }

    /// What the head of the request said: 1 a length, 2 chunks, 4 version 1.1 or later, 8 how the body ends, 0x40 that
    /// there is none.
    fn message_flags(&self, http: &HttpExchange) -> u32 {
        match http.body {
            BodyLength::None => 0x4c,
            BodyLength::Known(_) => 0x0d,
            BodyLength::Chunked if self.client.protocol == SessionProtocol::Http1 => 0x0e,
            BodyLength::Chunked | BodyLength::UntilClose => 0x0c,
        }
    }

    fn message_states(&self) -> (&'static str, &'static str) {
        use super::SessionStage::{Data, Tarpit, Tunnel};
        let request = match self.stage {
            Tunnel => "MSG_TUNNEL",
            Tarpit => "MSG_BODY",
            _ if self.request.finished => "MSG_DONE",
            _ => "MSG_DATA",
        };
        let response = match self.stage {
            Tunnel => "MSG_TUNNEL",
            Data => "MSG_DATA",
            _ => "MSG_RPBEFORE",
        };
        (request, response)
    }

    fn write_ends(&self, out: &mut String, words: &Words) -> fmt::Result {
        let thread = 1u64.checked_shl(self.thread.saturating_sub(1)).unwrap_or_default();
        let id = self.id;
        writeln!(
            out,
            "  scf={id} flags=0x{:08x} state=EST endp=CONN,{id},0x{:08x} sub={}",
            words.front, words.front_endpoint, words.front_waits
        )?;
        writeln!(
            out,
            "      co0={id} ctrl={} xprt={} mux={} data=STRM target=LISTENER:{id}",
            family(self.client.source),
            transport(self.client.tls),
            mux(self.client.protocol),
        )?;
        let http = if self.client.protocol == SessionProtocol::Cli { 0 } else { 0x8000_0000_u32 };
        writeln!(
            out,
            "      flags=0x{:08x} fd={} fd.state=21 updt=0 fd.tmask=0x{thread:x}",
            0x300 | http,
            self.client.fd
        )?;
        let endpoint = match &self.server_end {
            Some(_) => format!("CONN,{id}"),
            None if self.client.protocol == SessionProtocol::Cli => format!("APPCTX,{id}"),
            None => "NONE,(nil)".to_owned(),
        };
        writeln!(
            out,
            "  scb={id} flags=0x{:08x} state={} endp={endpoint},0x{:08x} sub={}",
            words.back, words.state.1, words.back_endpoint, words.back_waits
        )?;
        match &self.server_end {
            None if self.client.protocol == SessionProtocol::Cli => {
                let (state, mode) = match self.stage {
                    SessionStage::Cli { running, prompt, payload } => {
                        (if running { 9 } else { 2 }, u8::from(prompt) | u8::from(payload) << 1)
                    }
                    _ => (0, 0),
                };
                writeln!(
                    out,
                    "      app1={id} st0={state} st1={mode} st2=0 applet=<CLI> tmask=0x{thread:x} nice=-64 calls={} rate={} cpu=0 lat=0",
                    self.calls.0, self.calls.1
                )
            }
            None => Ok(()),
            Some(end) => {
                let target = if self.server.is_some() { "SERVER" } else { "PROXY" };
                writeln!(
                    out,
                    "      co1={id} ctrl={} xprt={} mux={} data=STRM target={target}:{id}",
                    family(self.server.as_ref().map_or(end.local, |server| server.address)),
                    transport(end.tls),
                    mux(end.protocol),
                )?;
                let connecting = u32::from(words.state.0 == 5) * 0x0040_0000;
                let bytes = u32::from(end.protocol == SessionProtocol::Tcp) * 0x1000_0000;
                let connected = if words.state.0 == 5 { 10010 } else { 10121 };
                writeln!(
                    out,
                    "      flags=0x{:08x} fd={} fd.state={connected} updt=0 fd.tmask=0x{thread:x}",
                    0x300 | connecting | bytes,
                    end.fd
                )
            }
        }
    }

    fn write_channel(&self, out: &mut String, name: &str, flags: u32, analysers: u32, flow: &Channel) -> fmt::Result {
        let id = self.id;
        // -1: whatever comes is passed on.
        let forward = match (&self.http, flow.finished) {
            (Some(_), true) => 0,
            (Some(_), false) if analysers == 0x0140_0000 => 0,
            _ if flags == 0x8000_0000 => 0,
            _ => -1,
        };
        writeln!(out, "  {name}={id} (f=0x{flags:x} an=0x{analysers:x} pipe=0 tofwd={forward} total={})", flow.total)?;
        writeln!(
            out,
            "      an_exp={} rex={} wex={}",
            Left(flow.analyse_expires, NEVER),
            Left(flow.read_expires, NEVER),
            Left(flow.write_expires, NEVER),
        )?;
        let (data, size) = match flow.pending {
            0 => ("(nil)".to_owned(), 0),
            _ => (id.to_string(), self.buffer_size),
        };
        writeln!(out, "      buf={id} data={data} o={} p={} i=0 size={size}", flow.pending, flow.pending)?;
        if self.http.is_some() {
            let used = u32::from(flow.pending > 0);
            // A request that is complete and was not sent yet.
            let whole = if flags & 0x4400_0000 == 0x4400_0000 { 0x10 } else { 0 };
            writeln!(
                out,
                "      htx={id} flags=0x{whole:x} size={size} data={} used={used} wrap=NO extra=0",
                flow.pending
            )?;
        }
        Ok(())
    }
}

const NEVER: &str = "<NEVER>";

fn mode(proxy: &ProxyRef) -> &'static str {
    match proxy.mode {
        Mode::Http => "http",
        Mode::Tcp => "tcp",
    }
}

fn transport(tls: bool) -> &'static str {
    if tls { "SSL" } else { "RAW" }
}

fn mux(protocol: SessionProtocol) -> &'static str {
    match protocol {
        SessionProtocol::Tcp | SessionProtocol::Cli => "PASS",
        SessionProtocol::Http1 => "H1",
        SessionProtocol::Http2 => "H2",
    }
}

fn family(address: Option<SocketAddr>) -> &'static str {
    match address {
        None => "unix_stream",
        Some(SocketAddr::V4(_)) => "tcpv4",
        Some(SocketAddr::V6(_)) => "tcpv6",
    }
}

/// An address as HAProxy writes it: no brackets; the listener's number where there is no port.
struct Peer(Option<SocketAddr>, u32);

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "{}:{}", address.ip(), address.port()),
            None => write!(f, "unix:{}", self.1),
        }
    }
}

/// ` addr=`, where the address is known.
struct At(Option<SocketAddr>);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, " addr={}:{}", address.ip(), address.port()),
            None => Ok(()),
        }
    }
}

/// C's `%#x`: no prefix before a zero.
struct Prefixed(u64);

impl fmt::Display for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            number => write!(f, "0x{number:x}"),
        }
    }
}

/// A time with its two greatest units that are not zero.
struct Age(Duration);

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60);
        let parts = [(days, 'd'), (hours, 'h'), (minutes, 'm'), (seconds % 60, 's')];
        let mut written = 0;
        for (count, unit) in parts.into_iter().filter(|(count, _)| *count > 0).take(2) {
            write!(f, "{count}{unit}")?;
            written += 1;
        }
        if written == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

/// A time that is left, or what stands for none.
struct Left(Option<Duration>, &'static str);

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(left) => Age(left).fmt(f),
            None => f.write_str(self.1),
        }
    }
}

/// One direction in the line of a list.
struct Line<'a> {
    name: &'static str,
    flags: u32,
    analysers: u32,
    channel: &'a Channel,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, flags, analysers, channel } = self;
        write!(f, "{name}[f={flags:06x}h,i={},an={analysers:02x}h,", channel.pending)?;
        let (read, write) = (Left(channel.read_expires, ""), Left(channel.write_expires, ""));
        write!(f, "rx={read},wx={write},ax={}]", Left(channel.analyse_expires, ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_two_units() {
        let text = |seconds| Age(Duration::from_secs(seconds)).to_string();
        let cases =
            [(0, "0s"), (59, "59s"), (600, "10m"), (3595, "59m55s"), (94_999, "1d2h"), (3604, "1h4s"), (86_400, "1d")];
        for (seconds, wanted) in cases {
            assert_eq!(text(seconds), wanted);
        }
    }
}
