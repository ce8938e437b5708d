//! Whether a segment is the one that its name says, where this machine has what opens it: by digest and size alone two that
//! exchanged their names are whole.
//! It asks nobody, and what does not open it calls neither right nor wrong.

use protocol::object_key::SegmentName;

use crate::backup::{
    seal::{Keys, open_known_into},
    segment::{BYTES_MAX, Segment},
};

/// Whether these bytes are another segment than this name says.
pub(super) fn is_another(key: &str, sealed: &[u8], keys: &Keys) -> bool {
    let Some(name) = SegmentName::parse(key) else {
        return false;
    };
    let mut plain = Vec::new();
    let opened = open_known_into(sealed, keys, BYTES_MAX, &mut plain);
    let header = opened
        .ok()
        .and_then(|_| Some(Segment::parse(&plain).ok()?.header));
    header.is_some_and(|header| !header.is_named(&name))
}
