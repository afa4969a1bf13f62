//! Variables: `proc.`, `sess.`, `txn.`, `req.`, `res.`, `check.` (configuration.txt, `set-var`).

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use super::account::{Account, ENTRY, ProcessAccount, size_of};
use super::value::Value;
use crate::config::AssignmentConditions;
use crate::session::ClientInfo;

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VariableScope {
    /// As long as the process.
    Proc,
    /// As long as the client's connection.
    Sess,
    /// A request and its response.
    Txn,
    /// While the request is processed.
    Req,
    /// While the response is processed.
    Res,
    /// A health check.
    Check,
}

/// A variable's scope and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VariableName {
    /// Where it lives.
    pub scope: VariableScope,
    /// Its name without the scope.
    pub name: Arc<str>,
}

impl VariableName {
    /// Reads `scope.name`.
    ///
    /// # Errors
    /// HAProxy's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        const SCOPES: [(&str, VariableScope); 6] = [
            ("proc.", VariableScope::Proc),
            ("sess.", VariableScope::Sess),
            ("txn.", VariableScope::Txn),
            ("req.", VariableScope::Req),
            ("res.", VariableScope::Res),
            ("check.", VariableScope::Check),
        ];
        let found = SCOPES.iter().find_map(|(prefix, scope)| Some((*scope, text.strip_prefix(prefix)?)));
        if text.is_empty() {
            return Err("Empty variable name cannot be accepted".to_owned());
        }
        let Some((scope, name)) = found.filter(|(_, name)| !name.is_empty()) else {
            return Err(format!(
                "invalid variable name '{text}'. A variable name must be start by its scope. The scope can be 'proc', \
                 'sess', 'txn', 'req', 'res' or 'check'"
            ));
        };
        let wrong = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_');
        if !wrong.is_empty() {
            return Err(format!("invalid syntax at char '{wrong}'"));
        }
        Ok(Self { scope, name: name.into() })
    }
}

/// The variables of one scope.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    list: RefCell<Vec<(Arc<str>, Value<'static>)>>,
    /// What they take, where that is limited.
    pub(crate) account: Option<Arc<Account>>,
}

impl Variables {
    /// None yet, which count for an account.
    pub(crate) fn counted(account: Option<Arc<Account>>) -> Self {
        Self { list: RefCell::default(), account }
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'static>> {
        self.list.borrow().iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
    }

    /// Whether there is a variable of that name.
    pub(crate) fn exists(&self, name: &str) -> bool {
        self.list.borrow().iter().any(|(known, _)| **known == *name)
    }

    /// Sets a variable. False where there is no room for it: it is forgotten then, as is what it was before. (HAProxy leaves
    /// a value that nobody has written.)
    pub(crate) fn set(&self, name: &Arc<str>, value: Value<'static>) -> bool {
        if let Some(account) = &self.account
            && !self.make_room(account, name, &value)
        {
            self.list.borrow_mut().retain(|(known, _)| known != name);
            return false;
        }
        let mut list = self.list.borrow_mut();
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => list.push((Arc::clone(name), value)),
        }
        true
    }

    /// Counts a value in the place of the one before.
    fn make_room(&self, account: &Account, name: &Arc<str>, value: &Value<'_>) -> bool {
        if let Some((_, old)) = self.list.borrow().iter().find(|(known, _)| known == name) {
            account.refund(ENTRY + size_of(old));
        }
        account.charge(ENTRY + size_of(value))
    }

    /// Forgets a variable.
    pub(crate) fn unset(&self, name: &str) {
        if let Some(account) = &self.account
            && let Some(value) = self.get(name)
        {
            account.refund(ENTRY + size_of(&value));
        }
        self.list.borrow_mut().retain(|(known, _)| **known != *name);
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        if let Some(account) = &self.account {
            account.refund(self.list.borrow().iter().map(|(_, value)| ENTRY + size_of(value)).sum());
        }
        self.list.borrow_mut().clear();
    }
}

/// The variables of the process (`proc.`), which all workers share. Reading takes no lock.
#[derive(Debug, Default)]
pub(crate) struct SharedVariables {
    map: ArcSwap<HashMap<Arc<str>, Value<'static>>>,
    /// What they take, where that is limited, and those that the configuration names, which count from the start.
    account: Option<(Arc<ProcessAccount>, BTreeSet<Arc<str>>)>,
    /// Held while one is set where that is limited.
    setting: Mutex<()>,
}

impl SharedVariables {
    /// None yet, which count for an account.
    pub(crate) fn counted(account: Option<Arc<ProcessAccount>>, named: BTreeSet<Arc<str>>) -> Self {
        Self { account: account.map(|account| (account, named)), ..Self::default() }
    }

    /// What they count for, where that is limited.
    pub(crate) fn account(&self) -> Option<&Arc<ProcessAccount>> {
        self.account.as_ref().map(|(account, _)| account)
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'static>> {
        self.map.load().get(name).cloned()
    }

    /// Sets a variable where its conditions hold. False where there is no room for it, which leaves none of that name.
    pub(crate) fn set_if(&self, name: &Arc<str>, value: Value<'static>, conditions: AssignmentConditions) -> bool {
        let Some((account, named)) = &self.account else {
            self.replace(name, value, conditions);
            return true;
        };
        let _setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.get(name);
        if !conditions.hold(old.as_ref(), true, &value) {
            return true;
        }
        let entry = if named.contains(name) { 0 } else { ENTRY };
        if let Some(old) = &old {
            account.refund(entry + size_of(old));
        }
        if !account.charge(entry + size_of(&value)) {
            self.forget(name);
            return false;
        }
        self.replace(name, value, conditions);
        true
    }

    fn replace(&self, name: &Arc<str>, value: Value<'static>, conditions: AssignmentConditions) {
        self.map.rcu(|map| {
            let mut map = HashMap::clone(map);
            // They exist from the configuration on.
            if conditions.hold(map.get(name), true, &value) {
                map.insert(Arc::clone(name), value.clone());
            }
            map
        });
    }

    /// Forgets a variable.
    pub(crate) fn unset(&self, name: &str) {
        if let Some((account, named)) = &self.account {
            let _setting = self.setting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(old) = self.get(name) {
                let entry = if named.contains(name) { 0 } else { ENTRY };
                account.refund(entry + size_of(&old));
            }
            return self.forget(name);
        }
        self.forget(name);
    }

    fn forget(&self, name: &str) {
        self.map.rcu(|map| {
            let mut map = HashMap::clone(map);
            map.remove(name);
            map
        });
    }
}

/// The scopes that a stream sees, besides `proc`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scopes<'a> {
    /// The client's connection, which has variables once one is set.
    pub(crate) session: Option<&'a ClientInfo>,
    /// Of the stream.
    pub(crate) txn: Option<&'a Variables>,
    /// Of the request.
    pub(crate) req: Option<&'a Variables>,
    /// Of the response.
    pub(crate) res: Option<&'a Variables>,
    /// Of a health check.
    pub(crate) check: Option<&'a Variables>,
    /// What a health check has for `sess`.
    pub(crate) check_session: Option<&'a Variables>,
}

impl<'a> Scopes<'a> {
    /// The same, to be changed.
    pub(crate) fn for_change(&self, scope: VariableScope) -> Option<&'a Variables> {
        match scope {
            VariableScope::Sess => self.session.map(ClientInfo::variables).or(self.check_session),
            scope => self.of(scope),
        }
    }

    /// The variables of a scope; `None` for those of the process and where there are none.
    pub(crate) fn of(&self, scope: VariableScope) -> Option<&'a Variables> {
        match scope {
            VariableScope::Proc => None,
            VariableScope::Sess => match self.session {
                Some(session) => session.known_variables(),
                None => self.check_session,
            },
            VariableScope::Txn => self.txn,
            VariableScope::Req => self.req,
            VariableScope::Res => self.res,
            VariableScope::Check => self.check,
        }
    }
}
