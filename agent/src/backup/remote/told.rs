//! What OpenDAL says when something fails, in one line that is nobody's secret.
//! It decides nothing.

use protocol::address;

use super::host_key;

const ERROR_CHARS_MAX: usize = 300;
/// What a layer says that only hands on the cause below it.
const WRAPPINGS: [&str; 4] = [
    "send http request",
    "error sending request",
    "client error (Connect)",
    "tcp connect error",
];
/// A connection that was waited for in vain, in the words of the layer that waited.
const NO_CONNECTION: &str = "deadline has elapsed";

/// A remote that wants a signature and has nothing to sign with, in the words of the library that signs; and in ours,
/// to which its kind adds where they belong.
const UNSIGNED: &str = "failed to load signing credential";
pub(super) const NO_CREDENTIALS: &str = "it has no credentials";

/// Whoever speaks no TLS where it is spoken, in the words of the library that speaks it; and in ours.
const NO_TLS: &str = "InvalidContentType";
const PLAIN_PORT: &str = "what answers there speaks no TLS: an `endpoint` that begins with https://, or with neither, is \
     asked by TLS. Where the server is meant to be asked without, write http:// in front; else correct the port";

/// What a WebDAV server means by a conflict.
pub(super) const NO_FOLDER: &str = "the server refuses it (409 Conflict), since there is no folder that it could lie in, and makes \
     none: make the folder that `root` names on the server, or correct `root` or `endpoint`";

/// The message and its cause in one line. OpenDAL's own rendering begins with address and headers, which fill the line
/// before the cause comes and are nobody's business.
pub(super) fn plain(error: &opendal::Error) -> String {
    if let Some(meaning) = meaning(error) {
        return meaning.to_owned();
    }
    let mut text = in_words(error.message());
    let said_nothing = text.is_empty();
    if said_nothing {
        text = match status(error) {
            Some(status) => format!("the server answered with status {status}"),
            None => error.kind().to_string(),
        };
    }
    let mut cause = std::error::Error::source(error);
    while let Some(found) = cause {
        let told = match found.to_string() {
            told if told == NO_CONNECTION => "no connection in time".to_owned(),
            told => told,
        };
        if WRAPPINGS.contains(&text.as_str()) {
            text = told;
        } else if !text.contains(&told) && !WRAPPINGS.contains(&told.as_str()) {
            text = format!("{text}: {told}");
        }
        cause = found.source();
    }
    if let Some(advice) = host_key::advice(&text) {
        return advice;
    }
    if text.contains(UNSIGNED) {
        text = NO_CREDENTIALS.to_owned();
    }
    if text.contains(NO_TLS) {
        text = PLAIN_PORT.to_owned();
    }
    match status(error).map(|status| (status, refused(status))) {
        Some((status, Some(advice))) => {
            let said = match said_nothing {
                true => String::new(),
                false => format!("; it says: {text}"),
            };
            text = format!("the server answered with status {status}: {advice}{said}");
        }
        // What a server says in its own words often says nothing without its number.
        Some((status, None)) if !said_nothing => {
            text = format!("the server answered with status {status}: {text}");
        }
        Some((_, None)) | None => {}
    }
    let words: Vec<String> = text.split_whitespace().map(address::bare).collect();
    words.join(" ").chars().take(ERROR_CHARS_MAX).collect()
}

/// Some servers' answers come as a structure of the library: of it only what the server said, and its code for it.
fn in_words(message: &str) -> String {
    let field = |name: &str| {
        let (_, rest) = message.split_once(&format!("{name}: \""))?;
        let (value, _) = rest.split_once('"')?;
        (!value.is_empty()).then(|| value.trim_end_matches('.'))
    };
    match (message.contains("Error {"), field("message"), field("code")) {
        (true, Some(said), Some(code)) => format!("{said} ({code})"),
        (true, None, Some(code)) => code.to_owned(),
        _ => message.to_owned(),
    }
}

/// What a status means that says nothing to an owner by itself.
fn meaning(error: &opendal::Error) -> Option<&'static str> {
    let is_webdav = || error.to_string().contains("service: webdav");
    // RFC 4918, 9.3.1 and 9.7.1: the folder that it is to lie in is not there.
    (status(error) == Some(409) && is_webdav()).then_some(NO_FOLDER)
}

/// What to look at when a server refuses whoever asks. What it says itself is often one word.
fn refused(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("it does not take these credentials; check user name and password, or key and secret"),
        403 => Some("these credentials may not do that; check them, and what they are allowed there"),
        _ => None,
    }
}

/// The HTTP status, which OpenDAL keeps only in its rendering of the response.
fn status(error: &opendal::Error) -> Option<u16> {
    let text = error.to_string();
    let (_, rest) = text.split_once("Parts { status: ")?;
    rest.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use opendal::ErrorKind;

    use super::*;

    #[test]
    fn an_error_tells_its_cause_and_neither_headers_nor_signatures() {
        let cause =
            anyhow::anyhow!("error for https://me:c/anary@s3.example/a?X-Amz-Signature=canary: refused");
        let error = opendal::Error::new(ErrorKind::Unexpected, "send http request")
            .with_context("response", "authorization: canary")
            .set_source(cause);
        assert_eq!(plain(&error), "error for https://s3.example/a refused");
        let unheard = anyhow::anyhow!("deadline has elapsed").context("tcp connect error");
        let error = opendal::Error::new(ErrorKind::Unexpected, "send http request").set_source(unheard);
        assert_eq!(plain(&error), "no connection in time");
        let structured =
            r#"S3Error { code: "AccessDenied", message: "Access Denied.", resource: "", request_id: "a" }"#;
        let structured = opendal::Error::new(ErrorKind::PermissionDenied, structured);
        assert_eq!(plain(&structured), "Access Denied (AccessDenied)");
        let bare = opendal::Error::new(ErrorKind::PermissionDenied, "");
        assert_eq!(plain(&bare), "PermissionDenied");
        let unsigned = opendal::Error::new(ErrorKind::Unexpected, "signing http request")
            .set_source(anyhow::anyhow!("failed to load signing credential"));
        assert_eq!(plain(&unsigned), NO_CREDENTIALS);
        let answered = opendal::Error::new(ErrorKind::Unexpected, "")
            .with_context("response", "Parts { status: 507, version: HTTP/1.1 }");
        assert_eq!(plain(&answered), "the server answered with status 507");
        let refused = opendal::Error::new(ErrorKind::PermissionDenied, "nope")
            .with_context("response", "Parts { status: 401, version: HTTP/1.1 }");
        let told = plain(&refused);
        assert!(
            told.contains("status 401") && told.ends_with("it says: nope"),
            "{told}"
        );
        let slow = opendal::Error::new(ErrorKind::Unexpected, "slow down")
            .with_context("response", "Parts { status: 503, version: HTTP/1.1 }");
        assert_eq!(plain(&slow), "the server answered with status 503: slow down");
        let no_tls = anyhow::anyhow!("received corrupt message of type InvalidContentType");
        let error = opendal::Error::new(ErrorKind::Unexpected, "send http request").set_source(no_tls);
        assert!(plain(&error).contains("write http:// in front"));
    }
}
