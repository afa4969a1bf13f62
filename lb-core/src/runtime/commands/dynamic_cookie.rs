//! `enable dynamic-cookie`, `disable dynamic-cookie` and `set dynamic-cookie-key` (management.txt, section 9.3).

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};

/// Changes the dynamic cookies of a backend's servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetDynamicCookie {
    /// Its name, or `#` and its number.
    pub backend: String,
    /// What is changed.
    pub change: DynamicCookieChange,
}

/// What becomes of dynamic cookies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DynamicCookieChange {
    /// Servers without a cookie of their own get one.
    Enable,
    /// They have none.
    Disable,
    /// Another secret: they get other ones.
    Key(String),
}

impl SetDynamicCookie {
    pub(crate) fn parse_enable(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, |_| Ok(DynamicCookieChange::Enable))
    }

    pub(crate) fn parse_disable(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, |_| Ok(DynamicCookieChange::Disable))
    }

    pub(crate) fn parse_key(words: Words) -> Result<Command, CommandError> {
        Self::parse(words, |words| {
            let key = words.next();
            key.map(DynamicCookieChange::Key)
                .ok_or_else(|| CommandError::new(ErrorCode::Usage, "String value expected."))
        })
    }

    fn parse(
        mut words: Words,
        change: impl FnOnce(&mut Words) -> Result<DynamicCookieChange, CommandError>,
    ) -> Result<Command, CommandError> {
        let Some(backend) = words.next() else {
            return Err(CommandError::new(ErrorCode::Usage, "A backend name is expected."));
        };
        Ok(Command::SetDynamicCookie(Self { backend, change: change(&mut words)? }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let backend = &instance.backend(&self.backend)?.backend;
        match &self.change {
            DynamicCookieChange::Enable => backend.set_dynamic_cookies(true),
            DynamicCookieChange::Disable => backend.set_dynamic_cookies(false),
            DynamicCookieChange::Key(key) => backend.set_dynamic_cookie_key(key),
        }
        Ok(Reply::Done)
    }
}
