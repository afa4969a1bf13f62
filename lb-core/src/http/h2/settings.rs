//! What an HTTP/2 connection announces and tolerates (configuration.txt, `tune.h2.*`).

use super::frame::MAX_WINDOW;
use crate::config::model::Tune;

/// Settings of one HTTP/2 connection, either side.
#[derive(Clone, Debug)]
pub struct H2Settings {
    /// `tune.h2.initial-window-size`: bytes a peer may send on one stream before we consume them.
    pub initial_window_size: u32,
    /// `tune.h2.max-concurrent-streams`; 0 removes the limit.
    pub max_concurrent_streams: u32,
    /// `tune.h2.header-table-size`.
    pub header_table_size: u32,
    /// `tune.h2.max-frame-size`.
    pub max_frame_size: u32,
    /// Largest header list accepted, in bytes as RFC 9113 counts them: `tune.bufsize`.
    pub max_header_list_size: u32,
    /// `tune.http.maxhdr`: largest number of header fields accepted.
    pub max_headers: usize,
    /// Whether clients are told that they may open tunnels for other protocols (RFC 8441), which
    /// `h2-workaround-bogus-websocket-clients` leaves out. Those that do it untold are served.
    pub announce_connect_protocol: bool,
}

impl Default for H2Settings {
    fn default() -> Self {
        Self::from_tune(&Tune::default())
    }
}

impl H2Settings {
    /// Settings as the `tune.*` keywords say, with the manual's defaults.
    pub fn from_tune(tune: &Tune) -> Self {
        let bufsize = tune.bufsize.unwrap_or(16384);
        let frame_limit = bufsize.clamp(16384, MAX_FRAME_SIZE);
        Self {
            initial_window_size: tune.h2_initial_window_size.unwrap_or(65535).min(MAX_WINDOW),
            max_concurrent_streams: tune.h2_max_concurrent_streams.unwrap_or(100),
            header_table_size: tune.h2_header_table_size.unwrap_or(4096).min(65536),
            max_frame_size: tune.h2_max_frame_size.unwrap_or(frame_limit).clamp(16384, frame_limit),
            max_header_list_size: bufsize,
            max_headers: tune.http_maxhdr.unwrap_or(101) as usize,
            announce_connect_protocol: !tune.h2_hide_connect_protocol,
        }
    }

    /// Window of the whole connection: wide enough that streams whose other side is slow never stop the others,
    /// while each stream stays bounded by its own window.
    pub(super) fn connection_window(&self) -> u32 {
        match self.max_concurrent_streams {
            0 => MAX_WINDOW,
            streams => self.initial_window_size.max(65535).saturating_mul(streams).min(MAX_WINDOW),
        }
    }
}

/// Largest frame size (RFC 9113, section 6.5.2).
const MAX_FRAME_SIZE: u32 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_manuals() {
        let settings = H2Settings::default();
        assert_eq!(settings.initial_window_size, 65535);
        assert_eq!(settings.max_concurrent_streams, 100);
        assert_eq!(settings.header_table_size, 4096);
        assert_eq!(settings.max_frame_size, 16384);
        assert_eq!(settings.max_headers, 101);
        assert!(settings.announce_connect_protocol);
        let tune = Tune { h2_hide_connect_protocol: true, ..Tune::default() };
        assert!(!H2Settings::from_tune(&tune).announce_connect_protocol);
    }

    #[test]
    fn frames_never_exceed_the_buffer_nor_the_protocol() {
        let tune = Tune { bufsize: Some(32768), h2_max_frame_size: Some(1 << 20), ..Tune::default() };
        assert_eq!(H2Settings::from_tune(&tune).max_frame_size, 32768);
        let tune = Tune { bufsize: Some(4096), h2_max_frame_size: Some(1), ..Tune::default() };
        assert_eq!(H2Settings::from_tune(&tune).max_frame_size, 16384);
    }

    #[test]
    fn connection_window_holds_every_stream() {
        let settings = H2Settings { max_concurrent_streams: 10, ..H2Settings::default() };
        assert_eq!(settings.connection_window(), 655350);
        let settings = H2Settings { max_concurrent_streams: 0, ..H2Settings::default() };
        assert_eq!(settings.connection_window(), MAX_WINDOW);
    }
}
