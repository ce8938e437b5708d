//! Reads the parameters of a call in each of the four ways that the Bot API takes:
//! query, form, JSON and multipart. Names are checked later, against the table.

use std::collections::HashMap;

use axum::{
    Form,
    body::Bytes,
    extract::{FromRequest, Multipart, Query, Request},
    http::{Method as Verb, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::answer::Refusal;

/// Parameters that one call may have.
const PARAMS_MAX: usize = 100;

/// Parameters as they came.
#[derive(Default)]
pub struct Params {
    pub values: Map<String, Value>,
    pub uploads: HashMap<String, Upload>,
}

/// A file of a multipart form.
pub struct Upload {
    pub name: String,
    pub mime: String,
    pub bytes: Bytes,
}

/// Reads query and body.
pub async fn read(request: Request) -> Result<Params, Refusal> {
    let mut params = Params::default();
    let query: Query<Vec<(String, String)>> = Query::try_from_uri(request.uri())
        .map_err(|error| Refusal::bad_request(format!("can't parse the query: {}", error.body_text())))?;
    params.add_pairs(query.0);
    if request.method() != Verb::GET {
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        match content_type.unwrap_or_default().to_ascii_lowercase() {
            kind if kind.starts_with("application/json") => params.add_json(request).await?,
            kind if kind.starts_with("multipart/form-data") => params.add_multipart(request).await?,
            kind if kind.starts_with("application/x-www-form-urlencoded") => params.add_form(request).await?,
            // The real server ignores a body of any other type, and so do we.
            _ => {}
        }
    }
    if params.values.len() + params.uploads.len() > PARAMS_MAX {
        return Err(Refusal::bad_request("too many parameters"));
    }
    Ok(params)
}

impl Params {
    fn add_pairs(&mut self, pairs: Vec<(String, String)>) {
        self.values.extend(
            pairs
                .into_iter()
                .map(|(name, value)| (name, Value::String(value))),
        );
    }

    async fn add_form(&mut self, request: Request) -> Result<(), Refusal> {
        let form = Form::<Vec<(String, String)>>::from_request(request, &()).await;
        let form = form.map_err(|error| refuse_body(error.status(), &error.body_text()))?;
        self.add_pairs(form.0);
        Ok(())
    }

    async fn add_json(&mut self, request: Request) -> Result<(), Refusal> {
        let body = Bytes::from_request(request, &()).await;
        let body = body.map_err(|error| refuse_body(error.status(), &error.body_text()))?;
        if body.is_empty() {
            return Ok(());
        }
        let values: Map<String, Value> = serde_json::from_slice(&body)
            .map_err(|_| Refusal::bad_request("can't parse request JSON object"))?;
        self.values.extend(values);
        Ok(())
    }

    async fn add_multipart(&mut self, request: Request) -> Result<(), Refusal> {
        let mut form = Multipart::from_request(request, &())
            .await
            .map_err(|error| refuse_body(error.status(), &error.body_text()))?;
        let refuse =
            |error: axum::extract::multipart::MultipartError| refuse_body(error.status(), &error.body_text());
        while let Some(part) = form.next_field().await.map_err(refuse)? {
            let name = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let mime = part.content_type().map(str::to_owned);
            let is_file = file_name.is_some()
                || mime
                    .as_deref()
                    .is_some_and(|mime| !mime.starts_with("text/plain"));
            if is_file {
                let upload = Upload {
                    name: file_name
                        .filter(|name| !name.is_empty())
                        .unwrap_or_else(|| "file".to_owned()),
                    mime: mime.unwrap_or_else(|| "application/octet-stream".to_owned()),
                    bytes: part.bytes().await.map_err(refuse)?,
                };
                self.uploads.insert(name, upload);
            } else {
                self.values
                    .insert(name, Value::String(part.text().await.map_err(refuse)?));
            }
        }
        Ok(())
    }
}

fn refuse_body(status: StatusCode, text: &str) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(413, "Request Entity Too Large"),
        _ => Refusal::bad_request(format!("can't parse the request: {text}")),
    }
}
