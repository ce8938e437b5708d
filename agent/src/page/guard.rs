//! Who may ask for the status page: a browser that was pointed at this machine by number or as `localhost`.
//! A page of another site whose name was turned to 127.0.0.1 is refused by that name, and nothing may frame or script
//! what is answered.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

const HEADERS: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Answers 421 to a request for another name, and adds the headers that bind the browser.
pub async fn check(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let mut response = if host.and_then(|host| host.to_str().ok()).is_some_and(is_ours) {
        next.run(request).await
    } else {
        let told = "Ask for this page as http://localhost or by the address's number.\n";
        (StatusCode::MISDIRECTED_REQUEST, told).into_response()
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a Host header names this machine in a way that no other site's name can.
#[must_use]
pub fn is_ours(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_and_localhost_are_this_machine() {
        for ours in [
            "127.0.0.1",
            "127.0.0.1:8082",
            "localhost:9000",
            "LOCALHOST",
            "[::1]:8082",
            "10.0.0.5:80",
        ] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "evil.example",
            "evil.example:8082",
            "127.0.0.1.evil.example",
            "localhost.evil.example:1",
            "[x]",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }
}
