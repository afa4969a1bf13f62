//! Numbers of JSON as integers and as text.

/// The largest that JSON has exactly, either way (RFC 8259, section 6).
const EXACT: i64 = (1 << 53) - 1;

/// The integer, or what a fraction begins with; `None` beyond what JSON has exactly.
pub(super) fn integer(token: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(token).ok()?;
    let number = match text.parse::<i64>() {
        Ok(number) => number,
        Err(_) => {
            let number = text.parse::<f64>().ok()?.trunc();
            (number.abs() <= EXACT as f64).then_some(number as i64)?
        }
    };
    (-EXACT..=EXACT).contains(&number).then_some(number)
}

/// Integers as they are, others in the shortest form that has six digits of them (`%g` of printf(3)).
pub(super) fn text(token: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(token).ok()?;
    let digits = text.trim_start_matches('-');
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let sign = text.get(..text.len() - digits.len())?;
        return Some(match digits.trim_start_matches('0') {
            "" => format!("{sign}0"),
            digits => format!("{sign}{digits}"),
        });
    }
    general(text.parse().ok()?)
}

fn general(number: f64) -> Option<String> {
    if number == 0.0 || !number.is_finite() {
        return Some(number.to_string());
    }
    let scientific = format!("{number:.5e}");
    let (mantissa, exponent) = scientific.split_once('e')?;
    let exponent: i32 = exponent.parse().ok()?;
    if (-4..6).contains(&exponent) {
        return Some(shorten(&format!("{number:.*}", usize::try_from(5 - exponent).ok()?)).to_owned());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{}e{sign}{:02}", shorten(mantissa), exponent.abs()))
}

/// Without zeros behind the point.
fn shorten(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `json_query('$.a')` of haproxy 2.6.12.
    #[test]
    fn fractions_are_printed_as_haproxy_does() {
        for (token, printed) in [
            ("1.5", "1.5"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("1.", "1"),
            ("1.23456789012345678", "1.23457"),
            ("999999.5", "1e+06"),
            ("1234567.5", "1.23457e+06"),
            ("123456.789", "123457"),
            ("0.00001", "1e-05"),
            ("0.0001", "0.0001"),
            ("0.1234567", "0.123457"),
            ("1e100", "1e+100"),
            ("1e400", "inf"),
            ("1e-7", "1e-07"),
            ("-1.5e-3", "-0.0015"),
            ("-0", "-0"),
            ("01", "1"),
        ] {
            assert_eq!(text(token.as_bytes()).as_deref(), Some(printed), "{token}");
        }
    }
}
