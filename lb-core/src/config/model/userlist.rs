//! `userlist` sections.

use std::collections::BTreeMap;

use crate::config::document::Place;

/// A `userlist` section.
#[derive(Clone, Debug, Default)]
pub struct Userlist {
    /// Its name.
    pub name: String,
    /// Where its header stands.
    pub place: Place,
    /// Users in order.
    pub users: Vec<User>,
    /// Groups by name, with the users named on the `group` line.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// A user of a userlist.
#[derive(Clone, Debug, Default)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password, and whether it is a crypt(3) hash (`password`) or plain (`insecure-password`).
    pub password: Option<UserPassword>,
    /// Groups named on the `user` line.
    pub groups: Vec<String>,
}

/// A user's password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserPassword {
    /// crypt(3) hash.
    Hash(String),
    /// Plain text.
    Plain(String),
}
