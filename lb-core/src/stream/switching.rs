//! Stage 4: which backend, and what is noted about a request before and after its rules.

use std::sync::Arc;

use super::Stream;
use super::local::Answer;
use super::side::Side;
use crate::config::Target;
use crate::log::Cause;
use crate::rules::capture;
use crate::sample::Place;
use crate::server::Server;
use crate::session::ClientInfo;
use crate::topology::{BackendEntry, Switch, SwitchTarget};

impl<'a> Stream<'a> {
    /// The number of the backend that `use_backend` and `default_backend` choose; `None` where it is disabled or there is
    /// none.
    pub(super) fn switched(&mut self, client: Option<&Side<'_>>) -> Option<usize> {
        let info: &'a ClientInfo = self.info;
        let frontend = &info.frontend;
        if frontend.switches.iter().any(Switch::looks) {
            self.begin_transaction();
        }
        match self.switch(client) {
            Ok(Some(index)) => return Some(index),
            Ok(None) => {}
            Err(disabled) => {
                self.nowhere = Some(Arc::clone(disabled));
                return None;
            }
        }
        if let Some(name) = &frontend.disabled_backend {
            self.nowhere = Some(Arc::clone(name));
        }
        frontend.default_backend
    }

    /// What the first `use_backend` line says whose condition holds. A name that no backend has ends the search as well
    /// (configuration.txt, `use_backend`).
    ///
    /// # Errors
    /// The name of the backend, where that is disabled.
    fn switch(&self, client: Option<&Side<'_>>) -> Result<Option<usize>, &'a Arc<str>> {
        let info: &'a ClientInfo = self.info;
        let frontend = &info.frontend;
        if frontend.switches.is_empty() {
            return Ok(None);
        }
        let context = self.context(Place::UseBackend, client);
        let holds = |switch: &&Switch| {
            switch.condition.as_ref().is_none_or(|condition| condition.holds(&frontend.config.acls, &context))
        };
        let Some(switch) = frontend.switches.iter().find(holds) else { return Ok(None) };
        match &switch.target {
            SwitchTarget::Backend(index) => Ok(Some(*index)),
            SwitchTarget::Disabled(name) => Err(name),
            SwitchTarget::Named(format) => {
                let name = self.render(format, Place::UseBackend, client);
                let name = std::str::from_utf8(&name).unwrap_or_default();
                Ok(self.worker.topology().backend_names.get(name).copied())
            }
        }
    }

    /// The server of the first `use-server` line whose condition holds and whose server can be used. A name that no server
    /// has ends the search and leaves the choice to the balancer (configuration.txt, `use-server`).
    pub(super) fn used_server(&mut self, backend: &BackendEntry) -> Option<Arc<Server>> {
        let down = !backend.config.use_server.is_empty() && self.persists_on_down(backend);
        for line in &backend.config.use_server {
            self.begin_transaction();
            let context = self.context(Place::UseServer, None);
            if !line.condition.as_ref().is_none_or(|condition| condition.holds(&backend.config.acls, &context)) {
                continue;
            }
            let server = match &line.server {
                Target::Name(name) => backend.backend.server(name),
                Target::Format(format) => {
                    let name = self.render(format, Place::UseServer, None);
                    std::str::from_utf8(&name).ok().and_then(|name| backend.backend.server(name))
                }
            }?;
            if down || server.is_usable() {
                return Some(server);
            }
        }
        None
    }

    /// Slots of captures are there in TCP mode too, for rules to fill and for the log.
    pub(super) fn declare_captures(&mut self) {
        let captures = &self.info.frontend.config.captures;
        let (request, response) = (captures.request.len(), captures.response.len());
        if request + response > 0 {
            self.begin_transaction();
            if let Some(transaction) = &mut self.transaction {
                transaction.captured_request.resize(request, None);
                transaction.captured_response.resize(response, None);
            }
        }
    }

    /// `capture request header`.
    pub(super) fn capture_request(&mut self) {
        if self.info.frontend.config.unique_id_format.is_some() {
            // Rules may ask for it; made later it would say what they did.
            self.begin_transaction();
            let _ = self.unique_id();
        }
        self.declare_captures();
        let captures = &self.info.frontend.config.captures;
        if captures.request.is_empty() {
            return;
        }
        let Some(transaction) = &mut self.transaction else { return };
        capture::headers(&captures.request, &self.request, &mut transaction.captured_request);
    }

    /// `capture cookie` of the request: behind its rules, or where one denies it.
    pub(super) fn capture_request_cookie(&mut self) {
        let captures = &self.info.frontend.config.captures;
        if captures.cookie.is_some() {
            self.begin_transaction();
            let Some(transaction) = &mut self.transaction else { return };
            transaction.request_cookie = capture::cookie(captures, &self.request);
        }
    }

    /// As HAProxy does: the cookie of a request that is denied is logged, that of one that is answered otherwise is not.
    pub(super) fn note_denied_cookie(&mut self, answer: &Answer) {
        if answer.cause == Cause::Proxy {
            self.capture_request_cookie();
        }
    }

    /// `capture response header`.
    pub(super) fn capture_response(&mut self) {
        let captures = &self.info.frontend.config.captures;
        if captures.response.is_empty() {
            return;
        }
        self.begin_transaction();
        let Some(transaction) = &mut self.transaction else { return };
        capture::headers(&captures.response, &self.response, &mut transaction.captured_response);
    }

    /// `capture cookie` of the response, behind its rules.
    pub(super) fn capture_response_cookie(&mut self) {
        let captures = &self.info.frontend.config.captures;
        if captures.cookie.is_some() {
            self.begin_transaction();
            let Some(transaction) = &mut self.transaction else { return };
            transaction.response_cookie = capture::cookie(captures, &self.response);
        }
    }

    /// The identifier that `unique-id-format` makes, once for each stream.
    pub(super) fn unique_id(&self) -> Option<&[u8]> {
        let format = self.info.frontend.config.unique_id_format.as_ref()?;
        let transaction = self.transaction.as_ref()?;
        Some(transaction.unique_id.get_or_init(|| self.render(format, Place::FrontendRequest, None)))
    }

    /// `unique-id-header`.
    pub(super) fn add_unique_id(&mut self) {
        let config = &self.info.frontend.config;
        if config.unique_id_format.is_none() {
            return;
        }
        self.begin_transaction();
        let id = self.unique_id().map(<[u8]>::to_vec);
        if let (Some(id), Some(name)) = (id, &config.unique_id_header) {
            self.request.add(name.as_bytes(), &id);
        }
    }
}
