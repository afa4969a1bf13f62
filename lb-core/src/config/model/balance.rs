//! `balance` and `hash-type`.

use crate::sample::Expression;

/// `balance` (configuration.txt, section 4.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Balance {
    /// Nothing said: HAProxy uses round robin (and says `roundrobin`).
    #[default]
    Unset,
    /// `roundrobin`.
    RoundRobin,
    /// `static-rr`.
    StaticRr,
    /// `leastconn`.
    LeastConn,
    /// `first`.
    First,
    /// `random` or `random(draws)`.
    Random {
        /// How many servers are drawn before the least loaded one is kept, from 1; default 2.
        draws: u32,
    },
    /// `source`: the client's address decides.
    Source,
    /// `uri`: the target of a request decides.
    Uri(UriKey),
    /// `url_param`: a parameter of the query string, or of the body of a POST, decides.
    UrlParam {
        /// Name of the parameter.
        name: String,
        /// `check_post` was said. HAProxy 2.6 looks into bodies without it, too.
        check_post: bool,
    },
    /// `hdr(name)`: a header field decides.
    Header {
        /// Its name.
        name: String,
        /// `use_domain_only`: of a host name, only the label in front of the last one.
        domain_only: bool,
    },
    /// `rdp-cookie(name)`: a cookie at the start of an RDP connection decides.
    RdpCookie {
        /// Its name, `mstshash` by default.
        name: String,
    },
    /// `hash <expression>`.
    Hash(Expression),
}

impl Balance {
    /// Whether a key is hashed, so that `hash-type` matters.
    pub fn is_hash(&self) -> bool {
        match self {
            Self::Source | Self::Uri(_) | Self::UrlParam { .. } | Self::Header { .. } => true,
            Self::RdpCookie { .. } | Self::Hash(_) => true,
            Self::Unset | Self::RoundRobin | Self::StaticRr | Self::LeastConn | Self::First | Self::Random { .. } => {
                false
            }
        }
    }

    /// Whether the key is found in HTTP only.
    pub fn needs_http(&self) -> bool {
        matches!(self, Self::Uri(_) | Self::UrlParam { .. } | Self::Header { .. })
    }
}

/// What of a request's target `balance uri` hashes; by default, all before the first question mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UriKey {
    /// `len`: at most so many bytes.
    pub len: Option<u32>,
    /// `depth`: it ends before the slash that follows so many slashes.
    pub depth: Option<u32>,
    /// `whole`: with the query string.
    pub whole: bool,
    /// `path-only`: without the scheme and the authority.
    pub path_only: bool,
}

/// `hash-type`: how keys become servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HashType {
    /// How a hash becomes a server.
    pub method: HashMethod,
    /// How a key becomes a hash.
    pub function: HashFunction,
    /// `avalanche`: the hash is spread over all its bits.
    pub avalanche: bool,
}

/// How a hash becomes a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashMethod {
    /// `map-based`: by its place in a table of all servers.
    #[default]
    MapBased,
    /// `consistent`: the nearest of many points of each server on a ring.
    Consistent,
}

/// How a key becomes a hash of 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HashFunction {
    /// `sdbm`.
    #[default]
    Sdbm,
    /// `djb2`.
    Djb2,
    /// `crc32`.
    Crc32,
}
