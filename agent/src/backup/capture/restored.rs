//! Whether the owner's own `agent restore` put the file there that lies under the database's name: then that it is another
//! one is as it should be.
//! It believes no file's content: only what the restore wrote down on this server, and which file that is about.

use std::fs;

use protocol::restored::FileId;

use super::desk::Desk;
use crate::{
    backup::{lineage::Identity, restores},
    store::capture::CaptureState,
};

/// What is said of it; `None` where no restore did it.
pub(super) fn told(desk: &Desk, before: &CaptureState) -> Option<String> {
    let file = FileId::of(&fs::metadata(&desk.database).ok()?)?;
    let followed: Identity = serde_json::from_str(&before.database_file).ok()?;
    // What is done to a restored file later is no restore's.
    if followed.is(file) {
        return None;
    }
    let restore = restores::that_put(&desk.state_dir, file)?;
    Some(format!(
        "`agent restore` put the shop in its place as it stood after commit {} of the chain {}; before that it stood after commit \
         {} of the chain {}",
        restore.commit, restore.chain, before.commit, before.chain
    ))
}
