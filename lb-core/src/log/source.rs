//! Where the values of a line come from. A format prints few of them: each is put together when it is asked for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::record::{Cause, LogRecord, ServerAddress, Stage};

/// Declares the trait and what a [`LogRecord`], which has everything, answers.
macro_rules! record_source {
    ($($name:ident: $kind:ty, |$record:ident| $value:expr;)*) => {
        /// A stream that ended, or a record of one. What each value means is said at the field of [`LogRecord`] of the same
        /// name.
        pub(crate) trait RecordSource {
            $(fn $name(&self) -> $kind;)*

            /// Method, target and version of [`request_line`](Self::request_line), where they are at hand and it is not cut.
            fn request_parts(&self) -> Option<[&[u8]; 3]> {
                None
            }

            /// `%Tq`: handshakes, idle time and the request's head together; unknown without a complete head.
            fn query_time(&self) -> Option<Duration> {
                let before = self.th().unwrap_or_default() + self.ti().unwrap_or_default();
                self.tr_request().map(|request| request + before)
            }

            /// `%Tu`: total time as the user sees it, without the idle time before the request.
            fn user_time(&self) -> Option<Duration> {
                self.tt().map(|total| total.saturating_sub(self.ti().unwrap_or_default()))
            }
        }

        impl RecordSource for LogRecord {
            $(
                fn $name(&self) -> $kind {
                    let $record = self;
                    $value
                }
            )*
        }
    };
}

record_source! {
    accept_date: Duration, |record| record.accept_date;
    request_date: Duration, |record| record.request_date;
    client: Option<SocketAddr>, |record| record.client;
    frontend_address: Option<SocketAddr>, |record| record.frontend_address;
    backend_address: Option<SocketAddr>, |record| record.backend_address;
    server_address: Option<ServerAddress>, |record| record.server_address;
    frontend: &Arc<str>, |record| &record.frontend;
    frontend_tls: bool, |record| record.frontend_tls;
    frontend_http: bool, |record| record.frontend_http;
    listener_id: u32, |record| record.listener_id;
    backend: &Arc<str>, |record| &record.backend;
    server: Option<&Arc<str>>, |record| record.server.as_ref();
    http: bool, |record| record.http;
    th: Option<Duration>, |record| record.th;
    ti: Option<Duration>, |record| record.ti;
    tr_request: Option<Duration>, |record| record.tr_request;
    tw: Option<Duration>, |record| record.tw;
    tc: Option<Duration>, |record| record.tc;
    tr: Option<Duration>, |record| record.tr;
    td: Option<Duration>, |record| record.td;
    ta: Option<Duration>, |record| record.ta;
    tt: Option<Duration>, |record| record.tt;
    early: bool, |record| record.early;
    status: u16, |record| record.status;
    bytes_to_client: u64, |record| record.bytes_to_client;
    bytes_from_client: u64, |record| record.bytes_from_client;
    cause: Cause, |record| record.cause;
    stage: Stage, |record| record.stage;
    cookie_request: u8, |record| record.cookie_request;
    cookie_response: u8, |record| record.cookie_response;
    actconn: u32, |record| record.actconn;
    feconn: u32, |record| record.feconn;
    beconn: u32, |record| record.beconn;
    srvconn: u32, |record| record.srvconn;
    retries: u32, |record| record.retries;
    redispatched: bool, |record| record.redispatched;
    server_queue: u32, |record| record.server_queue;
    backend_queue: u32, |record| record.backend_queue;
    request_line: std::borrow::Cow<'_, [u8]>, |record| record.request_line.as_slice().into();
    cookie_captured_request: Option<&[u8]>, |record| record.cookie_captured_request.as_deref();
    cookie_captured_response: Option<&[u8]>, |record| record.cookie_captured_response.as_deref();
    unique_id: Option<&[u8]>, |record| record.unique_id.as_deref();
    captured_request: &[Option<Vec<u8>>], |record| &record.captured_request;
    captured_response: &[Option<Vec<u8>>], |record| &record.captured_response;
    tls: Option<(&'static str, &'static str)>, |record| record.tls;
    request_counter: u64, |record| record.request_counter;
    null: bool, |record| record.null;
    refused: bool, |record| record.refused;
    level: Option<Option<u8>>, |record| record.level;
}

impl LogRecord {
    /// Everything that `source` has to say.
    pub(crate) fn of(source: &impl RecordSource) -> Self {
        let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
        Self {
            accept_date: source.accept_date(),
            request_date: source.request_date(),
            client: source.client(),
            frontend_address: source.frontend_address(),
            backend_address: source.backend_address(),
            server_address: source.server_address(),
            frontend: Arc::clone(source.frontend()),
            frontend_tls: source.frontend_tls(),
            frontend_http: source.frontend_http(),
            listener_id: source.listener_id(),
            backend: Arc::clone(source.backend()),
            server: source.server().map(Arc::clone),
            http: source.http(),
            th: source.th(),
            ti: source.ti(),
            tr_request: source.tr_request(),
            tw: source.tw(),
            tc: source.tc(),
            tr: source.tr(),
            td: source.td(),
            ta: source.ta(),
            tt: source.tt(),
            early: source.early(),
            status: source.status(),
            bytes_to_client: source.bytes_to_client(),
            bytes_from_client: source.bytes_from_client(),
            cause: source.cause(),
            stage: source.stage(),
            cookie_request: source.cookie_request(),
            cookie_response: source.cookie_response(),
            actconn: source.actconn(),
            feconn: source.feconn(),
            beconn: source.beconn(),
            srvconn: source.srvconn(),
            retries: source.retries(),
            redispatched: source.redispatched(),
            server_queue: source.server_queue(),
            backend_queue: source.backend_queue(),
            request_line: source.request_line().into_owned(),
            cookie_captured_request: owned(source.cookie_captured_request()),
            cookie_captured_response: owned(source.cookie_captured_response()),
            unique_id: owned(source.unique_id()),
            captured_request: source.captured_request().to_vec(),
            captured_response: source.captured_response().to_vec(),
            tls: source.tls(),
            request_counter: source.request_counter(),
            null: source.null(),
            refused: source.refused(),
            level: source.level(),
        }
    }
}
