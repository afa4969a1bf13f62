//! `show info` (management.txt, section 9.3).

mod fields;

use std::fmt::Write;

use super::super::{Command, CommandError, Instance, Reply, Words};
use super::typed::{Format, Tags, Value, json_text};
use crate::stats::ProcessSnapshot;

/// `show info [desc] [json|typed] [float]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowInfo {
    /// How to write it.
    pub format: Format,
    /// With the meaning of each value.
    pub described: bool,
    /// With fractions of seconds.
    pub float: bool,
}

/// What the process says of itself, with how it was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// The values.
    pub process: ProcessSnapshot,
    /// How they are rendered.
    pub asked: ShowInfo,
}

/// A line of the answer.
struct Field {
    position: u32,
    name: &'static str,
    tags: Tags,
    about: &'static str,
    value: Value,
}

impl ShowInfo {
    pub(crate) fn parse(words: Words) -> Result<Command, CommandError> {
        let mut command = Self::default();
        for word in words.iter() {
            match word {
                "typed" => command.format = Format::Typed,
                "json" => command.format = Format::Json,
                "desc" => command.described = true,
                "float" => command.float = true,
                _ => {}
            }
        }
        Ok(Command::ShowInfo(command))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        Ok(Reply::Info(Box::new(Info { process: instance.process(), asked: self.clone() })))
    }
}

impl Info {
    pub(crate) fn render(&self, out: &mut String) {
        let fields = fields::of(&self.process, self.asked.float);
        match self.asked.format {
            Format::Json => json(&fields, out),
            format => {
                for field in &fields {
                    let Field { position, name, tags, about, value } = field;
                    let _ = match format {
                        Format::Typed => write!(out, "{position}.{name}.1:{tags}:{}:{value}", value.kind()),
                        _ => write!(out, "{name}: {value}"),
                    };
                    if self.asked.described {
                        let _ = write!(out, ":\"{about}\"");
                    }
                    out.push('\n');
                }
            }
        }
    }
}

fn json(fields: &[Field], out: &mut String) {
    out.push('[');
    for (index, Field { position, name, tags, value, .. }) in fields.iter().enumerate() {
        let _ = write!(
            out,
            "{}{{\"field\":{{\"pos\":{position},\"name\":\"{}\"}},\"processNum\":1,\"tags\":",
            if index > 0 { "," } else { "" },
            json_text(name)
        );
        tags.json(out);
        out.push_str(",\"value\":");
        value.json(out);
        out.push('}');
    }
    out.push_str("]\n");
}
