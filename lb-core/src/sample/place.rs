//! Where a fetch can be used: the columns of `haproxy -dKsmp`.

/// A place where expressions are evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub(crate) enum Place {
    /// `tcp-request connection`.
    FrontendConnection,
    /// `tcp-request session`.
    FrontendSession,
    /// `tcp-request content` of a frontend.
    FrontendContent,
    /// `http-request` of a frontend.
    #[default]
    FrontendRequest,
    /// `http-request` of a frontend that sees the body.
    FrontendBody,
    /// `use_backend`.
    UseBackend,
    /// `tcp-request content` of a backend.
    BackendContent,
    /// `http-request` of a backend.
    BackendRequest,
    /// `http-request` of a backend that sees the body.
    BackendBody,
    /// `use-server`, `balance`, `stick match`.
    UseServer,
    /// `source`, `sni` and others of a server.
    ServerSource,
    /// `tcp-response content` of a backend.
    BackendResponseContent,
    /// `http-response` of a backend.
    BackendResponse,
    /// `http-response` of a backend that sees the body.
    BackendResponseBody,
    /// `stick store-response`.
    StickStore,
    /// `tcp-response content` of a frontend.
    FrontendResponseContent,
    /// `http-response` of a frontend.
    FrontendResponse,
    /// `http-response` of a frontend that sees the body.
    FrontendResponseBody,
    /// Log lines.
    Log,
    /// `tcp-check`, `http-check`.
    Check,
    /// While the configuration is read.
    Configuration,
    /// Runtime commands.
    Cli,
}

impl Place {
    /// All of them in order.
    pub(crate) const EVERY: [Self; Places::COUNT] = [
        Self::FrontendConnection,
        Self::FrontendSession,
        Self::FrontendContent,
        Self::FrontendRequest,
        Self::FrontendBody,
        Self::UseBackend,
        Self::BackendContent,
        Self::BackendRequest,
        Self::BackendBody,
        Self::UseServer,
        Self::ServerSource,
        Self::BackendResponseContent,
        Self::BackendResponse,
        Self::BackendResponseBody,
        Self::StickStore,
        Self::FrontendResponseContent,
        Self::FrontendResponse,
        Self::FrontendResponseBody,
        Self::Log,
        Self::Check,
        Self::Configuration,
        Self::Cli,
    ];

    /// Its name in HAProxy's messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FrontendConnection => "frontend tcp-request connection rule",
            Self::FrontendSession => "frontend tcp-request session rule",
            Self::FrontendContent => "frontend tcp-request content rule",
            Self::FrontendRequest => "frontend http-request header rule",
            Self::FrontendBody => "frontend http-request body rule",
            Self::UseBackend => "frontend use-backend rule",
            Self::BackendContent => "backend tcp-request content rule",
            Self::BackendRequest => "backend http-request header rule",
            Self::BackendBody => "backend http-request body rule",
            Self::UseServer => "backend use-server, balance or stick-match rule",
            Self::ServerSource => "server source selection",
            Self::BackendResponseContent => "backend tcp-response content rule",
            Self::BackendResponse => "backend http-response header rule",
            Self::BackendResponseBody => "backend http-response body rule",
            Self::StickStore => "backend stick-store rule",
            Self::FrontendResponseContent => "frontend tcp-response content rule",
            Self::FrontendResponse => "frontend http-response header rule",
            Self::FrontendResponseBody => "frontend http-response body rule",
            Self::Log => "logs",
            Self::Check => "backend tcp-check rule",
            Self::Configuration => "configuration parser",
            Self::Cli => "CLI parser",
        }
    }
}

/// A set of places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places(u32);

impl Places {
    /// How many places there are.
    pub(crate) const COUNT: usize = 22;
    /// Everywhere.
    pub(crate) const ALL: Self = Self((1 << Self::COUNT) - 1);

    /// Nowhere.
    pub(crate) const NONE: Self = Self(0);
    /// Log lines.
    pub(crate) const LOG: Self = Self::one(Place::Log);

    /// The rules of responses.
    pub(crate) const RESPONSE: Self = Self::row("...........YYYYYYY....");

    /// One place.
    pub(crate) const fn one(place: Place) -> Self {
        Self(1 << place as u8)
    }

    /// Places of either.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of the places is in both.
    pub(crate) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Reads a row of `haproxy -dKsmp` without its blanks: `Y` where it can be used, `.` where not.
    pub(crate) const fn row(row: &str) -> Self {
        let bytes = row.as_bytes();
        let (mut bits, mut index) = (0, 0);
        while index < bytes.len() {
            if bytes[index] == b'Y' {
                bits |= 1 << index;
            }
            index += 1;
        }
        Self(bits)
    }

    /// The row of `haproxy -dKsmp`, blanks included.
    pub(crate) fn to_row(self) -> String {
        let mark = |index: usize| if self.0 & (1 << index) != 0 { "Y" } else { "." };
        (0..Self::COUNT).map(mark).collect::<Vec<_>>().join(" ")
    }

    /// Whether a place is in it.
    pub(crate) const fn contains(self, place: Place) -> bool {
        self.0 & (1 << place as u8) != 0
    }

    /// The first of them.
    pub(crate) fn first(self) -> Option<Place> {
        Place::EVERY.into_iter().find(|place| self.contains(*place))
    }
}

/// What fetches that can be used at these places take their values from, as HAProxy's messages name it. Where two kinds
/// of fetches share their places, this is the more common one; the others say so themselves
/// ([`super::fetch::Fetch::source`]).
pub(super) fn needs(places: Places) -> &'static str {
    const NEEDS: &[(&str, &str)] = &[
        ("YYYYYYYYYYYYYYYYYYYY.Y", "internal state"),
        ("YYYYYYYYYYYYYYYYYYYY..", "client address"),
        ("YYYYYYYYYYYYYYYYYYY...", "frontend"),
        (".YYYYYYYYYYYYYYYYYY...", "client-side connection"),
        ("......YYYYYYYYYYYYYY..", "backend"),
        ("..........YYYYYYYYYY..", "server"),
        ("...........YYYYYYYYY..", "server address"),
        ("..YYYYYYYYY...........", "HTTP request headers"),
        ("...........YYYYYYY.Y..", "HTTP response headers"),
        ("..YYYYYYYYYYYYYYYY.Y..", "HTTP request headers,HTTP response headers"),
        ("..YYYYYYYYYYYYYYYYY...", "HTTP request"),
    ];
    NEEDS.iter().find(|(row, _)| Places::row(row) == places).map_or("internal state", |(_, text)| text)
}
