//! The `stick-table` line (configuration.txt, section 4.2).

use std::time::Duration;

use super::data::{DataType, Form, Stored};
use super::key::KeyType;
use crate::config::Place;
use crate::sample::SampleType;
use crate::units::{TimeUnit, UnitError, parse_time_prefix};

/// A table as the configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableConfig {
    /// `type`.
    pub key: KeyType,
    /// `size`: how many entries it may have.
    pub size: u32,
    /// `expire`: how long an entry lives after it was last used; `None` until the table is full.
    pub expire: Option<Duration>,
    /// `nopurge`: a full table takes no new entries instead of forgetting old ones.
    pub nopurge: bool,
    /// `srvkey`.
    pub server_key: ServerKey,
    /// `store`, in order.
    pub stored: Vec<Stored>,
    /// Where the line stands.
    pub place: Place,
}

/// What `server_key` holds (`srvkey`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerKey {
    /// The server's name.
    #[default]
    Name,
    /// Its address and port.
    Addr,
}

/// Longest key that can be asked for: what a sample holds is far shorter.
const MAX_KEY: u32 = 1 << 20;

/// Largest number of values of an array.
const MAX_ARRAY: u16 = 100;

impl TableConfig {
    /// A table for this many keys that stores nothing.
    pub fn new(key: KeyType, size: u32) -> Self {
        let (expire, server_key) = (None, ServerKey::default());
        Self { key, size, expire, nopurge: false, server_key, stored: Vec::new(), place: Place::default() }
    }

    /// Whether a type of data is stored.
    pub fn stores(&self, kind: DataType) -> bool {
        self.stored.iter().any(|stored| stored.kind == kind)
    }

    /// Stores what `stick` rules need, which a table does without being told once one names it.
    pub fn store_servers(&mut self) {
        for kind in [DataType::ServerId, DataType::ServerKey] {
            if !self.stores(kind) {
                self.stored.push(Stored::plain(kind));
            }
        }
    }

    /// Whether samples of a type can become keys (`stick-table '...' uses a type incompatible with the '...' rule.`).
    pub fn takes(&self, sample: SampleType) -> bool {
        sample.casts_to(self.key.sample_type())
    }
}

/// Something about a word of the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Index of the word in what was read.
    pub(crate) word: usize,
    /// HAProxy's text.
    pub(crate) text: String,
    /// What the place is introduced with.
    pub(crate) style: Style,
}

/// HAProxy's ways to write the place of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `parsing [file:line] : `.
    Keyword,
    /// `parsing [file:line]: `.
    Line,
    /// Not at all.
    Bare,
}

fn refuse<T>(word: usize, text: impl Into<String>) -> Result<T, Remark> {
    Err(Remark { word, text: text.into(), style: Style::Keyword })
}

/// A table and what to warn of.
pub(crate) type Parsed = (TableConfig, Vec<Remark>);

/// Reads the words behind `stick-table`.
///
/// # Errors
/// HAProxy's text for what is wrong. Refused besides: `peers`, which is not supported yet; numbers and arguments with
/// something behind them that HAProxy does not look at; keys beyond a megabyte.
pub(crate) fn parse(words: &[&str], place: Place) -> Result<Parsed, Remark> {
    let mut reader = Reader { words, at: 0, warnings: Vec::new() };
    let (mut key, mut size) = (None, 0);
    let mut table = TableConfig::new(KeyType::Ip, 0);
    table.place = place;
    while let Some(word) = reader.next() {
        let at = reader.at - 1;
        match word {
            "size" => size = read_size(at + 1, reader.argument("size")?)?,
            "expire" => table.expire = reader.expire()?,
            "nopurge" => table.nopurge = true,
            "type" => key = Some(reader.key_type()?),
            "store" => reader.store(&mut table.stored)?,
            "srvkey" => table.server_key = reader.server_key()?,
            "peers" => {
                reader.argument("peers")?;
                return refuse(at, "stick-table: 'peers' is not supported yet.");
            }
            other => return refuse(at, format!("stick-table: unknown argument '{other}'.")),
        }
    }
    if size == 0 {
        return refuse(0, "stick-table: missing size.");
    }
    let Some(key) = key else { return refuse(0, "stick-table: missing type.") };
    Ok((TableConfig { key, size, ..table }, reader.warnings))
}

struct Reader<'a> {
    words: &'a [&'a str],
    at: usize,
    warnings: Vec<Remark>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.words.get(self.at).copied();
        self.at += usize::from(word.is_some());
        word
    }

    fn argument(&mut self, of: &str) -> Result<&'a str, Remark> {
        match self.next() {
            Some(word) if !word.is_empty() => Ok(word),
            _ => refuse(self.at, format!("stick-table: missing argument after '{of}'.")),
        }
    }

    fn expire(&mut self) -> Result<Option<Duration>, Remark> {
        let text = self.argument("expire")?;
        let at = self.at - 1;
        match parse_time_prefix(text, TimeUnit::Milliseconds) {
            Ok((time, trailing)) => {
                self.warn_trailing(text, trailing);
                Ok((!time.is_zero()).then(|| whole_milliseconds(time)))
            }
            Err(UnitError::Unexpected(c)) => {
                refuse(at, format!("stick-table: unexpected character '{c}' in argument of 'expire'."))
            }
            Err(_) => {
                let text = format!(
                    "stick-table: timer overflow in argument <{text}> to <expire>, maximum value is 2147483647 ms \
                     (~24.8 days)."
                );
                Err(Remark { word: at, text, style: Style::Line })
            }
        }
    }

    fn key_type(&mut self) -> Result<KeyType, Remark> {
        let (word, at) = (self.next().unwrap_or_default(), self.at - 1);
        let kind: fn(u32) -> KeyType = match word {
            "ip" => return Ok(KeyType::Ip),
            "ipv6" => return Ok(KeyType::Ipv6),
            "integer" => return Ok(KeyType::Integer),
            "string" => |len| KeyType::String { len },
            "binary" => |len| KeyType::Binary { len },
            other => return refuse(at, format!("stick-table: unknown type '{other}'.")),
        };
        if self.words.get(self.at) != Some(&"len") {
            return Ok(kind(32));
        }
        self.at += 1;
        let (text, at) = (self.next().unwrap_or_default(), self.at);
        match text.parse() {
            Ok(len) if len > MAX_KEY => {
                refuse(at - 1, format!("stick-table: key length '{text}' is beyond {MAX_KEY} bytes."))
            }
            Ok(len) if len > 0 => Ok(kind(len)),
            _ => refuse(at - 1, format!("stick-table: unknown type '{text}'.")),
        }
    }

    fn server_key(&mut self) -> Result<ServerKey, Remark> {
        match self.next().unwrap_or_default() {
            "name" => Ok(ServerKey::Name),
            "addr" => Ok(ServerKey::Addr),
            other => refuse(self.at - 1, format!("stick-table : unknown server key type '{other}'.")),
        }
    }

    /// A list of data types: `gpc0,conn_rate(30s),gpc_rate(2,10s)`.
    fn store(&mut self, stored: &mut Vec<Stored>) -> Result<(), Remark> {
        let Some(word) = self.next() else { return Ok(()) };
        let at = self.at - 1;
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest.find([',', '(']).unwrap_or(rest.len());
            let (name, behind) = rest.split_at(end);
            let Some(kind) = DataType::from_name(name) else {
                return refuse(at, format!("stick-table: unknown store option '{name}'."));
            };
            let (argument, behind) = match behind.strip_prefix('(') {
                None => (None, behind),
                Some(inside) => match inside.split_once(')') {
                    Some((argument, behind)) => (Some(argument), behind),
                    None => {
                        let text = format!("stick-table: missing closing parenthesis after store option '{name}'.");
                        return refuse(at, text);
                    }
                },
            };
            rest = match behind.strip_prefix(',') {
                Some(next) => next,
                None if behind.is_empty() => "",
                None => return refuse(at, format!("stick-table: unexpected argument to store option '{name}'.")),
            };
            let new = self.stored(at, kind, name, argument)?;
            self.add(at, new, stored)?;
        }
        Ok(())
    }

    fn stored(&mut self, at: usize, kind: DataType, name: &str, argument: Option<&str>) -> Result<Stored, Remark> {
        let unexpected = || refuse(at, format!("stick-table: unexpected argument to store option '{name}'."));
        let missing = || refuse(at, format!("stick-table: missing argument to store option '{name}'."));
        let plain = Stored::plain(kind);
        match (kind.form(), argument) {
            (Form::Plain, None) => Ok(plain),
            (Form::Plain, Some(_)) => unexpected(),
            (_, None) => missing(),
            (Form::Period, Some(period)) => {
                let (period, rest) =
                    period.split_once(',').map_or((period, None), |(period, rest)| (period, Some(rest)));
                let period = self.period(at, name, period)?;
                if rest.is_some() { unexpected() } else { Ok(Stored { period, ..plain }) }
            }
            (Form::Array, Some(text)) => {
                let (count, rest) = text.split_once(',').map_or((text, None), |(count, rest)| (count, Some(rest)));
                let count = array_size(at, name, count)?;
                if rest.is_some() { unexpected() } else { Ok(Stored { count, ..plain }) }
            }
            (Form::ArrayPeriod, Some(text)) => {
                let mut parts = text.splitn(3, ',');
                let count = array_size(at, name, parts.next().unwrap_or_default())?;
                let Some(period) = parts.next() else { return missing() };
                let period = self.period(at, name, period)?;
                if parts.next().is_some() { unexpected() } else { Ok(Stored { count, period, ..plain }) }
            }
        }
    }

    fn period(&mut self, at: usize, name: &str, text: &str) -> Result<Duration, Remark> {
        match parse_time_prefix(text, TimeUnit::Milliseconds) {
            Ok((period, trailing)) => {
                self.warn_trailing(text, trailing);
                Ok(whole_milliseconds(period))
            }
            Err(_) => refuse(at, format!("stick-table: error when processing store option '{name}'.")),
        }
    }

    fn add(&mut self, at: usize, new: Stored, stored: &mut Vec<Stored>) -> Result<(), Remark> {
        if stored.iter().any(|other| other.kind == new.kind) {
            let text = format!("stick-table: store option '{}' already enabled, ignored.", new.kind.name());
            self.warnings.push(Remark { word: at, text, style: Style::Line });
            return Ok(());
        }
        stored.push(new);
        let has = |kind| stored.iter().any(|stored| stored.kind == kind);
        let both = |array, one, two| has(array) && (has(one) || has(two));
        let clash = if both(DataType::Gpc, DataType::Gpc0, DataType::Gpc1) {
            ("gpc", "gpc[0/1]")
        } else if both(DataType::GpcRate, DataType::Gpc0Rate, DataType::Gpc1Rate) {
            ("gpc_rate", "gpc[0/1]_rate")
        } else if both(DataType::Gpt, DataType::Gpt0, DataType::Gpt0) {
            ("gpt", "gpt0")
        } else {
            return Ok(());
        };
        let (array, one) = clash;
        let text = format!(
            "stick-table: simultaneous usage of '{array}' and '{one}' in a same table is not permitted as '{array}' \
             overrides '{one}'."
        );
        refuse(at, text)
    }

    fn warn_trailing(&mut self, value: &str, trailing: Option<char>) {
        if let Some(c) = trailing {
            let text = format!(
                "unexpected character '{c}' after the timer value '{value}', only (us=microseconds,ms=milliseconds,\
                 s=seconds,m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions."
            );
            self.warnings.push(Remark { word: self.at - 1, text, style: Style::Bare });
        }
    }
}

/// Times are rounded up to milliseconds.
fn whole_milliseconds(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_micros().div_ceil(1000)).unwrap_or(u64::MAX))
}

fn array_size(at: usize, name: &str, text: &str) -> Result<u16, Remark> {
    match text.parse() {
        Ok(count) if (1..=MAX_ARRAY).contains(&count) => Ok(count),
        _ => refuse(
            at,
            format!("stick-table: array size is out of allowed range (1-{MAX_ARRAY}) for store option '{name}'."),
        ),
    }
}

/// A number with `k`, `m` or `g`, at most 4294967295. HAProxy names the character at which it stopped.
fn read_size(at: usize, text: &str) -> Result<u32, Remark> {
    let mut number = 0u32;
    for (index, c) in text.char_indices() {
        let unexpected = || refuse(at, format!("stick-table: unexpected character '{c}' in argument of 'size'."));
        let shift = match c {
            '0'..='9' => {
                let digit = c as u32 - '0' as u32;
                match number.checked_mul(10).and_then(|number| number.checked_add(digit)) {
                    Some(next) => number = next,
                    None => return unexpected(),
                }
                continue;
            }
            'k' | 'K' if index > 0 => 10,
            'm' | 'M' if index > 0 => 20,
            'g' | 'G' if index > 0 => 30,
            _ => return unexpected(),
        };
        let Some(size) = number.checked_mul(1 << shift) else { return unexpected() };
        return match text.chars().nth(index + 1) {
            None => Ok(size),
            Some(c) => refuse(at, format!("stick-table: unexpected character '{c}' in argument of 'size'.")),
        };
    }
    Ok(number)
}
