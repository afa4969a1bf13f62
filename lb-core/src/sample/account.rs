//! How much memory variables may take (configuration.txt, `tune.vars.*`): what HAProxy 2.6.12 counts, as its limits show.
//!
//! A variable counts [`ENTRY`] bytes and the bytes of a text; numbers and addresses are in the entry. What a request's
//! variables take counts for its transaction, that for its session, that for `proc`, and all for `global`. Nothing is
//! counted where there are no limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::value::Value;
use crate::config::VariableLimits;

/// Bytes that a variable counts by itself.
pub(crate) const ENTRY: u64 = 80;

/// Bytes that a value counts.
pub(crate) fn size_of(value: &Value<'_>) -> u64 {
    match value {
        Value::Str(bytes) | Value::Bin(bytes) => bytes.len() as u64,
        // HAProxy knows the usual methods by number.
        Value::Meth(bytes) if !KNOWN_METHODS.contains(&&**bytes) => bytes.len() as u64,
        _ => 0,
    }
}

const KNOWN_METHODS: [&[u8]; 8] = [b"OPTIONS", b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"TRACE", b"CONNECT"];

/// What the process' variables take, and all others.
#[derive(Debug)]
pub(crate) struct ProcessAccount {
    /// The limits.
    pub(crate) limits: VariableLimits,
    global: AtomicU64,
    proc: AtomicU64,
}

impl ProcessAccount {
    /// With limits; `None` where none is set. `named` variables of the process count from the start.
    pub(crate) fn new(limits: VariableLimits, named: usize) -> Option<Arc<Self>> {
        let used = ENTRY * named as u64;
        let account = Self { limits, global: AtomicU64::new(used), proc: AtomicU64::new(used) };
        (limits != VariableLimits::default()).then(|| Arc::new(account))
    }

    /// Counts bytes, unless that is more than there may be.
    pub(crate) fn charge(&self, bytes: u64) -> bool {
        if !add(&self.global, bytes, self.limits.global) {
            return false;
        }
        let fits = add(&self.proc, bytes, self.limits.proc);
        if !fits {
            self.global.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// They are free again.
    pub(crate) fn refund(&self, bytes: u64) {
        self.global.fetch_sub(bytes, Ordering::Relaxed);
        self.proc.fetch_sub(bytes, Ordering::Relaxed);
    }
}

fn add(used: &AtomicU64, bytes: u64, limit: u64) -> bool {
    let after = |used: u64| used.checked_add(bytes).filter(|after| limit == 0 || *after <= limit);
    used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).is_ok()
}

/// What the variables of one scope take, and of those within it. What it holds at its end is given back. One task at a time
/// uses it.
#[derive(Debug)]
pub(crate) struct Account {
    used: AtomicU64,
    limit: u64,
    parent: Parent,
}

#[derive(Debug)]
enum Parent {
    Scope(Arc<Account>),
    Process(Arc<ProcessAccount>),
}

impl Account {
    /// Of a connection or a check.
    pub(crate) fn of_process(process: &Arc<ProcessAccount>, limit: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), limit, parent: Parent::Process(Arc::clone(process)) })
    }

    /// Of a scope within another.
    pub(crate) fn within(parent: &Arc<Self>, limit: u64) -> Arc<Self> {
        Arc::new(Self { used: AtomicU64::new(0), limit, parent: Parent::Scope(Arc::clone(parent)) })
    }

    /// Counts bytes here and in all that is around, unless that is more than there may be somewhere.
    pub(crate) fn charge(&self, bytes: u64) -> bool {
        let after = self.used.load(Ordering::Relaxed).saturating_add(bytes);
        if self.limit != 0 && after > self.limit {
            return false;
        }
        let fits = match &self.parent {
            Parent::Scope(parent) => parent.charge(bytes),
            Parent::Process(process) => process.charge(bytes),
        };
        if fits {
            self.used.store(after, Ordering::Relaxed);
        }
        fits
    }

    /// They are free again.
    pub(crate) fn refund(&self, bytes: u64) {
        self.used.store(self.used.load(Ordering::Relaxed).saturating_sub(bytes), Ordering::Relaxed);
        match &self.parent {
            Parent::Scope(parent) => parent.refund(bytes),
            Parent::Process(process) => process.refund(bytes),
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let left = self.used.load(Ordering::Relaxed);
        if left > 0 {
            self.refund(left);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn coarse_limits_include_fine_ones() {
        let limits = VariableLimits { global: 300, sess: 200, txn: 100, ..VariableLimits::default() };
        let process = ProcessAccount::new(limits, 1).unwrap();
        let sess = Account::of_process(&process, limits.sess);
        let txn = Account::within(&sess, limits.txn);
        let req = Account::within(&txn, limits.reqres);
        assert!(req.charge(90) && !req.charge(11) && req.charge(10));
        assert!(!txn.charge(1) && sess.charge(100) && !sess.charge(1));
        assert!(process.charge(20) && !process.charge(1));
        drop(req);
        assert!(txn.charge(100));
        drop((txn, sess));
        assert!(process.charge(200) && !process.charge(1));
    }

    #[test]
    fn nothing_is_counted_without_limits() {
        assert!(ProcessAccount::new(VariableLimits::default(), 5).is_none());
    }

    #[test]
    fn texts_count() {
        for (value, size) in [
            (Value::str(b"abc".as_slice()), 3),
            (Value::Bin(b"ab"[..].into()), 2),
            (Value::Sint(5), 0),
            (Value::Bool(true), 0),
            (Value::Meth(b"GET"[..].into()), 0),
            (Value::Meth(b"PROPFIND"[..].into()), 8),
        ] {
            assert_eq!(size_of(&value), size, "{value:?}");
        }
    }
}
