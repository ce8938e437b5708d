//! What a method answers: a result, or a refusal in Telegram's own words.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A method that worked.
pub struct Answer {
    pub result: Value,
    pub description: Option<&'static str>,
}

impl From<Value> for Answer {
    fn from(result: Value) -> Answer {
        Answer {
            result,
            description: None,
        }
    }
}

/// A method that was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub description: String,
    pub retry_after_s: Option<u32>,
}

impl Refusal {
    /// 400. `what` comes after `Bad Request: `.
    pub fn bad_request(what: impl AsRef<str>) -> Refusal {
        Refusal::new(400, format!("Bad Request: {}", what.as_ref()))
    }

    /// 403. `what` comes after `Forbidden: `.
    pub fn forbidden(what: &str) -> Refusal {
        Refusal::new(403, format!("Forbidden: {what}"))
    }

    /// 409. `what` comes after `Conflict: `.
    pub fn conflict(what: &str) -> Refusal {
        Refusal::new(409, format!("Conflict: {what}"))
    }

    /// 429.
    pub fn too_many_requests(retry_after_s: u32) -> Refusal {
        let description = format!("Too Many Requests: retry after {retry_after_s}");
        Refusal {
            retry_after_s: Some(retry_after_s),
            ..Refusal::new(429, description)
        }
    }

    /// Any other.
    pub fn new(code: u16, description: impl Into<String>) -> Refusal {
        Refusal {
            code,
            description: description.into(),
            retry_after_s: None,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut body = json!({ "ok": true, "result": self.result });
        if let Some(description) = self.description {
            body["description"] = json!(description);
        }
        Json(body).into_response()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        if let Some(seconds) = self.retry_after_s {
            body["parameters"] = json!({ "retry_after": seconds });
        }
        let code = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (code, Json(body)).into_response()
    }
}
