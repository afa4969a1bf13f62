//! What a table can store with an entry (configuration.txt, `stick-table`).

use std::time::Duration;

/// A type of data. The order is that of `show table`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DataType {
    /// `server_id`: the number of the server that a `stick` rule stored.
    ServerId,
    /// `gpt0`: a tag that rules set.
    Gpt0,
    /// `gpc0`: a counter that rules increment.
    Gpc0,
    /// `gpc0_rate`: how often that happens.
    Gpc0Rate,
    /// `conn_cnt`: connections.
    ConnCnt,
    /// `conn_rate`: connections in a period.
    ConnRate,
    /// `conn_cur`: connections now.
    ConnCur,
    /// `sess_cnt`: connections that the layer 4 rules accepted.
    SessCnt,
    /// `sess_rate`: the same in a period.
    SessRate,
    /// `http_req_cnt`: HTTP requests.
    HttpReqCnt,
    /// `http_req_rate`: HTTP requests in a period.
    HttpReqRate,
    /// `http_err_cnt`: errors that the client caused.
    HttpErrCnt,
    /// `http_err_rate`: the same in a period.
    HttpErrRate,
    /// `bytes_in_cnt`: bytes from the client.
    BytesInCnt,
    /// `bytes_in_rate`: the same in a period.
    BytesInRate,
    /// `bytes_out_cnt`: bytes to the client.
    BytesOutCnt,
    /// `bytes_out_rate`: the same in a period.
    BytesOutRate,
    /// `gpc1`: a second counter that rules increment.
    Gpc1,
    /// `gpc1_rate`: how often that happens.
    Gpc1Rate,
    /// `server_key`: the name or address of the server that a `stick` rule stored.
    ServerKey,
    /// `http_fail_cnt`: failures that the server caused.
    HttpFailCnt,
    /// `http_fail_rate`: the same in a period.
    HttpFailRate,
    /// `gpt`: an array of tags.
    Gpt,
    /// `gpc`: an array of counters.
    Gpc,
    /// `gpc_rate`: how often each of them is incremented.
    GpcRate,
}

/// How a data type is written behind `store`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `gpc0`.
    Plain,
    /// `conn_rate(period)`.
    Period,
    /// `gpc(number)`.
    Array,
    /// `gpc_rate(number,period)`.
    ArrayPeriod,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// A signed number of 32 bits.
    Signed,
    /// A counter or tag of 32 bits, which stays at its largest value.
    Counter,
    /// A counter of 64 bits.
    Long,
    /// Events in a period.
    Rate,
    /// A text, kept once for the table.
    Text,
}

impl DataType {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::ALL.len();

    /// All, in order.
    pub const ALL: [Self; 25] = [
        Self::ServerId,
        Self::Gpt0,
        Self::Gpc0,
        Self::Gpc0Rate,
        Self::ConnCnt,
        Self::ConnRate,
        Self::ConnCur,
        Self::SessCnt,
        Self::SessRate,
        Self::HttpReqCnt,
        Self::HttpReqRate,
        Self::HttpErrCnt,
        Self::HttpErrRate,
        Self::BytesInCnt,
        Self::BytesInRate,
        Self::BytesOutCnt,
        Self::BytesOutRate,
        Self::Gpc1,
        Self::Gpc1Rate,
        Self::ServerKey,
        Self::HttpFailCnt,
        Self::HttpFailRate,
        Self::Gpt,
        Self::Gpc,
        Self::GpcRate,
    ];

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::ServerId => "server_id",
            Self::Gpt0 => "gpt0",
            Self::Gpc0 => "gpc0",
            Self::Gpc0Rate => "gpc0_rate",
            Self::ConnCnt => "conn_cnt",
            Self::ConnRate => "conn_rate",
            Self::ConnCur => "conn_cur",
            Self::SessCnt => "sess_cnt",
            Self::SessRate => "sess_rate",
            Self::HttpReqCnt => "http_req_cnt",
            Self::HttpReqRate => "http_req_rate",
            Self::HttpErrCnt => "http_err_cnt",
            Self::HttpErrRate => "http_err_rate",
            Self::BytesInCnt => "bytes_in_cnt",
            Self::BytesInRate => "bytes_in_rate",
            Self::BytesOutCnt => "bytes_out_cnt",
            Self::BytesOutRate => "bytes_out_rate",
            Self::Gpc1 => "gpc1",
            Self::Gpc1Rate => "gpc1_rate",
            Self::ServerKey => "server_key",
            Self::HttpFailCnt => "http_fail_cnt",
            Self::HttpFailRate => "http_fail_rate",
            Self::Gpt => "gpt",
            Self::Gpc => "gpc",
            Self::GpcRate => "gpc_rate",
        }
    }

    /// The type of that name; HAProxy also knows `server_key` as `server_name`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "server_name" => Some(Self::ServerKey),
            name => Self::ALL.into_iter().find(|kind| kind.name() == name),
        }
    }

    /// Whether it holds several values, by index.
    pub fn is_array(self) -> bool {
        matches!(self, Self::Gpt | Self::Gpc | Self::GpcRate)
    }

    pub(crate) fn form(self) -> Form {
        match (self.nature(), self.is_array()) {
            (Nature::Rate, true) => Form::ArrayPeriod,
            (Nature::Rate, false) => Form::Period,
            (_, true) => Form::Array,
            (_, false) => Form::Plain,
        }
    }

    pub(crate) fn nature(self) -> Nature {
        match self {
            Self::ServerId => Nature::Signed,
            Self::BytesInCnt | Self::BytesOutCnt => Nature::Long,
            Self::ServerKey => Nature::Text,
            Self::Gpc0Rate
            | Self::ConnRate
            | Self::SessRate
            | Self::HttpReqRate
            | Self::HttpErrRate
            | Self::BytesInRate
            | Self::BytesOutRate
            | Self::Gpc1Rate
            | Self::HttpFailRate
            | Self::GpcRate => Nature::Rate,
            Self::Gpt0
            | Self::Gpc0
            | Self::ConnCnt
            | Self::ConnCur
            | Self::SessCnt
            | Self::HttpReqCnt
            | Self::HttpErrCnt
            | Self::Gpc1
            | Self::HttpFailCnt
            | Self::Gpt
            | Self::Gpc => Nature::Counter,
        }
    }
}

/// A data type as a table stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub kind: DataType,
    /// How many values; 1 but for arrays.
    pub count: u16,
    /// The period of a rate, in whole milliseconds; zero for others.
    pub period: Duration,
}

impl Stored {
    /// One value of a type that is no rate.
    pub fn plain(kind: DataType) -> Self {
        Self { kind, count: 1, period: Duration::ZERO }
    }

    /// The rate of that type over a period.
    pub fn rate(kind: DataType, period: Duration) -> Self {
        Self { kind, count: 1, period }
    }
}

/// Where the values of an entry stand.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// First word, number and period in milliseconds; a number of 0 is "not stored".
    places: [Place; DataType::COUNT],
    /// Words of all values.
    words: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Place {
    first: u16,
    count: u16,
    period: u32,
}

/// A value's words: its own, and for rates also the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    /// Index of the first word.
    pub(crate) word: usize,
    /// Of rates, in milliseconds.
    pub(crate) period: u32,
}

impl Layout {
    /// Places for these types behind `start` words. What comes twice has one place.
    pub(crate) fn new(stored: &[Stored], start: usize) -> Self {
        let mut places = [Place::default(); DataType::COUNT];
        let mut next = start;
        for stored in stored {
            let Some(place) = places.get_mut(stored.kind as usize).filter(|place| place.count == 0) else { continue };
            let size = if stored.kind.nature() == Nature::Rate { 2 } else { 1 };
            let period = u32::try_from(stored.period.as_millis()).unwrap_or(u32::MAX);
            *place = Place { first: u16::try_from(next).unwrap_or(u16::MAX), count: stored.count, period };
            next += size * usize::from(stored.count);
        }
        Self { places, words: next - start }
    }

    /// Words of all values.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// The place of a value; `None` where the table does not store it.
    pub(crate) fn cell(&self, kind: DataType, index: usize) -> Option<Cell> {
        let place = self.places.get(kind as usize)?;
        if index >= usize::from(place.count) {
            return None;
        }
        let size = if kind.nature() == Nature::Rate { 2 } else { 1 };
        Some(Cell { word: usize::from(place.first) + index * size, period: place.period })
    }

    /// How many values of a type there are.
    pub(crate) fn count(&self, kind: DataType) -> usize {
        self.places.get(kind as usize).map_or(0, |place| usize::from(place.count))
    }

    /// The period of a rate in milliseconds.
    pub(crate) fn period(&self, kind: DataType) -> u32 {
        self.places.get(kind as usize).map_or(0, |place| place.period)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for (index, kind) in DataType::ALL.into_iter().enumerate() {
            assert_eq!(DataType::from_name(kind.name()), Some(kind));
            assert_eq!(kind as usize, index);
        }
        assert_eq!(DataType::from_name("server_name"), Some(DataType::ServerKey));
        assert_eq!(DataType::from_name("gpc2"), None);
    }

    #[test]
    fn values_have_places_of_their_own() {
        let gpc = Stored { kind: DataType::Gpc, count: 3, period: Duration::ZERO };
        let rate = Stored { kind: DataType::GpcRate, count: 2, period: Duration::from_secs(10) };
        let layout = Layout::new(&[gpc, rate, Stored::plain(DataType::ConnCur), gpc], 2);
        assert_eq!(layout.words(), 3 + 4 + 1);
        let at = |kind, index| layout.cell(kind, index).map(|cell| (cell.word, cell.period));
        assert_eq!(at(DataType::Gpc, 0), Some((2, 0)));
        assert_eq!(at(DataType::Gpc, 2), Some((4, 0)));
        assert_eq!(at(DataType::Gpc, 3), None);
        assert_eq!(at(DataType::GpcRate, 1), Some((7, 10_000)));
        assert_eq!(at(DataType::ConnCur, 0), Some((9, 0)));
        assert_eq!(at(DataType::ConnCnt, 0), None);
    }
}
