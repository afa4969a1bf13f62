//! Which keys of a structured line are its positional words.

/// Keys whose values follow the keyword directly, in this order; the other keys are options of the line.
///
/// `name` is an option of `bind` and the first word of `server`: this is the one thing the structured form has to know
/// about a keyword.
pub fn positional(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "bind" | "dgram-bind" | "log" | "source" | "dispatch" => &["address"],
        "server" | "nameserver" | "peer" | "mailer" => &["name", "address"],
        "server-template" => &["prefix", "count", "address"],
        "user" | "group" | "table" | "acl" => &["name"],
        _ => &[],
    }
}
