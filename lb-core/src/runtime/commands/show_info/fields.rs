//! The fields of `show info`: HAProxy 2.6.12's, in its order, and what this program has for each. What it has nothing
//! for is what HAProxy shows where the thing is not used.

use std::time::Duration;

use super::super::typed::{Tags, Value};
use super::Field;
use crate::config::environment::{COMPATIBLE_VERSION, RELEASE_DATE};
use crate::config::model::Identity;
use crate::stats::ProcessSnapshot;

/// Version of this program.
const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The fields, in order. `float` asks for fractions of seconds.
#[rustfmt::skip]
pub(super) fn of(p: &ProcessSnapshot, float: bool) -> Vec<Field> {
    let (name, version) = match p.identity {
        Identity::HaProxy => ("HAProxy", COMPATIBLE_VERSION),
        Identity::Lb => ("lb", OWN_VERSION),
    };
    let mut fields = vec![
        (0, "Name", b"POS", text(name), "Product name"),
        (1, "Version", b"POS", text(version), "Product version"),
        (2, "Release_date", b"POS", text(RELEASE_DATE), "Date of latest source code update"),
        (3, "Nbthread", b"CGS", u32(p.threads), "Number of started threads (global.nbthread)"),
        (4, "Nbproc", b"CGS", u32(1), "Number of started worker processes (historical, always 1)"),
        (5, "Process_num", b"KGP", u32(1), "Relative worker process number (1)"),
        (6, "Pid", b"SGP", u32(p.pid), "This worker process identifier for the system"),
        (7, "Uptime", b"MDP", Value::Str(uptime(p.uptime)), "How long ago this worker process was started (days+hours+minutes+seconds)"),
        (8, "Uptime_sec", b"MDP", seconds(p.uptime, float), "How long ago this worker process was started (seconds)"),
        (9, "Memmax_MB", b"CLP", u32(0), "Worker process's hard limit on memory usage in MB (-m on command line)"),
        (10, "PoolAlloc_MB", b"MGP", u32(megabytes(p.memory)), "Amount of memory allocated in pools (in MB)"),
        (11, "PoolUsed_MB", b"MGP", u32(megabytes(p.memory)), "Amount of pool memory currently used (in MB)"),
        (12, "PoolFailed", b"MCP", u32(0), "Number of failed pool allocations since this worker was started"),
        (13, "Ulimit-n", b"CLP", u32(number(p.descriptor_limit)), "Hard limit on the number of per-process file descriptors"),
        (14, "Maxsock", b"CLP", u32(number(p.sockets_needed)), "Hard limit on the number of per-process sockets"),
        (15, "Maxconn", b"CLP", u32(p.connections.limit), "Hard limit on the number of per-process connections (configured or imposed by Ulimit-n)"),
        (16, "Hard_maxconn", b"CLP", u32(p.hard_maxconn), "Hard limit on the number of per-process connections (imposed by Memmax_MB or Ulimit-n)"),
        (17, "CurrConns", b"MGP", u32(p.connections.current), "Current number of connections on this worker process"),
        (18, "CumConns", b"MCP", u32(p.totals.connections.wrapping_add(p.cli_accepted) as u32), "Total number of connections on this worker process since started"),
        (19, "CumReq", b"MCP", u32(p.totals.requests.wrapping_add(p.cli_accepted) as u32), "Total number of requests on this worker process since started"),
        (20, "MaxSslConns", b"MMP", u32(0), "Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited"),
        (21, "CurrSslConns", b"MGP", u32(p.tls_connections), "Current number of SSL endpoints on this worker process (front+back)"),
        (22, "CumSslConns", b"MCP", u32(p.totals.tls_connections as u32), "Total number of SSL endpoints on this worker process since started (front+back)"),
        (23, "Maxpipes", b"CLP", u32(p.maxpipes), "Hard limit on the number of pipes for splicing, 0=unlimited"),
        (24, "PipesUsed", b"MGP", u32(p.pipes_used), "Current number of pipes in use in this worker process"),
        (25, "PipesFree", b"MGP", u32(p.pipes_free), "Current number of allocated and available pipes in this worker process"),
        (26, "ConnRate", b"MRP", u32(p.connection_rate.current), "Number of front connections created on this worker process over the last second"),
        (27, "ConnRateLimit", b"CLP", u32(p.connection_rate.limit), "Hard limit for ConnRate (global.maxconnrate)"),
        (28, "MaxConnRate", b"MMP", u32(p.connection_rate.max), "Highest ConnRate reached on this worker process since started (in connections per second)"),
        (29, "SessRate", b"MRP", u32(p.session_rate.current), "Number of sessions created on this worker process over the last second"),
        (30, "SessRateLimit", b"CLP", u32(p.session_rate.limit), "Hard limit for SessRate (global.maxsessrate)"),
        (31, "MaxSessRate", b"MRP", u32(p.session_rate.max), "Highest SessRate reached on this worker process since started (in sessions per second)"),
        (32, "SslRate", b"MRP", u32(p.tls_rate.current), "Number of SSL connections created on this worker process over the last second"),
        (33, "SslRateLimit", b"CLP", u32(p.tls_rate.limit), "Hard limit for SslRate (global.maxsslrate)"),
        (34, "MaxSslRate", b"MMP", u32(p.tls_rate.max), "Highest SslRate reached on this worker process since started (in connections per second)"),
        (35, "SslFrontendKeyRate", b"MGP", u32(p.tls_frontend_keys.current), "Number of SSL keys created on frontends in this worker process over the last second"),
        (36, "SslFrontendMaxKeyRate", b"MMP", u32(p.tls_frontend_keys.max), "Highest SslFrontendKeyRate reached on this worker process since started (in SSL keys per second)"),
        (37, "SslFrontendSessionReuse_pct", b"MGP", u32(reuse(p)), "Percent of frontend SSL connections which did not require a new key"),
        (38, "SslBackendKeyRate", b"MRP", u32(p.tls_backend_keys.current), "Number of SSL keys created on backends in this worker process over the last second"),
        (39, "SslBackendMaxKeyRate", b"MMP", u32(p.tls_backend_keys.max), "Highest SslBackendKeyRate reached on this worker process since started (in SSL keys per second)"),
        (40, "SslCacheLookups", b"MCP", u32(0), "Total number of SSL session ID lookups in the SSL session cache on this worker since started"),
        (41, "SslCacheMisses", b"MCP", u32(0), "Total number of SSL session ID lookups that didn't find a session in the SSL session cache on this worker since started"),
        (42, "CompressBpsIn", b"MRP", u32(0), "Number of bytes submitted to the HTTP compressor in this worker process over the last second"),
        (43, "CompressBpsOut", b"MRP", u32(0), "Number of bytes emitted by the HTTP compressor in this worker process over the last second"),
        (44, "CompressBpsRateLim", b"CLP", u32(p.compression_limit), "Limit of CompressBpsOut beyond which HTTP compression is automatically disabled"),
        (47, "Tasks", b"MGP", u32(p.tasks), "Total number of tasks in the current worker process (active + sleeping)"),
        (48, "Run_queue", b"MGP", u32(p.run_queue), "Total number of active tasks+tasklets in the current worker process"),
        (49, "Idle_pct", b"MaP", u32(p.idle_percent), "Percentage of last second spent waiting in the current worker thread"),
        (50, "node", b"COS", text(&p.node), "Node name (global.node)"),
        // description stands here, where it is configured.
        (52, "Stopping", b"MGP", u32(u32::from(p.stopping)), "1 if the worker process is currently stopping, otherwise zero"),
        (53, "Jobs", b"MGP", u32(p.connections.current.saturating_add(p.listeners).saturating_add(p.cli_connections)), "Current number of active jobs on the current worker process (frontend connections, master connections, listeners)"),
        (54, "Unstoppable Jobs", b"MGP", u32(0), "Current number of unstoppable jobs on the current worker process (master connections)"),
        (55, "Listeners", b"MGP", u32(p.listeners), "Current number of active listeners on the current worker process"),
        (56, "ActivePeers", b"MGP", u32(0), "Current number of verified active peers connections on the current worker process"),
        (57, "ConnectedPeers", b"MGP", u32(0), "Current number of peers having passed the connection step on the current worker process"),
        (58, "DroppedLogs", b"MGP", u32(number(p.dropped_logs)), "Total number of dropped logs for current worker process since started"),
        (59, "BusyPolling", b"MGP", u32(0), "1 if busy-polling is currently in use on the worker process, otherwise zero (config.busy-polling)"),
        (60, "FailedResolutions", b"MGP", u32(0), "Total number of failed DNS resolutions in current worker process since started"),
        (61, "TotalBytesOut", b"MGP", u64(p.totals.bytes_out.wrapping_add(p.cli_bytes_out)), "Total number of bytes emitted by current worker process since started"),
        (62, "TotalSplicdedBytesOut", b"MGP", u64(p.spliced_bytes_out), "Total number of bytes emitted by current worker process through a kernel pipe since started"),
        (63, "BytesOutRate", b"MRP", u64(p.bytes_out_rate), "Number of bytes emitted by current worker process over the last second"),
        (64, "DebugCommandsIssued", b"MGP", u32(0), "Number of debug commands issued on this process (anything > 0 is unsafe)"),
        (65, "CumRecvLogs", b"MCP", u32(0), "Total number of log messages received by log-forwarding listeners on this worker process since started"),
        (66, "Build info", b"POS", text(version), "Build info"),
        (67, "Memmax_bytes", b"CLP", u32(0), "Worker process's hard limit on memory usage in byes (-m on command line)"),
        (68, "PoolAlloc_bytes", b"MGP", u64(p.memory), "Amount of memory allocated in pools (in bytes)"),
        (69, "PoolUsed_bytes", b"MGP", u64(p.memory), "Amount of pool memory currently used (in bytes)"),
        (70, "Start_time_sec", b"MDP", seconds(p.started, float), "Start time in seconds"),
        (71, "Tainted", b"SGP", text(tainted(p)), "Experimental features used"),
    ];
    if let Some(description) = &p.description {
        fields.push((51, "description", b"COS", text(description), "Node description (global.description)"));
    }
    if p.identity == Identity::HaProxy {
        fields.push((72, "Product", b"POS", text("lb"), "What this product really is"));
        fields.push((73, "Product_version", b"POS", text(OWN_VERSION), "Its own version"));
    }
    fields.sort_by_key(|field| field.0);
    let field = |(position, name, tags, value, about): (u32, &'static str, &[u8; 3], Value, &'static str)| {
        Field { position, name, tags: Tags(*tags), about, value }
    };
    fields.into_iter().map(field).collect()
}

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn u32(value: u32) -> Value {
    Value::U32(value)
}

fn u64(value: u64) -> Value {
    Value::U64(value)
}

fn number(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

fn megabytes(bytes: u64) -> u32 {
    number(bytes >> 20)
}

fn seconds(duration: Duration, float: bool) -> Value {
    if float { Value::Float(duration.as_secs_f64()) } else { Value::U32(number(duration.as_secs())) }
}

/// What experimental things are in use, as HAProxy's bits say it.
fn tainted(p: &ProcessSnapshot) -> &'static str {
    match (p.experimental_directives, p.experimental_commands) {
        (false, false) => "0",
        (true, false) => "0x1",
        (false, true) => "0x8",
        (true, true) => "0x9",
    }
}

/// `1d 2h03m04s`.
fn uptime(uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3_600, seconds % 3_600 / 60);
    format!("{days}d {hours}h{minutes:02}m{:02}s", seconds % 60)
}

/// Part of the TLS connections of the last second that needed no new key, in percent.
fn reuse(p: &ProcessSnapshot) -> u32 {
    match p.tls_rate.current {
        0 => 0,
        all => 100 * all.saturating_sub(p.tls_frontend_keys.current) / all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uptime_has_days() {
        assert_eq!(uptime(Duration::from_secs(0)), "0d 0h00m00s");
        assert_eq!(uptime(Duration::from_secs(90_061)), "1d 1h01m01s");
    }
}
