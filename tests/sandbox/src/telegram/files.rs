//! Files that a bot sends, fetches and names again.

use serde_json::json;

use super::{
    answer::{Answer, Refusal},
    args::{Args, Call},
};
use crate::world::{World, chat::Media, id::BotId};

/// The largest photo that a bot may upload.
const PHOTO_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The largest document that a bot may upload; one that Telegram has already may be larger.
const DOCUMENT_BYTES_MAX: usize = 50 * 1024 * 1024;
/// The largest file that a bot may fetch.
const DOWNLOAD_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Width and height together.
const PHOTO_SIDES_PX_MAX: u64 = 10_000;

/// Where a call says its file is: a file id, or `attach://` and the name of an upload.
pub fn take(
    world: &mut World,
    bot: BotId,
    args: &Args,
    source: &str,
    is_photo: bool,
) -> Result<Media, Refusal> {
    if let Some(name) = source.strip_prefix("attach://") {
        return store_upload(world, bot, args, name, is_photo);
    }
    if source.contains("://") {
        // The sandbox fetches nothing from the network.
        return Err(Refusal::bad_request("failed to get HTTP URL content"));
    }
    let file = world.files.get(bot, source);
    let file = file.ok_or_else(|| Refusal::bad_request("wrong file identifier/HTTP URL specified"))?;
    match (file.size_px.is_some(), is_photo) {
        (true, true) => Ok(Media::Photo(file.file_id.clone())),
        (false, false) => Ok(Media::Document(file.file_id.clone())),
        (true, false) => Err(Refusal::bad_request("can't use file of type Photo as Document")),
        (false, true) => Err(Refusal::bad_request("can't use file of type Document as Photo")),
    }
}

fn store_upload(
    world: &mut World,
    bot: BotId,
    args: &Args,
    name: &str,
    is_photo: bool,
) -> Result<Media, Refusal> {
    let upload = args.upload(name).filter(|upload| !upload.bytes.is_empty());
    let upload = upload.ok_or_else(|| Refusal::bad_request("file must be non-empty"))?;
    if !is_photo {
        if upload.bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(Refusal::new(413, "Request Entity Too Large"));
        }
        let file = world
            .files
            .add_document(bot, &upload.name, &upload.mime, upload.bytes.to_vec());
        return Ok(Media::Document(file.file_id));
    }
    if upload.bytes.len() > PHOTO_BYTES_MAX {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    let added = world.files.add_photo(bot, upload.bytes.to_vec());
    let photo = added.map_err(|_| Refusal::bad_request("IMAGE_PROCESS_FAILED"))?;
    let (width, height) = photo.size_px.unwrap_or_default();
    let sides = u64::from(width) + u64::from(height);
    if sides > PHOTO_SIDES_PX_MAX || width.max(height) > 20 * width.min(height) {
        return Err(Refusal::bad_request("PHOTO_INVALID_DIMENSIONS"));
    }
    Ok(Media::Photo(photo.file_id))
}

/// `getFile`.
pub fn get_file(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.args.text("file_id").unwrap_or_default();
    let file = call
        .world
        .files
        .get(call.bot, id)
        .ok_or_else(|| Refusal::bad_request("invalid file_id"))?;
    if file.size_bytes > DOWNLOAD_BYTES_MAX {
        return Err(Refusal::bad_request("file is too big"));
    }
    let answer = json!({
        "file_id": file.file_id,
        "file_unique_id": file.unique_id,
        "file_size": file.size_bytes,
        "file_path": file.path,
    });
    Ok(answer.into())
}
