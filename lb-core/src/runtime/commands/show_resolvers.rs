//! `show resolvers` and `show stat domain resolvers` (management.txt, section 9.3): what nameservers were seen to do.

use std::fmt::Write;

use super::super::{Command, CommandError, ErrorCode, Instance, Reply, Words};
use super::typed::{Format, Tags, Value, json_text};

/// `show resolvers [<id>]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShowResolvers {
    /// Only this section.
    pub section: Option<String>,
}

/// The sections asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolversList(pub Vec<ResolversCounters>);

/// A `resolvers` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolversCounters {
    /// Its name.
    pub name: String,
    /// Its nameservers in order.
    pub nameservers: Vec<NameserverNumbers>,
}

/// What was counted of a nameserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameserverNumbers {
    /// Its name.
    pub name: String,
    /// Names and values, in the order of `show resolvers`.
    pub numbers: Vec<(&'static str, u64)>,
}

/// `show stat domain resolvers`: the same, in the forms of `show stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolversTable {
    /// The sections.
    pub sections: Vec<ResolversCounters>,
    /// How to write it.
    pub format: Format,
    /// With the meaning of each value, in the typed form.
    pub described: bool,
}

/// What `show stat` calls a value, and how it describes it.
const COLUMNS: [(&str, &str); 17] = [
    ("id", "ID"),
    ("pid", "Parent ID"),
    ("sent", "Sent"),
    ("send_error", "Send error"),
    ("valid", "Valid"),
    ("update", "Update"),
    ("cname", "CNAME"),
    ("cname_error", "CNAME error"),
    ("any_err", "Any errors"),
    ("nx", "NX"),
    ("timeout", "Timeout"),
    ("refused", "Refused"),
    ("other", "Other"),
    ("invalid", "Invalid"),
    ("too_big", "Too big"),
    ("truncated", "Truncated"),
    ("outdated", "Outdated"),
];

/// All sections as they are now.
pub(super) fn sections(instance: &Instance) -> Vec<ResolversCounters> {
    let numbers = |nameserver: &crate::resolve::Nameserver| NameserverNumbers {
        name: nameserver.name.to_string(),
        numbers: nameserver.counters.all().iter().map(|(name, count)| (*name, count.get())).collect(),
    };
    let section = |resolvers: &std::sync::Arc<crate::resolve::Resolvers>| ResolversCounters {
        name: resolvers.name.to_string(),
        nameservers: resolvers.nameservers.iter().map(numbers).collect(),
    };
    instance.topology().resolvers.iter().map(section).collect()
}

impl ShowResolvers {
    pub(crate) fn parse(mut words: Words) -> Result<Command, CommandError> {
        Ok(Command::ShowResolvers(Self { section: words.next() }))
    }

    pub(crate) fn run(&self, instance: &Instance) -> Result<Reply, CommandError> {
        let mut sections = sections(instance);
        if let Some(wanted) = &self.section {
            sections.retain(|section| section.name == *wanted);
            if sections.is_empty() {
                return Err(CommandError::new(ErrorCode::NotFound, "Can't find that resolvers section"));
            }
        }
        Ok(Reply::Resolvers(ResolversList(sections)))
    }
}

impl ResolversList {
    pub(crate) fn render(&self, out: &mut String) {
        for section in &self.0 {
            // Writing to a string does not fail.
            let _ = writeln!(out, "Resolvers section {}", section.name);
            for nameserver in &section.nameservers {
                let _ = writeln!(out, " nameserver {}:", nameserver.name);
                for (name, value) in &nameserver.numbers {
                    let _ = writeln!(out, "  {:<13}{value}", format!("{name}:"));
                }
            }
        }
    }
}

impl ResolversTable {
    /// A row for each nameserver.
    fn rows(&self) -> impl Iterator<Item = Vec<Value>> {
        self.sections.iter().flat_map(|section| {
            section.nameservers.iter().map(|nameserver| {
                let names = [nameserver.name.clone(), section.name.clone()].map(Value::Str);
                let numbers = nameserver.numbers.iter().map(|(_, value)| Value::U64(*value));
                names.into_iter().chain(numbers).collect()
            })
        })
    }

    pub(crate) fn render(&self, out: &mut String) {
        match self.format {
            Format::Plain => self.csv(out),
            Format::Typed => self.typed(out),
            Format::Json => self.json(out),
        }
    }

    fn csv(&self, out: &mut String) {
        out.push_str("# ");
        COLUMNS.iter().for_each(|(name, _)| out.extend([name, ","]));
        out.push('\n');
        for row in self.rows() {
            for value in row {
                let _ = write!(out, "{value},");
            }
            out.push('\n');
        }
    }

    fn typed(&self, out: &mut String) {
        for row in self.rows() {
            for ((index, value), (name, about)) in row.iter().enumerate().zip(COLUMNS) {
                let _ = write!(out, "N.{index}.{name}:{}:{}:{value}", tags(index), value.kind());
                if self.described {
                    let _ = write!(out, ":\"{about}\"");
                }
                out.push('\n');
            }
        }
    }

    /// HAProxy leaves out the commas between nameservers, which makes it no JSON.
    fn json(&self, out: &mut String) {
        out.push('[');
        for (number, row) in self.rows().enumerate() {
            out.push_str(if number > 0 { ",[" } else { "[" });
            for ((index, value), (name, _)) in row.iter().enumerate().zip(COLUMNS) {
                let comma = if index > 0 { "," } else { "" };
                let name = json_text(name);
                let _ = write!(out, "{comma}{{\"field\":{{\"pos\":{index},\"name\":\"{name}\"}},\"tags\":");
                tags(index).json(out);
                out.push_str(",\"value\":");
                value.json(out);
                out.push('}');
            }
            out.push(']');
        }
        out.push_str("]\n");
    }
}

/// Names are of the configuration, the rest was counted.
fn tags(index: usize) -> Tags {
    Tags(if index < 2 { *b"CGP" } else { *b"MGP" })
}
