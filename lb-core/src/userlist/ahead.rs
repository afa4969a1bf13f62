//! Passwords are verified before rules ask for them, on another thread: one hash takes as long as thousands of requests.
//!
//! A worker has one password verified at a time, so that a flood of wrong ones takes no more than one thread for each worker
//! and whoever sends them waits for his turn; everything else of the worker goes on.

use tokio::sync::Semaphore;

use super::hash::Hash;
use super::{MAX_PASSWORD, Password, Userlists, memory};

thread_local! {
    /// Whose turn it is on this worker.
    static TURN: std::rc::Rc<Semaphore> = std::rc::Rc::new(Semaphore::new(1));
}

impl Userlists {
    /// Whether there are passwords that take long to verify.
    pub(crate) fn have_hashes(&self) -> bool {
        self.have_hashes
    }

    /// Has the worker remember whether this is the password of the user, in every list that knows one of that name.
    ///
    /// Cancel safe: what has been begun ends on its thread and is forgotten.
    pub(crate) async fn verify_ahead(&self, name: &[u8], password: &[u8]) {
        if password.len() > MAX_PASSWORD {
            return;
        }
        for hash in self.lists.iter().filter_map(|list| list.get(name)).filter_map(|user| user.password.as_ref()) {
            if let Password::Hash(hash) = hash {
                verify(hash, password).await;
            }
        }
    }
}

async fn verify(hash: &Hash, password: &[u8]) {
    if memory::knows(hash, password) {
        return;
    }
    let turn = TURN.with(std::rc::Rc::clone);
    let Ok(_turn) = turn.acquire().await else { return };
    if memory::knows(hash, password) {
        return;
    }
    let (theirs, shown) = (hash.clone(), password.to_vec());
    if let Ok(right) = tokio::task::spawn_blocking(move || theirs.verify(&shown)).await {
        memory::recall(hash, password, || right);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_was_verified_ahead_is_known() {
        let config = Config::parse(
            "userlist l\n user u password $1$abcdefgh$IQtUouv7y7Q9dRWkQEPCc.\nuserlist m\n user u insecure-password pw\n",
            "t.cfg",
        );
        let lists = Userlists::new(&config.unwrap().userlists).unwrap();
        assert!(lists.have_hashes());
        let Some(Password::Hash(hash)) = &lists.lists[0][&b"u"[..]].password else { panic!("no hash") };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for (password, right) in [("pw", true), ("px", false)] {
            assert!(!memory::knows(hash, password.as_bytes()));
            runtime.block_on(lists.verify_ahead(b"u", password.as_bytes()));
            assert!(memory::knows(hash, password.as_bytes()));
            assert_eq!(lists.authenticate(0, b"u", password.as_bytes()).is_some(), right);
        }
        runtime.block_on(lists.verify_ahead(b"nobody", b"pw"));
    }
}
