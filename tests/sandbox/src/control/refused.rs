//! How the control API says no: a status and one sentence.

use axum::{
    Json,
    extract::rejection::{BytesRejection, JsonRejection, QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// A refusal of the control API.
pub struct Refused(pub StatusCode, pub String);

/// What every handler answers.
pub type Outcome = Result<Json<Value>, Refused>;

impl Refused {
    /// 400.
    pub fn wrong(what: impl Into<String>) -> Refused {
        Refused(StatusCode::BAD_REQUEST, what.into())
    }

    /// 404.
    pub fn unknown(what: impl Into<String>) -> Refused {
        Refused(StatusCode::NOT_FOUND, what.into())
    }

    /// 409: known, but not as things stand.
    pub fn impossible(what: impl Into<String>) -> Refused {
        Refused(StatusCode::CONFLICT, what.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(rejection: JsonRejection) -> Refused {
        Refused(rejection.status(), rejection.body_text())
    }
}

impl From<QueryRejection> for Refused {
    fn from(rejection: QueryRejection) -> Refused {
        Refused(rejection.status(), rejection.body_text())
    }
}

impl From<BytesRejection> for Refused {
    fn from(rejection: BytesRejection) -> Refused {
        Refused(rejection.status(), rejection.body_text())
    }
}
