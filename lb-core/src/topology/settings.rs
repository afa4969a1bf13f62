//! Settings of the process, with their defaults in place.

use std::sync::Arc;

use crate::config::Global;
use crate::http::h1::encode::CaseAdjust;
use crate::http::h1::parse::Limits;

/// Settings of the process that the data path reads, with their defaults in place.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `tune.bufsize`.
    pub bufsize: usize,
    /// Limits of a message head, from `tune.bufsize`, `tune.maxrewrite` and `tune.http.maxhdr`.
    pub limits: Limits,
    /// `tune.maxaccept`: connections accepted in a row by one listener.
    pub maxaccept: usize,
    /// `tune.http.logurilen`: longest request line that is logged.
    pub logurilen: usize,
    /// `h1-accept-payload-with-any-method`: GET, HEAD and DELETE of HTTP/1.0 may have a body.
    pub accept_payload: bool,
    /// `h1-case-adjust` and `h1-case-adjust-file`.
    pub case_adjust: Arc<CaseAdjust>,
    /// The `global` section as it was read.
    pub global: Arc<Global>,
}

impl Settings {
    /// From the `global` section.
    pub fn new(global: &Global) -> Self {
        let bufsize = global.tune.bufsize.unwrap_or(16384).max(1024) as usize;
        let maxrewrite = global.tune.maxrewrite.map_or(1024.min(bufsize / 2), |n| n as usize).min(bufsize / 2);
        let limits = Limits {
            max_headers: global.tune.http_maxhdr.unwrap_or(101) as usize,
            max_head_size: bufsize - maxrewrite,
        };
        let maxaccept = match global.tune.maxaccept {
            Some(n) if n > 0 => n as usize,
            Some(_) => usize::MAX,
            None => 64,
        };
        let logurilen = global.tune.http_logurilen.unwrap_or(1024).max(2) as usize;
        let case_adjust = Arc::new(CaseAdjust::new(global.h1_case_adjust.iter().map(|(from, to)| (from, to))));
        let accept_payload = global.h1_accept_payload;
        Self { bufsize, limits, maxaccept, logurilen, accept_payload, case_adjust, global: Arc::new(global.clone()) }
    }
}
