//! Variables: `proc.`, `sess.`, `txn.`, `req.`, `res.`, `check.` (configuration.txt, `set-var`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::value::Value;
use crate::config::AssignmentConditions;

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
}

impl Variables {
    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'static>> {
        self.list.borrow().iter().find(|(known, _)| **known == *name).map(|(_, value)| value.clone())
    }

    /// Sets a variable.
    pub(crate) fn set(&self, name: &Arc<str>, value: Value<'static>) {
        let mut list = self.list.borrow_mut();
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => list.push((Arc::clone(name), value)),
        }
    }

    /// Forgets a variable.
    pub(crate) fn unset(&self, name: &str) {
        self.list.borrow_mut().retain(|(known, _)| **known != *name);
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.list.borrow_mut().clear();
    }
}

/// The variables of the process (`proc.`), which all workers share. Reading takes no lock.
#[derive(Debug, Default)]
pub(crate) struct SharedVariables {
    map: ArcSwap<HashMap<Arc<str>, Value<'static>>>,
}

impl SharedVariables {
    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<Value<'static>> {
        self.map.load().get(name).cloned()
    }

    /// Sets a variable where its conditions hold.
    pub(crate) fn set_if(&self, name: &Arc<str>, value: Value<'static>, conditions: AssignmentConditions) {
        self.map.rcu(|map| {
            let mut map = HashMap::clone(map);
            if conditions.hold(map.get(name), &value) {
                map.insert(Arc::clone(name), value.clone());
            }
            map
        });
    }

    /// Forgets a variable.
    pub(crate) fn unset(&self, name: &str) {
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
    /// Of the client's connection.
    pub(crate) sess: Option<&'a Variables>,
    /// Of the stream.
    pub(crate) txn: Option<&'a Variables>,
    /// Of the request.
    pub(crate) req: Option<&'a Variables>,
    /// Of the response.
    pub(crate) res: Option<&'a Variables>,
    /// Of a health check.
    pub(crate) check: Option<&'a Variables>,
}

impl<'a> Scopes<'a> {
    /// The variables of a scope; `None` for those of the process and where there are none.
    pub(crate) fn of(&self, scope: VariableScope) -> Option<&'a Variables> {
        match scope {
            VariableScope::Proc => None,
            VariableScope::Sess => self.sess,
            VariableScope::Txn => self.txn,
            VariableScope::Req => self.req,
            VariableScope::Res => self.res,
            VariableScope::Check => self.check,
        }
    }
}
