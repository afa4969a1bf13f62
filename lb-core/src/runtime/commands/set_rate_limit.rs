//! `set rate-limit` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use super::typed::number;

/// `set rate-limit <what> global <value>`: how often something may happen in a second; 0 is no limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetRateLimit {
    /// What is limited.
    pub what: RateLimited,
    /// How often.
    pub limit: u32,
}

/// What `set rate-limit` limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimited {
    /// `maxconnrate`.
    Connections,
    /// `maxsessrate`.
    Sessions,
    /// `maxsslrate`.
    TlsSessions,
    /// `maxcomprate`, in kilobytes.
    Compression,
}

impl SetRateLimit {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let what = match (words.next_or_empty().as_str(), words.next_or_empty().as_str()) {
            ("connections", "global") => RateLimited::Connections,
            ("sessions", "global") => RateLimited::Sessions,
            ("ssl-sessions", "global") => RateLimited::TlsSessions,
            ("http-compression", "global") => RateLimited::Compression,
            _ => {
                let text = "'set rate-limit' only supports :\n   \
                    - 'connections global' to set the per-process maximum connection rate\n   \
                    - 'sessions global' to set the per-process maximum session rate\n   \
                    - 'ssl-sessions global' to set the per-process maximum SSL session rate\n   \
                    - 'http-compression global' to set the per-process maximum compression speed in kB/s";
                return Err(CommandError::new(ErrorCode::Usage, text));
            }
        };
        let Some(word) = words.next() else {
            return Err(CommandError::new(ErrorCode::Usage, "Expects an integer value."));
        };
        let limit = u32::try_from(number(&word));
        let limit = limit.map_err(|_| CommandError::new(ErrorCode::Invalid, "Value out of range."))?;
        Ok(Command::SetRateLimit(Self { what, limit }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let limits = &instance.shared.limits;
        match self.what {
            RateLimited::Connections => limits.set_maxconnrate(self.limit),
            RateLimited::Sessions => limits.set_maxsessrate(self.limit),
            RateLimited::TlsSessions => limits.set_maxsslrate(self.limit),
            RateLimited::Compression => limits.set_maxcomprate(self.limit),
        }
        Ok(Reply::Done)
    }
}
