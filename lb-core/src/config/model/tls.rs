//! What `bind`, `server` and the `global` section say of versions and ciphers of TLS (configuration.txt, sections 3.1,
//! 5.1 and 5.2).

use std::fmt;

/// A version as `ssl-min-ver` and `ssl-max-ver` name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// `SSLv3`.
    Ssl30,
    /// `TLSv1.0`.
    Tls10,
    /// `TLSv1.1`.
    Tls11,
    /// `TLSv1.2`.
    Tls12,
    /// `TLSv1.3`.
    Tls13,
}

impl TlsVersion {
    /// All, the oldest first.
    pub const ALL: [Self; 5] = [Self::Ssl30, Self::Tls10, Self::Tls11, Self::Tls12, Self::Tls13];

    /// The name in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ssl30 => "SSLv3",
            Self::Tls10 => "TLSv1.0",
            Self::Tls11 => "TLSv1.1",
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }

    /// The version of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Versions, ciphers and tickets of the connections of a `bind` or `server` line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsOptions {
    /// `ssl-min-ver`, and what `force-*` means.
    pub min_version: Option<TlsVersion>,
    /// `ssl-max-ver`, and what `force-*` means.
    pub max_version: Option<TlsVersion>,
    /// `no-sslv3`, `no-tlsv10` and so on, which count where neither of these two is set.
    pub without: Vec<TlsVersion>,
    /// `ciphers`: suites of TLS 1.2, as OpenSSL's ciphers(1) reads them.
    pub ciphers: Option<String>,
    /// `ciphersuites`: those of TLS 1.3.
    pub ciphersuites: Option<String>,
    /// `curves`: the groups that keys are agreed upon in.
    pub curves: Option<String>,
    /// `ecdhe`: the one of them that counts without `curves`.
    pub ecdhe: Option<String>,
    /// `no-tls-tickets`: sessions are resumed from a memory of this side only.
    pub no_tickets: bool,
    /// `prefer-client-ciphers`: of what both sides have, the client's first is taken.
    pub prefer_client_ciphers: bool,
    /// `no-ssl-reuse`: each connection to the server begins with a full handshake.
    pub no_reuse: bool,
}

impl TlsOptions {
    /// With the defaults of the `global` section for what is not said.
    #[must_use]
    pub fn or(self, defaults: &Self) -> Self {
        let mut without = self.without;
        without
            .extend(defaults.without.iter().copied().filter(|version| !without.contains(version)).collect::<Vec<_>>());
        Self {
            min_version: self.min_version.or(defaults.min_version),
            max_version: self.max_version.or(defaults.max_version),
            without,
            ciphers: self.ciphers.or_else(|| defaults.ciphers.clone()),
            ciphersuites: self.ciphersuites.or_else(|| defaults.ciphersuites.clone()),
            curves: self.curves.or_else(|| defaults.curves.clone()),
            ecdhe: self.ecdhe.or_else(|| defaults.ecdhe.clone()),
            no_tickets: self.no_tickets || defaults.no_tickets,
            prefer_client_ciphers: self.prefer_client_ciphers || defaults.prefer_client_ciphers,
            no_reuse: self.no_reuse || defaults.no_reuse,
        }
    }
}
