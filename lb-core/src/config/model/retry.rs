//! `retry-on`: which failures make a request be sent again.

/// A set of the events that `retry-on` names (configuration.txt, section 4.2); [`RetryOn::CONN_FAILURE`] where nothing
/// is said.
///
/// ```
/// use lb_core::config::RetryOn;
/// let on = RetryOn::CONN_FAILURE.with(RetryOn::of_status(503).unwrap());
/// assert!(on.has(RetryOn::CONN_FAILURE) && on.keeps_requests());
/// assert!(!on.has(RetryOn::EMPTY_RESPONSE));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryOn(u16);

/// The statuses that may be named, each with its bit.
const STATUSES: [(u16, RetryOn); 10] = [
    (401, RetryOn(1 << 5)),
    (403, RetryOn(1 << 6)),
    (404, RetryOn(1 << 7)),
    (408, RetryOn(1 << 8)),
    (425, RetryOn(1 << 9)),
    (500, RetryOn(1 << 10)),
    (501, RetryOn(1 << 11)),
    (502, RetryOn(1 << 12)),
    (503, RetryOn(1 << 13)),
    (504, RetryOn(1 << 14)),
];

impl Default for RetryOn {
    fn default() -> Self {
        Self::CONN_FAILURE
    }
}

impl RetryOn {
    /// `none`.
    pub const NONE: Self = Self(0);
    /// `conn-failure`: the connection, or the handshake on it, failed and nothing of the request was sent.
    pub const CONN_FAILURE: Self = Self(1);
    /// `empty-response`: the server closed before there was a response, or a whole head of one.
    pub const EMPTY_RESPONSE: Self = Self(1 << 1);
    /// `junk-response`: what came is no response.
    pub const JUNK_RESPONSE: Self = Self(1 << 2);
    /// `response-timeout`: `timeout server` passed before there was a response.
    pub const RESPONSE_TIMEOUT: Self = Self(1 << 3);
    /// `0rtt-rejected`: the server rejected early data. None is sent to servers, so it never happens.
    pub const EARLY_DATA_REJECTED: Self = Self(1 << 4);

    /// `all-retryable-errors`.
    pub fn all_retryable_errors() -> Self {
        [500, 502, 503, 504].into_iter().filter_map(Self::of_status).fold(
            Self(
                Self::CONN_FAILURE.0
                    | Self::EMPTY_RESPONSE.0
                    | Self::JUNK_RESPONSE.0
                    | Self::RESPONSE_TIMEOUT.0
                    | Self::EARLY_DATA_REJECTED.0,
            ),
            Self::with,
        )
    }

    /// The event of a response with this status, where it is one that may be named.
    pub fn of_status(status: u16) -> Option<Self> {
        STATUSES.iter().find(|(known, _)| *known == status).map(|(_, event)| *event)
    }

    /// What a word of `retry-on` stands for, `none` left out: it stands alone.
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "conn-failure" => Self::CONN_FAILURE,
            "empty-response" => Self::EMPTY_RESPONSE,
            "junk-response" => Self::JUNK_RESPONSE,
            "response-timeout" => Self::RESPONSE_TIMEOUT,
            "0rtt-rejected" => Self::EARLY_DATA_REJECTED,
            "all-retryable-errors" => Self::all_retryable_errors(),
            _ => return STATUSES.iter().find(|(status, _)| word == status.to_string()).map(|(_, event)| *event),
        })
    }

    /// Both sets together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `events` is in the set.
    pub fn has(self, events: Self) -> bool {
        self.0 & events.0 == events.0
    }

    /// Whether a response with this status is to be had again.
    pub fn has_status(self, status: u16) -> bool {
        Self::of_status(status).is_some_and(|event| self.has(event))
    }

    /// Whether anything but a failed connection counts, so that requests must be kept to be sent again.
    pub fn keeps_requests(self) -> bool {
        self.0 & !Self::CONN_FAILURE.0 != 0
    }

    /// Whether a connection that turns out to be dead does no harm, so that `http-reuse safe` lets first requests use
    /// one that is open already.
    pub fn covers_reuse(self) -> bool {
        self.has(Self::CONN_FAILURE) && self.has(Self::EMPTY_RESPONSE) && self.has(Self::RESPONSE_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn words() {
        for word in ["401", "403", "404", "408", "425", "500", "501", "502", "503", "504"] {
            let event = RetryOn::of_word(word).unwrap();
            assert!(event.has_status(word.parse().unwrap()) && event.keeps_requests(), "{word}");
        }
        for word in ["", "none", "200", "402", "0503", "+503", "Conn-failure"] {
            assert_eq!(RetryOn::of_word(word), None, "{word}");
        }
        let all = RetryOn::all_retryable_errors();
        assert!(all.covers_reuse() && all.has_status(502) && !all.has_status(501) && !all.has_status(404));
        assert!(!RetryOn::default().keeps_requests() && !RetryOn::NONE.has(RetryOn::CONN_FAILURE));
    }
}
