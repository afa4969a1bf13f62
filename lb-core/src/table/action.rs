//! Actions on what is tracked: `sc-inc-gpc` and `sc-set-gpt` (configuration.txt, `http-request sc-inc-gpc`).

use crate::instant::Instant;

use super::counters::{Gpc, Gpt};
use super::tracking::{SLOTS, Tracking};

/// A counter that an action increments, or a tag that it sets, and of which of `sc0` to `sc2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScAction {
    /// `sc-inc-gpc(<idx>,<sc-id>)`, `sc-inc-gpc0(<sc-id>)`, `sc-inc-gpc1(<sc-id>)`.
    Increment {
        /// Which counter.
        gpc: Gpc,
        /// Of what is tracked there.
        slot: usize,
    },
    /// `sc-set-gpt(<idx>,<sc-id>)`, `sc-set-gpt0(<sc-id>)`, with a number behind it or an expression.
    Set {
        /// Which tag.
        gpt: Gpt,
        /// Of what is tracked there.
        slot: usize,
    },
}

impl ScAction {
    /// Reads the word of an action; `None` where it is another.
    ///
    /// # Errors
    /// HAProxy's text, which it writes behind `error detected in proxy '...' while parsing '...' rule : `. Refused besides:
    /// no parentheses, which HAProxy takes for `(0)`, what follows them, and an index that is no number from 0 to 99.
    pub(crate) fn parse(word: &str) -> Option<Result<Self, String>> {
        let (name, rest) = word.split_at(word.find('(').unwrap_or(word.len()));
        let arguments = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        Some(match name {
            "sc-inc-gpc0" => single(word, arguments).map(|slot| Self::Increment { gpc: Gpc::First, slot }),
            "sc-inc-gpc1" => single(word, arguments).map(|slot| Self::Increment { gpc: Gpc::Second, slot }),
            "sc-set-gpt0" => single(word, arguments).map(|slot| Self::Set { gpt: Gpt::First, slot }),
            "sc-inc-gpc" => {
                indexed(word, "gpc", rest).map(|(index, slot)| Self::Increment { gpc: Gpc::At(index), slot })
            }
            "sc-set-gpt" => indexed(word, "gpt", rest).map(|(index, slot)| Self::Set { gpt: Gpt::At(index), slot }),
            _ => return None,
        })
    }

    /// Whether a value follows it.
    pub(crate) fn takes_value(self) -> bool {
        matches!(self, Self::Set { .. })
    }

    /// Does it to what is tracked; nothing where nothing is, or the table does not store that. `value` is what
    /// `sc-set-gpt` sets; its lower 32 bits count.
    pub(crate) fn run(self, tracking: &Tracking, value: i64, now: Instant) {
        let (Self::Increment { slot, .. } | Self::Set { slot, .. }) = self;
        let Some(tracked) = tracking.get(slot) else { return };
        let now = tracked.table.at(now);
        match self {
            Self::Increment { gpc, .. } => drop(tracked.table.inc_gpc(&tracked.entry, gpc, now)),
            Self::Set { gpt, .. } => drop(tracked.table.set_gpt(&tracked.entry, gpt, value as u32, now)),
        }
    }
}

fn single(word: &str, arguments: Option<&str>) -> Result<usize, String> {
    let slot = arguments.and_then(|text| text.parse::<usize>().ok());
    let slot = slot.ok_or_else(|| match word.starts_with("sc-set") {
        true => format!("invalid stick table track ID '{word}'. Expects sc-set-gpt0(<Track ID>)."),
        false => format!("invalid stick table track ID. Expects {word}(<Track ID>)."),
    })?;
    match slot < SLOTS {
        true => Ok(slot),
        false if word.starts_with("sc-set") => {
            Err(format!("invalid stick table track ID '{word}'. The max allowed ID is {}.", SLOTS - 1))
        }
        false => Err(format!("invalid stick table track ID. The max allowed ID is {}.", SLOTS - 1)),
    }
}

fn indexed(word: &str, what: &str, rest: &str) -> Result<(usize, usize), String> {
    let (verb, upper) = if what == "gpc" { ("inc", "GPC") } else { ("set", "GPT") };
    let expects = format!("Expects sc-{verb}-{what}(<{upper} ID>,<Track ID>).");
    let Some(inside) = rest.strip_prefix('(') else { return Err(format!("invalid {what} ID '{word}'. {expects}")) };
    let parts = inside.split_once(',').and_then(|(index, slot)| Some((index.parse::<usize>().ok()?, slot)));
    let Some((index, slot)) = parts else { return Err(format!("Missing {what} ID '{word}'. {expects}")) };
    if index > 99 {
        return Err(format!("invalid {what} ID '{word}'. {expects}"));
    }
    match slot.strip_suffix(')').and_then(|slot| slot.parse::<usize>().ok()) {
        Some(slot) if slot < SLOTS => Ok((index, slot)),
        Some(_) => Err(format!("invalid stick table track ID '{word}'. The max allowed ID is {}.", SLOTS - 1)),
        None => Err(format!("invalid stick table track ID '{word}'. {expects}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_haproxy_reads_them() {
        let read = |word| ScAction::parse(word);
        assert_eq!(read("sc-inc-gpc0(0)"), Some(Ok(ScAction::Increment { gpc: Gpc::First, slot: 0 })));
        assert_eq!(read("sc-inc-gpc1(2)"), Some(Ok(ScAction::Increment { gpc: Gpc::Second, slot: 2 })));
        assert_eq!(read("sc-inc-gpc(99,1)"), Some(Ok(ScAction::Increment { gpc: Gpc::At(99), slot: 1 })));
        assert_eq!(read("sc-set-gpt0(0)"), Some(Ok(ScAction::Set { gpt: Gpt::First, slot: 0 })));
        assert_eq!(read("sc-set-gpt(3,0)"), Some(Ok(ScAction::Set { gpt: Gpt::At(3), slot: 0 })));
        assert_eq!(read("sc-inc-gpc2(0)"), None);
        for (word, wanted) in [
            ("sc-inc-gpc0(3)", "invalid stick table track ID. The max allowed ID is 2."),
            ("sc-inc-gpc1(3)", "invalid stick table track ID. The max allowed ID is 2."),
            ("sc-set-gpt0(3)", "invalid stick table track ID 'sc-set-gpt0(3)'. The max allowed ID is 2."),
            ("sc-inc-gpc0(x)", "invalid stick table track ID. Expects sc-inc-gpc0(x)(<Track ID>)."),
            ("sc-inc-gpc0(0", "invalid stick table track ID. Expects sc-inc-gpc0(0(<Track ID>)."),
            ("sc-inc-gpc(0,3)", "invalid stick table track ID 'sc-inc-gpc(0,3)'. The max allowed ID is 2."),
            ("sc-inc-gpc(0)", "Missing gpc ID 'sc-inc-gpc(0)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
            ("sc-inc-gpc(x,0)", "Missing gpc ID 'sc-inc-gpc(x,0)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
            ("sc-inc-gpc", "invalid gpc ID 'sc-inc-gpc'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
            ("sc-set-gpt(0,3)", "invalid stick table track ID 'sc-set-gpt(0,3)'. The max allowed ID is 2."),
            ("sc-set-gpt(0)", "Missing gpt ID 'sc-set-gpt(0)'. Expects sc-set-gpt(<GPT ID>,<Track ID>)."),
            // Accepted by HAProxy.
            ("sc-inc-gpc0", "invalid stick table track ID. Expects sc-inc-gpc0(<Track ID>)."),
            ("sc-inc-gpc0(0)x", "invalid stick table track ID. Expects sc-inc-gpc0(0)x(<Track ID>)."),
            ("sc-inc-gpc(100,0)", "invalid gpc ID 'sc-inc-gpc(100,0)'. Expects sc-inc-gpc(<GPC ID>,<Track ID>)."),
        ] {
            assert_eq!(read(word), Some(Err(wanted.to_owned())), "{word}");
        }
    }
}
