//! The three forms of `show stat`.

use std::fmt::Write;

use super::super::typed::{Format, Tags, Value, json_text};
use super::ShowStat;
use super::columns::{COLUMNS, Field, LAST_OF_PROXY};
use super::rows::{Kind, Row};

/// Writes `rows` as they were asked for.
pub(super) fn render(rows: &[Row], asked: &ShowStat, out: &mut String) {
    match asked.format {
        Format::Plain => csv(rows, out),
        Format::Typed => typed(rows, asked.described, out),
        Format::Json => json(rows, out),
    }
}

/// CSV; the first line names the columns.
fn csv(rows: &[Row], out: &mut String) {
    out.push_str("# ");
    for (index, column) in COLUMNS.iter().enumerate() {
        out.push_str(column.name);
        out.push(',');
        if index == LAST_OF_PROXY as usize {
            out.push_str("-,");
        }
    }
    out.push('\n');
    for row in rows {
        let mut values = row.values.iter().peekable();
        for index in 0..COLUMNS.len() {
            if let Some((_, value)) = values.next_if(|(field, _)| *field as usize == index) {
                csv_value(value, out);
            }
            out.push(',');
            if index == LAST_OF_PROXY as usize {
                out.push_str("-,");
            }
        }
        out.push('\n');
    }
}

/// Texts with commas, quotes or line ends are quoted (RFC 4180).
fn csv_value(value: &Value, out: &mut String) {
    match value {
        Value::Str(text) if text.contains([',', '"', '\n', '\r']) => {
            out.push('"');
            out.push_str(&text.replace('"', "\"\""));
            out.push('"');
        }
        value => {
            let _ = write!(out, "{value}");
        }
    }
}

fn typed(rows: &[Row], described: bool, out: &mut String) {
    for row in rows {
        for (field, value) in &row.values {
            let Some(column) = COLUMNS.get(*field as usize) else { continue };
            let _ = write!(
                out,
                "{}.{}.{}.{}.{}.1:{}:{}:{value}",
                row.kind.letter(),
                row.proxy,
                row.id,
                *field as usize,
                column.name,
                tags(row.kind, *field, column.tags),
                value.kind(),
            );
            if described {
                let _ = write!(out, ":\"{}\"", column.about);
            }
            out.push('\n');
        }
    }
}

fn json(rows: &[Row], out: &mut String) {
    out.push('[');
    for (index, row) in rows.iter().enumerate() {
        out.push_str(if index > 0 { ",[" } else { "[" });
        for (index, (field, value)) in row.values.iter().enumerate() {
            let Some(column) = COLUMNS.get(*field as usize) else { continue };
            let _ = write!(
                out,
                "{}{{\"objType\":\"{}\",\"proxyId\":{},\"id\":{},\"field\":{{\"pos\":{},\"name\":\"{}\"}},\"processNum\":1,\"tags\":",
                if index > 0 { "," } else { "" },
                row.kind.name(),
                row.proxy,
                row.id,
                *field as usize,
                json_text(column.name),
            );
            tags(row.kind, *field, column.tags).json(out);
            out.push_str(",\"value\":");
            value.json(out);
            out.push('}');
        }
        out.push(']');
    }
    out.push_str("]\n");
}

/// HAProxy calls some values of a backend gauges that are something else elsewhere.
fn tags(kind: Kind, field: Field, tags: Tags) -> Tags {
    match field {
        Field::Act | Field::Bck | Field::Rate | Field::RateMax if kind == Kind::Backend => Tags(*b"MGP"),
        _ => tags,
    }
}
