//! The password of a request is verified before rules ask for it (`userlist/ahead`).

use super::Stream;
use crate::sample::fetch::auth::basic_credentials;

impl Stream<'_> {
    /// Nothing, unless there are passwords that take long to verify and the request has one.
    pub(super) async fn verify_password(&self) {
        let userlists = &self.worker.topology().userlists;
        if !userlists.have_hashes() {
            return;
        }
        let before_proxy = self.info.frontend.config.options.http_use_proxy_header;
        if let Some((name, password)) = basic_credentials(&self.request, before_proxy) {
            Box::pin(userlists.verify_ahead(&name, &password)).await;
        }
    }
}
