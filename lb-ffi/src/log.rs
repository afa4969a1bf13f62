//! Access records: what is known of each stream when it is logged.

use std::ffi::{CString, c_char};
use std::net::SocketAddr;
use std::time::Duration;

use lb_core::log::{LogEvent, LogRecord};

use crate::pointer::c_string;
use crate::proxy::lb_proxy;

/// The record of a request or of a TCP connection, as it is logged. It is valid during the callback; what you keep you
/// copy. Times that were not reached are -1.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct lb_log_record {
    /// Size of the structure that the library filled. Where the library is newer than your header it is larger than
    /// yours; a field beyond it is not there.
    pub struct_size: usize,
    /// The instance.
    pub proxy: *const lb_proxy,
    /// The line in the log format of the frontend, without header and line end. Never null; a zero follows its line_length bytes.
    /// Not UTF-8 where a format says so.
    pub line: *const c_char,
    /// Bytes of the line.
    pub line_length: usize,
    /// Severity as of syslog: 6, or 3 for an error under option log-separate-errors.
    pub severity: u32,
    /// 1 for an HTTP request, 0 for a TCP connection.
    pub http: u32,
    /// Why a connection failed before there was a request, for example in a TLS handshake; null for all others.
    pub failure: *const c_char,
    /// The frontend. Never null.
    pub frontend: *const c_char,
    /// The backend; the frontend's name where none was chosen. Never null.
    pub backend: *const c_char,
    /// The server; null where none was reached.
    pub server: *const c_char,
    /// Address and port of the client, "127.0.0.1:4711"; null for a UNIX socket.
    pub client: *const c_char,
    /// The request line as received, "GET / HTTP/1.1"; "" where none was understood. May hold any bytes but zeroes.
    pub request: *const c_char,
    /// Status of the response; 0 where there is none.
    pub status: u32,
    /// How often opening a connection was tried again.
    pub retries: u32,
    /// 1 where another server was taken than the first choice.
    pub redispatched: u32,
    /// Connections of the instance, at this moment.
    pub connections: u32,
    /// Connections of the frontend.
    pub frontend_connections: u32,
    /// Streams of the backend.
    pub backend_connections: u32,
    /// Streams of the server.
    pub server_connections: u32,
    /// Not used.
    pub reserved: u32,
    /// The termination state as of HAProxy, "----" for a normal end.
    pub termination: [c_char; 8],
    /// Bytes sent to the client.
    pub bytes_to_client: u64,
    /// Bytes received from the client.
    pub bytes_from_client: u64,
    /// When the connection was accepted or, for a later request, became idle: microseconds since 1970.
    pub accept_time_us: u64,
    /// Microseconds for handshakes.
    pub handshake_us: i64,
    /// Microseconds that the connection was idle before the request.
    pub idle_us: i64,
    /// Microseconds to receive the head of the request.
    pub request_us: i64,
    /// Microseconds in queues.
    pub queue_us: i64,
    /// Microseconds to connect to the server.
    pub connect_us: i64,
    /// Microseconds until the server's head was there.
    pub response_us: i64,
    /// Microseconds of data transfer.
    pub data_us: i64,
    /// Microseconds of the whole, without idle time.
    pub active_us: i64,
    /// Microseconds of the whole.
    pub total_us: i64,
    /// Events and records that were lost before this one, as callbacks took too long.
    pub lost: u64,
}

/// A record on its way to the callback. The strings are made on the thread of the callbacks: a worker only copies.
#[derive(Debug)]
pub(crate) struct Record {
    severity: u32,
    record: LogRecord,
    failure: Option<String>,
    line: Vec<u8>,
}

/// The strings of a record, as long as the callback sees it.
#[derive(Debug)]
pub(crate) struct Strings {
    line: CString,
    failure: Option<CString>,
    frontend: CString,
    backend: CString,
    server: Option<CString>,
    client: Option<CString>,
    request: CString,
}

impl Record {
    pub(crate) fn new(event: &LogEvent<'_>) -> Self {
        Self {
            severity: u32::from(event.level.number()),
            record: event.record.clone(),
            failure: event.error.map(str::to_owned),
            line: event.line.to_vec(),
        }
    }

    pub(crate) fn strings(&self) -> Strings {
        let record = &self.record;
        Strings {
            line: bytes(&self.line),
            failure: self.failure.as_deref().map(c_string),
            frontend: c_string(&record.frontend),
            backend: c_string(&record.backend),
            server: record.server.as_deref().map(c_string),
            client: record.client.map(|client: SocketAddr| c_string(&client.to_string())),
            request: bytes(&record.request_line),
        }
    }

    /// What the callback sees.
    pub(crate) fn view(&self, strings: &Strings, proxy: *const lb_proxy, lost: u64) -> lb_log_record {
        let pointer = |text: &Option<CString>| text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr());
        let record = &self.record;
        let mut termination = [0; 8];
        let state = [record.cause as u8, record.stage as u8, record.cookie_request, record.cookie_response];
        for (to, from) in termination.iter_mut().zip(state) {
            // Without a cookie `-`, which a default record does not say.
            *to = if from == 0 { b'-' } else { from } as c_char;
        }
        lb_log_record {
            struct_size: size_of::<lb_log_record>(),
            proxy,
            line: strings.line.as_ptr(),
            line_length: strings.line.as_bytes().len(),
            severity: self.severity,
            http: u32::from(record.http),
            failure: pointer(&strings.failure),
            frontend: strings.frontend.as_ptr(),
            backend: strings.backend.as_ptr(),
            server: pointer(&strings.server),
            client: pointer(&strings.client),
            request: strings.request.as_ptr(),
            status: u32::from(record.status),
            retries: record.retries,
            redispatched: u32::from(record.redispatched),
            connections: record.actconn,
            frontend_connections: record.feconn,
            backend_connections: record.beconn,
            server_connections: record.srvconn,
            reserved: 0,
            termination,
            bytes_to_client: record.bytes_to_client,
            bytes_from_client: record.bytes_from_client,
            accept_time_us: u64::try_from(record.accept_date.as_micros()).unwrap_or(u64::MAX),
            handshake_us: micros(record.th),
            idle_us: micros(record.ti),
            request_us: micros(record.tr_request),
            queue_us: micros(record.tw),
            connect_us: micros(record.tc),
            response_us: micros(record.tr),
            data_us: micros(record.td),
            active_us: micros(record.ta),
            total_us: micros(record.tt),
            lost,
        }
    }
}

fn micros(time: Option<Duration>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time.as_micros()).unwrap_or(i64::MAX))
}

/// Bytes as a C string; a zero, which it cannot have, is replaced.
fn bytes(text: &[u8]) -> CString {
    CString::new(text).unwrap_or_else(|_| {
        let replaced: Vec<u8> = text.iter().map(|byte| if *byte == 0 { b'?' } else { *byte }).collect();
        CString::new(replaced).unwrap_or_default()
    })
}
