//! The dates behind the value of a cookie: `value|last|first`, each in steps of four seconds as five characters of base
//! 64, the highest first (configuration.txt, `maxidle` and `maxlife`).

use super::Found;
use crate::config::CookieConfig;

/// How far in the future a date may lie, for clocks that were wrong.
const AHEAD: u64 = 24 * 3600;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// When a cookie was last and first sent, in steps of four seconds since 1970; 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dates {
    pub(crate) last: u64,
    pub(crate) first: u64,
}

impl Dates {
    /// Takes the dates off a value.
    pub(crate) fn split(value: &[u8]) -> (&[u8], Self) {
        let mut parts = value.splitn(3, |byte| *byte == b'|');
        let own = parts.next().unwrap_or_default();
        let last = parts.next().map_or(0, decode);
        let first = parts.next().map_or(0, decode);
        (own, Self { last, first })
    }

    /// Whether a cookie of these dates is too old. A date that is not known is good.
    pub(crate) fn judge(self, cookie: &CookieConfig, now: u64) -> Result<(), Found> {
        let outside = |date: u64, most: Option<u32>| {
            let seconds = date * 4;
            date != 0 && most.is_some_and(|most| seconds + u64::from(most) < now || seconds > now.saturating_add(AHEAD))
        };
        if outside(self.first, cookie.maxlife) {
            return Err(Found::Old);
        }
        if outside(self.last, cookie.maxidle) {
            return Err(Found::Expired);
        }
        Ok(())
    }

    /// Whether a client that may keep its cookie gets it again for the sake of the date.
    pub(crate) fn wants_update(self, cookie: &CookieConfig, now: u64) -> bool {
        match self.last {
            0 if cookie.maxidle.is_some() => true,
            0 => self.first == 0 && cookie.maxlife.is_some(),
            last => last < steps(now) || (self.first == 0 && cookie.maxlife.is_some()),
        }
    }

    /// Writes the dates that a cookie gets now.
    pub(crate) fn write(self, cookie: &CookieConfig, now: u64, out: &mut Vec<u8>) {
        if cookie.maxidle.is_none() && cookie.maxlife.is_none() {
            return;
        }
        let now = steps(now);
        encode(now, out);
        if cookie.maxlife.is_some() {
            encode(if self.first == 0 { now } else { self.first }, out);
        }
    }
}

/// Steps of four seconds, a part of one counted as a whole.
fn steps(seconds: u64) -> u64 {
    seconds.div_ceil(4)
}

fn encode(date: u64, out: &mut Vec<u8>) {
    out.push(b'|');
    for place in (0..5).rev() {
        let digit = (date >> (6 * place)) & 63;
        out.push(DIGITS.get(digit as usize).copied().unwrap_or_default());
    }
}

/// Five digits; what follows them is not looked at, and anything else is no date.
fn decode(text: &[u8]) -> u64 {
    let Some(digits) = text.get(..5) else { return 0 };
    digits
        .iter()
        .try_fold(0, |date, digit| Some(date << 6 | DIGITS.iter().position(|known| known == digit)? as u64))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_705_837;

    fn cookie(maxidle: Option<u32>, maxlife: Option<u32>) -> CookieConfig {
        CookieConfig { maxidle, maxlife, ..CookieConfig::default() }
    }

    fn value(ago: i64) -> String {
        let mut out = Vec::new();
        encode((NOW as i64 - ago) as u64 / 4, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    /// What HAProxy 2.6.12 made of the same values.
    #[test]
    fn old_cookies_are_told() {
        let (idle, life) = (cookie(Some(60), None), cookie(None, Some(60)));
        let both = cookie(Some(60), Some(120));
        let table: [(&CookieConfig, String, Result<bool, Found>); 26] = [
            (&idle, String::new(), Ok(true)),
            (&idle, value(20), Ok(true)),
            (&idle, value(56), Ok(true)),
            (&idle, value(80), Err(Found::Expired)),
            (&idle, value(-3600), Ok(false)),
            (&idle, value(-86300), Ok(false)),
            (&idle, value(-86500), Err(Found::Expired)),
            (&idle, "|????".into(), Ok(true)),
            (&idle, "|abc".into(), Ok(true)),
            (&idle, "|AAAAA".into(), Ok(true)),
            (&idle, value(20) + "zz", Ok(true)),
            (&life, String::new(), Ok(true)),
            (&life, value(80), Ok(true)),
            (&life, value(20) + &value(20), Ok(true)),
            (&life, value(20) + &value(80), Err(Found::Old)),
            (&life, format!("|{}", value(20)), Ok(false)),
            (&life, format!("|{}", value(80)), Err(Found::Old)),
            (&life, value(20) + &value(-86500), Err(Found::Old)),
            (&life, value(-86500), Ok(true)),
            (&life, value(20) + "|????", Ok(true)),
            (&both, value(80), Err(Found::Expired)),
            (&both, value(70) + &value(130), Err(Found::Old)),
            (&both, format!("|{}", value(20)), Ok(true)),
            (&both, value(-86500) + &value(0), Err(Found::Expired)),
            (&cookie(None, None), value(20), Ok(true)),
            (&cookie(None, None), String::new(), Ok(false)),
        ];
        for (config, text, expected) in table {
            let (own, dates) = Dates::split(text.as_bytes());
            assert_eq!(own, b"");
            assert_eq!(
                dates.judge(config, NOW).map(|()| dates.wants_update(config, NOW)),
                expected,
                "{text} {config:?}"
            );
        }
    }

    #[test]
    fn dates_are_written_as_haproxy_writes_them() {
        let write = |config: &CookieConfig, first, now| {
            let mut out = Vec::new();
            Dates { last: 0, first }.write(config, now, &mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(write(&cookie(Some(60), None), 0, 1_795_705_835), "|awhL7");
        assert_eq!(write(&cookie(Some(60), None), 0, 1_795_705_836), "|awhL7");
        assert_eq!(write(&cookie(Some(60), None), 0, 1_795_705_837), "|awhL8");
        assert_eq!(write(&cookie(None, Some(60)), 0, 1_795_705_836), "|awhL7|awhL7");
        assert_eq!(write(&cookie(None, Some(60)), decode(b"awhL1"), 1_795_705_836), "|awhL7|awhL1");
        assert_eq!(write(&cookie(None, None), 0, 1_795_705_836), "");
    }
}
