//! `show sess` (management.txt, section 9.3).

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::session::{SessionId, SessionInfo};
use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use crate::units::{TimeUnit, parse_time};
use crate::worker::inquiry::{Streams, Unanswered};

/// `show sess`: the streams there are now, those of the stats socket among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowSess {
    /// Which streams.
    pub which: Sessions,
}

/// Which streams [`ShowSess`] tells of, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sessions {
    /// `show sess`: all, one line for each.
    #[default]
    List,
    /// `show sess all`: all, with everything that is known.
    All,
    /// `show sess <id>`: one stream.
    One(SessionId),
    /// `show sess <age>`: those that are older, with everything that is known. HAProxy has it since 2.9.
    Older(Duration),
    /// `show sess susp`: those with which something is wrong, with everything that is known. HAProxy has it since 2.9.
    ///
    /// That is: a deadline passed two seconds ago and had no effect; both directions have ended for that long and the
    /// stream still holds its connections; or it is woken more than 100 000 times in a second.
    Suspicious,
}

/// Streams, with how `show sess` was asked for them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SessionList {
    /// What was asked.
    pub which: Sessions,
    /// Those of each thread in the order in which they started.
    pub sessions: Vec<SessionInfo>,
}

impl ShowSess {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        let which = match words.next().as_deref() {
            None => Sessions::List,
            Some("all") => Sessions::All,
            Some("susp") => Sessions::Suspicious,
            Some(word) => match (word.parse(), parse_time(word, TimeUnit::Seconds)) {
                (Ok(id), _) => Sessions::One(id),
                (Err(_), Ok(age)) => Sessions::Older(age),
                (Err(_), Err(_)) => {
                    let text = "Expected a session's pointer, an age, 'all' or 'susp'.";
                    return Err(CommandError::new(ErrorCode::Usage, text));
                }
            },
        };
        Ok(Command::ShowSess(Self { which }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let shared = &instance.shared;
        let wanted = match self.which {
            Sessions::List | Sessions::All => Streams::All,
            Sessions::One(id) => Streams::One(id),
            Sessions::Older(age) => Streams::Older(age),
            Sessions::Suspicious => Streams::Suspicious,
        };
        let detail = self.which != Sessions::List;
        let mut sessions = shared.streams(&wanted, detail).map_err(unanswered)?;
        let others = shared.other_sessions.sessions().into_iter();
        sessions.extend(others.filter(|session| match self.which {
            Sessions::List | Sessions::All => true,
            Sessions::One(id) => session.id == id,
            Sessions::Older(age) => session.age >= age,
            Sessions::Suspicious => session.suspicious,
        }));
        shared.listings.fetch_add(1, Ordering::Relaxed);
        Ok(Reply::Sessions(SessionList { which: self.which.clone(), sessions }))
    }
}

/// A worker that is stuck, or not allowed to wait for itself.
pub(super) fn unanswered(error: Unanswered) -> CommandError {
    CommandError::new(ErrorCode::System, error.to_string())
}

impl SessionList {
    pub(crate) fn render(&self, out: &mut String) {
        if self.sessions.is_empty() && matches!(self.which, Sessions::One(_)) {
            out.push_str("Session not found.\n");
        }
        for session in &self.sessions {
            match self.which {
                Sessions::List => session.render_line(out),
                _ => session.render_detail(out),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let which = |text: &str| match Command::parse(text) {
            Ok(Command::ShowSess(ShowSess { which })) => Some(which),
            _ => None,
        };
        assert_eq!(which("show sess"), Some(Sessions::List));
        assert_eq!(which("show sess all"), Some(Sessions::All));
        assert_eq!(which("show sess susp"), Some(Sessions::Suspicious));
        assert_eq!(which("show sess 0x1203"), Some(Sessions::One(SessionId::from(0x1203))));
        assert_eq!(which("show sess 2"), Some(Sessions::Older(Duration::from_secs(2))));
        assert_eq!(which("show sess 5m"), Some(Sessions::Older(Duration::from_secs(300))));
        assert_eq!(which("show sess 0xq"), None);
        assert_eq!(which("show sess other"), None);
    }
}
