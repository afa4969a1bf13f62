//! `userlist` sections (configuration.txt, section 3.4).

use super::diagnostic::Diagnostics;
use super::document::{Line, Section};
use super::model::{User, UserPassword, Userlist};
use super::sections::{bad_name_character, no_more_than};

/// Keywords of the section.
pub const KEYWORDS: [&str; 2] = ["group", "user"];

/// Reads one section into `userlists`. A list whose name is taken is ignored with a warning, as in HAProxy.
pub fn parse_section(section: &Section, userlists: &mut Vec<Userlist>, diags: &mut Diagnostics) {
    let header = &section.header;
    let name = header.arg(1);
    let mut list = Userlist { name: name.to_owned(), place: header.place.clone(), ..Userlist::default() };
    let mut keep = true;
    if name.is_empty() {
        diags.alert_line(header, 1, "'userlist' expects <name> as arguments.");
    } else if no_more_than(1, header, 0, diags) && name_is_valid(header, "userlist", diags) {
        keep = !userlists.iter().any(|known| known.name == name);
        if !keep {
            diags.warning_line(header, 1, format!("ignoring duplicated userlist '{name}'."));
        }
    }
    for line in &section.lines {
        match line.keyword() {
            "group" => group(line, &mut list, diags),
            "user" => user(line, &mut list, diags),
            "no" | "default" => diags.alert_line(line, 0, super::sections::NEGATION),
            _ => {
                let at = diags.len();
                diags.unknown_keyword(line, 0, "users", KEYWORDS);
                diags.set_heading(at, super::diagnostic::Heading::Line);
            }
        }
    }
    if keep {
        userlists.push(list);
    }
}

/// Checks that users and groups name each other, once all sections were read; afterwards each group names its
/// users, wherever that was said.
pub fn finish(userlists: &mut [Userlist], diags: &mut Diagnostics) {
    for list in userlists {
        for user in &list.users {
            for group in &user.groups {
                let Some(members) = list.groups.get_mut(group) else {
                    diags.alert_global(format!(
                        "userlist '{}': no such group '{group}' specified in user '{}'",
                        list.name, user.name
                    ));
                    continue;
                };
                if !members.contains(&user.name) {
                    members.push(user.name.clone());
                }
            }
        }
        for (group, members) in &list.groups {
            for member in members {
                if !list.users.iter().any(|user| user.name == *member) {
                    diags.alert_global(format!(
                        "userlist '{}': no such user '{member}' specified in group '{group}'",
                        list.name
                    ));
                }
            }
        }
    }
}

/// `group <name> [users <user>,<user>...]`
fn group(line: &Line, list: &mut Userlist, diags: &mut Diagnostics) {
    let name = line.arg(1);
    if name.is_empty() {
        return diags.alert_line(line, 1, "'group' expects <name> as arguments.");
    }
    if !name_is_valid(line, "group", diags) {
        return;
    }
    if list.groups.contains_key(name) {
        let text = format!("ignoring duplicated group '{name}' in userlist '{}'.", list.name);
        return diags.warning_line(line, 1, text);
    }
    let mut users = Vec::new();
    for at in (2..line.words.len()).step_by(2) {
        if line.arg(at) != "users" {
            return diags.alert_line(line, at, "'group' only supports 'users' option.");
        }
        users = names(line.arg(at + 1));
    }
    list.groups.insert(name.to_owned(), users);
}

/// `user <name> [password|insecure-password <password>] [groups <group>,<group>...]`
fn user(line: &Line, list: &mut Userlist, diags: &mut Diagnostics) {
    let name = line.arg(1);
    if name.is_empty() {
        return diags.alert_line(line, 1, "'user' expects <name> as arguments.");
    }
    if list.users.iter().any(|known| known.name == name) {
        let text = format!("ignoring duplicated user '{name}' in userlist '{}'.", list.name);
        return diags.warning_line(line, 1, text);
    }
    let mut user = User { name: name.to_owned(), ..User::default() };
    for at in (2..line.words.len()).step_by(2) {
        let value = line.arg(at + 1);
        match line.arg(at) {
            "password" => {
                if let Err(error) = crate::userlist::check_hash(value) {
                    let text = format!("userlist '{}': password of user '{name}': {error}", list.name);
                    return diags.alert_line(line, at + 1, text);
                }
                user.password = Some(UserPassword::Hash(value.to_owned()));
            }
            "insecure-password" => user.password = Some(UserPassword::Plain(value.to_owned())),
            "groups" => user.groups = names(value),
            _ => {
                let text = "'user' only supports 'password', 'insecure-password' and 'groups' options.";
                return diags.alert_line(line, at, text);
            }
        }
    }
    list.users.push(user);
}

fn names(list: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',').filter(|name| !name.is_empty()) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn name_is_valid(line: &Line, what: &str, diags: &mut Diagnostics) -> bool {
    let name = line.arg(1);
    let bad = bad_name_character(name);
    if let Some(bad) = bad {
        diags.alert_line(line, 1, format!("character '{bad}' is not permitted in '{what}' name '{name}'."));
    }
    bad.is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::config::model::Config;
    use crate::config::{LoadOptions, render};

    fn read(text: &str) -> (Vec<Userlist>, Vec<String>) {
        let (lists, diags) = match Config::parse_with(text, "t.cfg", &LoadOptions::default()) {
            Ok(loaded) => (loaded.config.userlists, loaded.diagnostics),
            Err(error) => (Vec::new(), error.diagnostics),
        };
        (lists, diags.iter().map(render::message).collect())
    }

    /// The manual's example of section 3.4.
    #[test]
    fn both_ways_to_name_members_mean_the_same() {
        let (lists, messages) = read(
            "userlist L1\n  group G1 users tiger,scott\n  group G2 users scott\n\
             \x20 user tiger password $6$k6y3o.eP$JlKBx9za9667qe4(...)xHSwRv6J.C0/D7cV91\n\
             \x20 user scott insecure-password elgato\n  user xdb insecure-password hello\n\
             userlist L2\n  group G1\n  group G2\n  user tiger password $6$x groups G1\n\
             \x20 user scott insecure-password elgato groups G1,G2\n  user xdb insecure-password hello\n",
        );
        assert_eq!(messages, Vec::<String>::new());
        let members = |list: &Userlist| {
            let mut members = list.groups.clone();
            members.values_mut().for_each(|users| users.sort());
            members
        };
        assert_eq!(members(&lists[0]), members(&lists[1]));
        assert_eq!(lists[1].users[1].password, Some(UserPassword::Plain("elgato".into())));
        assert!(matches!(lists[0].users[0].password, Some(UserPassword::Hash(_))));
    }

    #[test]
    fn messages_are_those_of_haproxy() {
        let text = "userlist a\n user\n group\n user x\n user x\n group g1\n group g1\n group g4 foo\n user v foo bar\n \
                    foo\n group a,b\n no user\n";
        assert_eq!(
            read(text).1,
            [
                "parsing [t.cfg:2]: 'user' expects <name> as arguments.",
                "parsing [t.cfg:3]: 'group' expects <name> as arguments.",
                "parsing [t.cfg:5]: ignoring duplicated user 'x' in userlist 'a'.",
                "parsing [t.cfg:7]: ignoring duplicated group 'g1' in userlist 'a'.",
                "parsing [t.cfg:8]: 'group' only supports 'users' option.",
                "parsing [t.cfg:9]: 'user' only supports 'password', 'insecure-password' and 'groups' options.",
                "parsing [t.cfg:10]: unknown keyword 'foo' in 'users' section",
                "parsing [t.cfg:11]: character ',' is not permitted in 'group' name 'a,b'.",
                "parsing [t.cfg:12]: negation/default currently supported only for options, log, busy-polling, \
             set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.",
            ]
        );
        assert_eq!(
            read("userlist a\n user z groups g2\n").1,
            ["userlist 'a': no such group 'g2' specified in user 'z'"]
        );
        assert_eq!(read("userlist a\n group g users x\n").1, ["userlist 'a': no such user 'x' specified in group 'g'"]);
    }

    #[test]
    fn headers() {
        let told = |header: &str| read(&format!("{header}\n")).1;
        assert_eq!(told("userlist"), ["parsing [t.cfg:1]: 'userlist' expects <name> as arguments."]);
        assert_eq!(told("userlist a b"), ["parsing [t.cfg:1] : 'userlist' cannot handle unexpected argument 'b'."]);
        assert_eq!(
            told("userlist a*b"),
            ["parsing [t.cfg:1]: character '*' is not permitted in 'userlist' name 'a*b'."]
        );
        let (lists, messages) = read("userlist a\nuserlist a\n");
        assert_eq!(messages, ["parsing [t.cfg:2]: ignoring duplicated userlist 'a'."]);
        assert_eq!(lists.len(), 1);
    }
}
