//! Persistence by cookie: what is read from and done to the heads of messages (configuration.txt, section 4.2, `cookie`).
//!
//! Functions over heads and bytes, without a stream: [`request`] looks for the cookie and takes it out, [`response`]
//! rewrites, deletes and inserts it, [`date`] is the date behind its value, [`dynamic`] the value made of an address and
//! [`rdp`] the server in the cookie of a terminal client.

pub(crate) mod date;
pub(crate) mod dynamic;
pub(crate) mod parse;
pub(crate) mod rdp;
pub(crate) mod request;
pub(crate) mod response;

pub(crate) use date::Dates;

/// What the persistence cookie of a request came to: the third character of `%tsc` (configuration.txt, section 8.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Found {
    /// There is none.
    #[default]
    None,
    /// It names no server.
    Invalid,
    /// Its server is down.
    Down,
    /// It leads to a server.
    Valid,
    /// It was not used for longer than `maxidle`.
    Expired,
    /// It is older than `maxlife`.
    Old,
    /// It was not looked at: the server was chosen already, or persistence is ignored.
    Unused,
}

impl Found {
    /// As the log says it.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Self::None => b'N',
            Self::Invalid => b'I',
            Self::Down => b'D',
            Self::Valid => b'V',
            Self::Expired => b'E',
            Self::Old => b'O',
            Self::Unused => b'U',
        }
    }
}

/// What was done to the cookie of a response: the fourth character of `%tsc`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Done {
    /// The server set none, and none was added.
    #[default]
    None,
    /// One was added.
    Inserted,
    /// One was added for its date alone.
    Updated,
    /// That of the server was left as it is.
    Provided,
    /// That of the server was changed.
    Rewritten,
    /// That of the server was removed.
    Deleted,
}

impl Done {
    /// As the log says it.
    pub(crate) fn letter(self) -> u8 {
        match self {
            Self::None => b'N',
            Self::Inserted => b'I',
            Self::Updated => b'U',
            Self::Provided => b'P',
            Self::Rewritten => b'R',
            Self::Deleted => b'D',
        }
    }
}
