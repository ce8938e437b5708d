//! How requests to remotes are sent, made ready at the first of them: a command that asks nobody over HTTPS needs no
//! certificates of certificate authorities, and so works on a bare machine with a disk of backups in its hand.
//! It decides nothing about what is sent.

use std::{sync::OnceLock, time::Duration};

use axum::http::{Request, Response};
use opendal::{Buffer, Error, ErrorKind, HttpBody, HttpTransport, HttpTransporter};
use opendal_http_transport_reqwest::ReqwestTransport;

/// A connection stands within this, or the attempt has failed.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);

/// A transport that is not there before it is needed.
#[derive(Debug, Default)]
struct Lazy(OnceLock<Result<ReqwestTransport, String>>);

impl HttpTransport for Lazy {
    async fn fetch(&self, request: Request<Buffer>) -> opendal::Result<Response<HttpBody>> {
        match self.0.get_or_init(prepared) {
            Ok(transport) => transport.fetch(request).await,
            Err(why) => Err(Error::new(ErrorKind::ConfigInvalid, why.clone())),
        }
    }
}

/// For this process, once. TLS needs a provider, which the program installs.
pub(super) fn install() {
    HttpTransporter::install_default(Lazy::default());
}

fn prepared() -> Result<ReqwestTransport, String> {
    let client = reqwest::Client::builder().connect_timeout(CONNECT_LIMIT).build();
    client.map(ReqwestTransport::new).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!(
            "HTTPS cannot be used here; where certificates are missing: apt install ca-certificates ({})",
            cause.unwrap_or_else(|| error.to_string())
        )
    })
}
