//! The keywords this program knows, as `haproxy -dK` lists them (management guide, section 3: `-dK`).

use std::fmt::Write;

use super::{global, http_errors, mailers, proxy, resolvers, userlist};
use crate::sample::fetch::{self, acl_words};
use crate::sample::{Place, Places, convert};

/// A keyword of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeywordRow {
    /// The keyword, with leading words it depends on and `+1` behind it where it takes a value.
    pub words: &'static str,
    /// The section it is listed under; proxy keywords stand under `listen`.
    pub section: &'static str,
}

/// Every supported keyword, section by section.
pub fn rows() -> impl Iterator<Item = KeywordRow> {
    let under = |section| move |words| KeywordRow { words, section };
    let global = global::keyword_rows().filter(|(_, supported)| *supported).map(|(words, _)| words);
    let userlist = userlist::KEYWORDS.into_iter().map(under("userlist"));
    let http_errors = http_errors::KEYWORDS.into_iter().map(under("http-errors"));
    let proxy = proxy::keyword_rows().filter(|(_, _, supported)| *supported).map(|(words, _, _)| words);
    let resolvers = resolvers::KEYWORDS.into_iter().map(under("resolvers"));
    let mailers = mailers::KEYWORDS.into_iter().map(under("mailers"));
    let proxies = global.map(under("global")).chain(proxy.map(under("listen")));
    proxies.chain(userlist).chain(http_errors).chain(resolvers).chain(mailers)
}

/// The classes of `-dK`, with HAProxy's titles in its order.
const CLASSES: [(&str, &str, &str); 7] = [
    ("acl", "ACL keywords", "# List of registered ACL keywords:\n"),
    ("cfg", "configuration keywords", "# List of registered configuration keywords:\n"),
    ("cli", "CLI keywords", "# List of registered CLI keywords:\n"),
    ("cnv", "sample converter keywords", "# List of registered sample converter functions:\n"),
    ("flt", "filter names", "# List of registered filter names:\n"),
    ("smp", "sample fetch functions", "# List of registered sample fetch functions:\n"),
    ("svc", "service names", "# List of registered service names:\n"),
];

/// The text for `-dK<classes>`: classes separated by commas, `all` for every class; anything else, `help` included,
/// adds the list of classes.
pub fn dump_keywords(classes: &str) -> String {
    let mut text = String::new();
    let asked: Vec<&str> = classes.split(',').filter(|class| !class.is_empty()).collect();
    let known = |class: &&str| *class == "all" || CLASSES.iter().any(|(name, _, _)| name == class);
    if asked.is_empty() || !asked.iter().all(known) {
        text.push_str("# List of supported keyword classes:\nall: list all keywords\n");
        for (name, what, _) in CLASSES {
            let _ = writeln!(text, "{name}: {what}");
        }
    }
    for (name, _, title) in CLASSES {
        if asked.contains(&"all") || asked.contains(&name) {
            text.push_str(title);
            match name {
                "acl" => acl(&mut text),
                "cfg" => configuration(&mut text),
                "cnv" => converters(&mut text),
                "smp" => fetches(&mut text),
                _ => {}
            }
        }
    }
    text
}

fn configuration(text: &mut String) {
    let mut section = "";
    for row in rows() {
        if row.section != section {
            section = row.section;
            let _ = writeln!(text, "{section}");
        }
        let _ = writeln!(text, "\t{}", row.words);
    }
}

fn acl(text: &mut String) {
    for row in acl_words::all() {
        let _ = writeln!(text, "{} = {} -m {}", row.word, row.fetch, row.method);
    }
}

/// As HAProxy does it: what a converter yields goes before what it takes.
fn converters(text: &mut String) {
    let mut all: Vec<_> = convert::all().collect();
    all.sort_by_key(|converter| converter.name);
    for converter in all {
        let (input, output) = (converter.input.word(), converter.output.word());
        let _ = writeln!(text, "{}{}: {output} => {input}", converter.name, converter.args);
    }
}

/// A column for each place, and a line that leads to it from its name.
fn fetches(text: &mut String) {
    for (index, place) in Place::EVERY.iter().enumerate() {
        let (indent, dashes) = (Places::COUNT + 1 - index, Places::COUNT - index);
        let lines = "/ ".repeat(index);
        let _ = writeln!(text, "#{}{lines}_.{} {}", " ".repeat(indent), "-".repeat(dashes), place.name());
    }
    let _ = writeln!(text, "# {} ", "/ ".repeat(Places::COUNT));
    let _ = writeln!(text, "# {}", "| ".repeat(Places::COUNT));
    let mut all: Vec<_> = fetch::all().collect();
    all.sort_by_key(|fetch| fetch.name);
    for fetch in all {
        let row = fetch.places.to_row();
        let _ = writeln!(text, "[ {row} ] {}{}: {}", fetch.name, fetch.args, fetch.output.word());
    }
}

/// The names of all sample fetches, sorted.
pub fn fetch_names() -> Vec<&'static str> {
    let mut names: Vec<_> = fetch::all().map(|fetch| fetch.name).collect();
    names.sort_unstable();
    names
}

/// The names of all converters, sorted.
pub fn converter_names() -> Vec<&'static str> {
    let mut names: Vec<_> = convert::all().map(|converter| converter.name).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_supported_is_listed() {
        let text = dump_keywords("cfg");
        assert!(text.starts_with("# List of registered configuration keywords:\nglobal\n\tca-base\n"));
        assert!(text.contains("\n\tmaxconn\n") && !text.contains("lua-load"));
        assert!(text.contains("\nuserlist\n\tgroup\n\tuser\nhttp-errors\n\terrorfile\n"));
    }

    #[test]
    fn classes() {
        assert!(
            dump_keywords("help").starts_with("# List of supported keyword classes:\nall: list all keywords\nacl: ")
        );
        assert_eq!(dump_keywords("svc"), "# List of registered service names:\n");
        assert_eq!(dump_keywords("svc,flt").lines().count(), 2);
        let samples = dump_keywords("smp,cnv,acl");
        for line in [
            "\n#                      / _.--------------------- frontend tcp-request session rule\n",
            "\n# / / / / / / / / / / / / / / / / / / / / / /  \n# | | ",
            "\n[ . . Y Y Y Y Y Y Y Y Y . . . . . . . . . . . ] req.payload_lv(integer,integer[,string]): bin\n",
            "\n[ Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y Y ] date([integer,string]): sint\n",
            "\nadd(string): sint => sint\n",
            "\npath_beg = path -m beg\n",
        ] {
            assert!(samples.contains(line), "{line}");
        }
        assert_eq!(dump_keywords("all").matches("# List of registered").count(), 7);
    }
}
