//! Which of many things of a kind a message is about, in few words: the name of a log's file, a mount point, or an address.
//! It judges nothing.

use super::NAME_UNITS_MAX;
use crate::alert::{
    engine::Fault,
    rule::{Topic, object_of},
    text::one_line,
};

/// Which log, which disk or which address: headlines are about one of many and do not say it. Of a log its file's name is
/// enough.
pub(super) fn short_name(fault: &Fault) -> String {
    let object = object_of(&fault.key);
    let name = match fault.rule.spec().topic {
        _ if fault.rule.is_of_address() => address(object),
        _ if !object.starts_with('/') => return String::new(),
        Topic::Logs => object.rsplit('/').next().unwrap_or(object),
        _ => object,
    };
    format!(": {}", one_line(name, NAME_UNITS_MAX))
}

/// Name and port of what may be written with a scheme before them and a path behind.
fn address(object: &str) -> &str {
    let rest = object.split_once("://").map_or(object, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// The name in it alone.
pub(super) fn host(object: &str) -> &str {
    let address = address(object);
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match address.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host.trim_start_matches('[').trim_end_matches(']'),
        _ => address,
    }
}
