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
            "password" => user.password = Some(UserPassword::Hash(value.to_owned())),
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
