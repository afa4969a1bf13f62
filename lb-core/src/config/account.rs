//! System users and groups by name, from /etc/passwd and /etc/group.

use std::fs;
use std::path::Path;

/// The number of a system user, if there is one of that name.
pub fn user_id(name: &str) -> Option<u32> {
    lookup(Path::new("/etc/passwd"), name)
}

/// The number of a system group, if there is one of that name.
pub fn group_id(name: &str) -> Option<u32> {
    lookup(Path::new("/etc/group"), name)
}

fn lookup(database: &Path, name: &str) -> Option<u32> {
    find(&String::from_utf8_lossy(&fs::read(database).ok()?), name)
}

/// `name:password:id:...` in both databases (passwd(5), group(5)).
fn find(database: &str, name: &str) -> Option<u32> {
    database.lines().find_map(|line| {
        let mut fields = line.split(':');
        (!name.is_empty() && fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_to_numbers() {
        let database = "root:x:0:0:root:/root:/bin/sh\n\nbad:x\nwww:x:33:33::/:/bin/false\n";
        assert_eq!(find(database, "root"), Some(0));
        assert_eq!(find(database, "www"), Some(33));
        assert_eq!((find(database, "bad"), find(database, "no"), find(database, "")), (None, None, None));
        assert_eq!(user_id("root"), Some(0));
    }
}
