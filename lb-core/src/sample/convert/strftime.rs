//! strftime(3) of the GNU C library in the C locale, flags and widths included.

use jiff::Zoned;

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The widest field that is written, so that a format does not fill the memory.
const WIDEST: usize = 1024;

/// Appends a date in a format; what is no conversion stays as it is. `utc` calls the zone GMT.
pub(super) fn format(format: &[u8], date: &Zoned, utc: bool, out: &mut Vec<u8>) {
    let mut rest = format;
    while let Some(at) = memchr::memchr(b'%', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let spec = rest.get(at..).unwrap_or_default();
        let length = match Conversion::read(spec) {
            Some((conversion, length)) if conversion.write(date, utc, out) => length,
            Some((_, length)) => {
                out.extend_from_slice(spec.get(..length).unwrap_or_default());
                length
            }
            None => {
                out.extend_from_slice(spec);
                return;
            }
        };
        rest = spec.get(length..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

/// `%`, flags, a width and a letter.
#[derive(Clone, Copy)]
struct Conversion {
    /// `_`, `-` or `0`: how to pad.
    pad: Option<u8>,
    /// `^`.
    upper: bool,
    /// `#`.
    swap: bool,
    width: Option<usize>,
    letter: u8,
}

/// What a conversion yields.
enum Piece {
    Number {
        value: i64,
        /// How many digits it has at least.
        digits: usize,
        /// Blanks instead of zeros.
        blank: bool,
    },
    Text(String),
}

fn zeros(value: impl Into<i64>, digits: usize) -> Piece {
    Piece::Number { value: value.into(), digits, blank: false }
}

fn blanks(value: impl Into<i64>, digits: usize) -> Piece {
    Piece::Number { value: value.into(), digits, blank: true }
}

impl Conversion {
    /// Reads a conversion and says how long it is; `None` where the format ends before its letter.
    fn read(spec: &[u8]) -> Option<(Self, usize)> {
        let mut conversion = Self { pad: None, upper: false, swap: false, width: None, letter: b'%' };
        let mut at = 1;
        loop {
            match *spec.get(at)? {
                pad @ (b'_' | b'-' | b'0') => conversion.pad = Some(pad),
                b'^' => conversion.upper = true,
                b'#' => conversion.swap = true,
                _ => break,
            }
            at += 1;
        }
        while let digit @ b'0'..=b'9' = *spec.get(at)? {
            let width = conversion.width.unwrap_or(0) * 10 + usize::from(digit - b'0');
            conversion.width = Some(width.min(WIDEST));
            at += 1;
        }
        let modifier = *spec.get(at)?;
        if matches!(modifier, b'E' | b'O') {
            at += 1;
            conversion.letter = *spec.get(at)?;
        } else {
            conversion.letter = modifier;
        }
        Some((conversion, at + 1))
    }

    /// Says whether there is such a conversion.
    fn write(self, date: &Zoned, utc: bool, out: &mut Vec<u8>) -> bool {
        let Some(piece) = self.piece(date, utc) else { return false };
        match piece {
            Piece::Number { value, digits, blank } => {
                let fill = match self.pad {
                    Some(b'-') => None,
                    Some(b'_') => Some(b' '),
                    Some(_) => Some(b'0'),
                    None => Some(if blank { b' ' } else { b'0' }),
                };
                let text = value.unsigned_abs().to_string();
                let wanted = self.width.unwrap_or(digits).saturating_sub(usize::from(value < 0));
                let padding = fill.map_or(0, |_| wanted.saturating_sub(text.len()));
                if value < 0 {
                    out.push(b'-');
                }
                out.resize(out.len() + padding, fill.unwrap_or(b'0'));
                out.extend_from_slice(text.as_bytes());
            }
            Piece::Text(text) => {
                let text = match (self.upper, self.swap, self.letter) {
                    (_, true, b'p' | b'Z') => text.to_ascii_lowercase(),
                    (true, _, _) | (_, true, b'a' | b'A' | b'b' | b'B' | b'h') => text.to_ascii_uppercase(),
                    _ => text,
                };
                let fill = if self.pad == Some(b'0') { b'0' } else { b' ' };
                let padding = self.width.unwrap_or(0).saturating_sub(text.len());
                out.resize(out.len() + padding, fill);
                out.extend_from_slice(text.as_bytes());
            }
        }
        true
    }

    fn piece(self, date: &Zoned, utc: bool) -> Option<Piece> {
        let weekday = i64::from(date.weekday().to_sunday_zero_offset());
        let (year, yearday) = (i64::from(date.year()), i64::from(date.day_of_year()) - 1);
        let hour = i64::from(date.hour());
        let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
        let week = || date.date().iso_week_date();
        let name = |names: &[&str], index: i64, length: Option<usize>| {
            let name = usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or("?");
            Piece::Text(name.get(..length.unwrap_or(name.len())).unwrap_or(name).to_owned())
        };
        let composed = |text: &str| {
            let mut out = Vec::new();
            format(text.as_bytes(), date, utc, &mut out);
            Piece::Text(String::from_utf8_lossy(&out).into_owned())
        };
        let month = i64::from(date.month()) - 1;
        Some(match self.letter {
            b'%' => Piece::Text("%".into()),
            b'n' => Piece::Text("\n".into()),
            b't' => Piece::Text("\t".into()),
            b'a' => name(&DAYS, weekday, Some(3)),
            b'A' => name(&DAYS, weekday, None),
            b'b' | b'h' => name(&MONTHS, month, Some(3)),
            b'B' => name(&MONTHS, month, None),
            b'c' => composed("%a %b %e %H:%M:%S %Y"),
            b'D' | b'x' => composed("%m/%d/%y"),
            b'F' => composed("%Y-%m-%d"),
            b'r' => composed("%I:%M:%S %p"),
            b'R' => composed("%H:%M"),
            b'T' | b'X' => composed("%H:%M:%S"),
            b'p' => Piece::Text(if hour < 12 { "AM" } else { "PM" }.into()),
            b'P' => Piece::Text(if hour < 12 { "am" } else { "pm" }.into()),
            b'Z' if utc => Piece::Text("GMT".into()),
            b'Z' => Piece::Text(date.time_zone().to_offset_info(date.timestamp()).abbreviation().to_owned()),
            b'z' => {
                let minutes = date.offset().seconds() / 60;
                let sign = if minutes < 0 { '-' } else { '+' };
                Piece::Text(format!("{sign}{:02}{:02}", minutes.abs() / 60, minutes.abs() % 60))
            }
            b'C' => zeros(year.div_euclid(100), 2),
            b'd' => zeros(date.day(), 2),
            b'e' => blanks(date.day(), 2),
            b'g' => zeros(week().year().rem_euclid(100), 2),
            b'G' => zeros(week().year(), 1),
            b'H' => zeros(hour, 2),
            b'I' => zeros(hour12, 2),
            b'k' => blanks(hour, 2),
            b'l' => blanks(hour12, 2),
            b'j' => zeros(yearday + 1, 3),
            b'm' => zeros(month + 1, 2),
            b'M' => zeros(date.minute(), 2),
            b's' => zeros(date.timestamp().as_second(), 1),
            b'S' => zeros(date.second(), 2),
            b'u' => zeros(if weekday == 0 { 7 } else { weekday }, 1),
            b'U' => zeros((yearday + 7 - weekday) / 7, 2),
            b'V' => zeros(week().week(), 2),
            b'w' => zeros(weekday, 1),
            b'W' => zeros((yearday + 7 - (weekday + 6) % 7) / 7, 2),
            b'y' => zeros(year.rem_euclid(100), 2),
            b'Y' => zeros(year, 1),
            _ => return None,
        })
    }
}
