//! Users, their passwords and their groups, as rules ask for them (configuration.txt, section 3.4, `http_auth`).
//!
//! Hashes are made to be slow. A worker therefore remembers what it found for the last passwords it was shown, as keyed
//! digests, and pays for each only once; nothing is shared between workers and nothing is locked. What it does not know is
//! verified ahead of the rules, on another thread.

mod ahead;
mod hash;
mod memory;

use std::collections::HashMap;

use crate::config::model::{self, UserPassword};
use crate::topology::TopologyError;

use hash::Hash;
pub use hash::PasswordError;

/// All userlists, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Userlists {
    lists: Vec<HashMap<Box<[u8]>, User>>,
    have_hashes: bool,
}

#[derive(Debug)]
struct User {
    password: Option<Password>,
    groups: Box<[Box<[u8]>]>,
}

#[derive(Debug)]
enum Password {
    Plain(Box<[u8]>),
    Hash(Hash),
}

/// The longest password that is looked at, as in crypt(3): the work on a hash grows with it.
const MAX_PASSWORD: usize = 512;

impl Userlists {
    /// From the `userlist` sections.
    ///
    /// # Errors
    /// A hash of a kind that is not supported, or one that would keep a worker busy for too long.
    pub fn new(lists: &[model::Userlist]) -> Result<Self, TopologyError> {
        let lists = lists.iter().map(|list| list.users.iter().map(|user| entry(list, user)).collect());
        let lists = lists.collect::<Result<Vec<HashMap<_, User>>, _>>()?;
        let mut users = lists.iter().flat_map(HashMap::values);
        let have_hashes = users.any(|user| matches!(user.password, Some(Password::Hash(_))));
        Ok(Self { lists, have_hashes })
    }

    /// The groups of a user, where the password is right. `list` is the number of the userlist.
    pub(crate) fn authenticate(&self, list: usize, name: &[u8], password: &[u8]) -> Option<&[Box<[u8]>]> {
        let user = self.lists.get(list)?.get(name)?;
        let right = match user.password.as_ref()? {
            _ if password.len() > MAX_PASSWORD => false,
            Password::Plain(known) => memory::same(known, password),
            Password::Hash(hash) => memory::recall(hash, password, || hash.verify(password)),
        };
        right.then_some(&*user.groups)
    }
}

/// Whether a hash can be taken.
///
/// # Errors
/// It is of a kind that is not supported, or would keep a worker busy for too long.
pub(crate) fn check_hash(text: &str) -> Result<(), PasswordError> {
    Hash::parse(text).map(drop)
}

fn entry(list: &model::Userlist, user: &model::User) -> Result<(Box<[u8]>, User), TopologyError> {
    let password = match &user.password {
        None => None,
        Some(UserPassword::Plain(text)) => Some(Password::Plain(text.as_bytes().into())),
        Some(UserPassword::Hash(text)) => {
            let refused =
                |source| TopologyError::Password { userlist: list.name.clone(), user: user.name.clone(), source };
            Some(Password::Hash(Hash::parse(text).map_err(refused)?))
        }
    };
    let groups = list.groups.iter().filter(|(_, members)| members.contains(&user.name));
    let groups = groups.map(|(name, _)| name.as_bytes().into()).collect();
    Ok((user.name.as_bytes().into(), User { password, groups }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn passwords_and_groups() {
        let config = Config::parse(
            "userlist l\n group g users u,h\n group e\n user u insecure-password b\n user none groups e\n\
             \x20user emp insecure-password \"\"\n user h password $1$abcdefgh$IQtUouv7y7Q9dRWkQEPCc.\n",
            "t.cfg",
        );
        let lists = Userlists::new(&config.unwrap().userlists).unwrap();
        let groups = |user: &str, password: &str| {
            let groups = lists.authenticate(0, user.as_bytes(), password.as_bytes())?;
            Some(groups.iter().map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>())
        };
        assert_eq!(groups("u", "b"), Some(vec!["g".to_owned()]));
        assert_eq!(groups("u", "c"), None);
        // HAProxy would stop reading the password at the NUL.
        assert_eq!(groups("u", "b\0c"), None);
        assert_eq!(groups("emp", ""), Some(vec![]));
        assert_eq!(groups("emp", "x"), None);
        // HAProxy 2.6 crashes when such a user logs in.
        assert_eq!(groups("none", ""), None);
        assert_eq!(groups("zz", ""), None);
        for _ in 0..2 {
            assert_eq!(groups("h", "pw"), Some(vec!["g".to_owned()]));
            assert_eq!(groups("h", "px"), None);
        }
        assert_eq!(groups("h", &"p".repeat(MAX_PASSWORD + 1)), None);
        assert!(lists.authenticate(1, b"u", b"b").is_none());
    }

    #[test]
    fn unsupported_hashes_are_refused_with_their_place() {
        let refused =
            "userlist 'l': password of user 'u': hashes of kind 'DES' are not supported: use $1$, $5$, $6$ or $2y$";
        let error = Config::parse("userlist l\n user u password abzlUXK5ed5rs\n", "t.cfg").unwrap_err();
        assert_eq!(error.to_string(), format!("parsing [t.cfg:2]: {refused}"));
        let user = model::User {
            name: "u".to_owned(),
            password: Some(UserPassword::Hash("abzlUXK5ed5rs".to_owned())),
            ..model::User::default()
        };
        let list = model::Userlist { name: "l".to_owned(), users: vec![user], ..model::Userlist::default() };
        assert_eq!(Userlists::new(&[list]).unwrap_err().to_string(), refused);
    }
}
