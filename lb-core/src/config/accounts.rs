//! Numbers of users and groups named in a configuration, from the system's account files.

/// The number of a user, from `/etc/passwd`.
pub fn user_id(name: &str) -> Option<u32> {
    id_in(&std::fs::read_to_string("/etc/passwd").ok()?, name)
}

/// The number of a group, from `/etc/group`.
pub fn group_id(name: &str) -> Option<u32> {
    id_in(&std::fs::read_to_string("/etc/group").ok()?, name)
}

/// Both files start with `name:password:number`.
fn id_in(text: &str, name: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next() == Some(name);
        let number = fields.nth(1)?;
        if found { number.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let text = "root:x:0:0:root:/root:/bin/sh\n\nbroken\nwww:x:33:33::/:\n";
        assert_eq!(id_in(text, "root"), Some(0));
        assert_eq!(id_in(text, "www"), Some(33));
        assert_eq!(id_in(text, "broken"), None);
        assert_eq!(id_in(text, ""), None);
    }
}
